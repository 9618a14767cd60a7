// The steps in their order, how each one went, and what an answer of the generated client must be.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"homeroom.example/sdk/homeroom"
)

// notExpressible says why the generated client has no way to say this.
type notExpressible string

type step struct {
	name string
	act  func()
}

func (j *journey) steps() []step {
	return []step{
		{"sign_up", j.signUp},
		{"token", j.getToken},
		{"organization", j.makeOrganization},
		{"school_class", j.makeClass},
		{"student", j.makeStudents},
		{"register", j.register},
		{"full", j.full},
		{"waitlist", j.waitlist},
		{"promotion", j.promotion},
		{"offer", j.offer},
		{"dry_run", j.dryRun},
		{"update", j.update},
		{"clear", j.clear},
		{"stale", j.stale},
		{"without_etag", j.withoutETag},
		{"retry", j.retry},
		{"paging", j.paging},
		{"export", j.export},
		{"bad_request", j.badRequest},
		{"unauthenticated", j.unauthenticated},
		{"forbidden", j.forbidden},
		{"not_found", j.notFound},
		{"wrong_method", j.wrongMethod},
		{"not_acceptable", j.notAcceptable},
		{"conflict", j.conflict},
		{"gone", j.gone},
		{"too_large", j.tooLarge},
		{"long_address", j.longAddress},
		{"wrong_type", j.wrongType},
		{"invalid", j.invalid},
		{"rate_limited", j.rateLimited},
		{"long_headers", j.longHeaders},
		{"internal_error", j.internalError},
		{"unavailable", j.unavailable},
		{"sign_out", j.signOut},
	}
}

// same panics unless both are equal.
func same(found, wanted any) {
	if found != wanted {
		panic(fmt.Errorf("%v is not %v", found, wanted))
	}
}

// made gives the object of an answer, which must have this status.
func made[T any](found *T, answer *http.Response, err error, status int) *T {
	if err != nil {
		panic(err)
	}
	same(answer.StatusCode, status)
	return found
}

// refused gives the problem of an answer, which must have this status and code.
func refused(answer *http.Response, err error, status int, code string) homeroom.Problem {
	refusal, is := err.(*homeroom.GenericOpenAPIError)
	if !is {
		panic(fmt.Errorf("%v is no refusal", err))
	}
	problem, is := refusal.Model().(homeroom.Problem)
	if !is {
		panic(fmt.Errorf("%T is no problem", refusal.Model()))
	}
	same(answer.StatusCode, status)
	same(problem.Status, int32(status))
	same(problem.Code, code)
	same(problem.Title != "" && problem.RequestId != "", true)
	return problem
}

func outcome(name string, act func()) (line map[string]string) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
			line = map[string]string{"step": name, "outcome": "ok"}
		case notExpressible:
			line = map[string]string{"step": name, "outcome": "not expressible", "why": string(reason)}
		default:
			line = map[string]string{"step": name, "outcome": "failed", "why": fmt.Sprint(reason)}
		}
	}()
	act()
	return
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: drive http://127.0.0.1:8000 http://127.0.0.1:8001")
		os.Exit(2)
	}
	base, away := strings.TrimRight(os.Args[1], "/"), strings.TrimRight(os.Args[2], "/")
	j := &journey{base: base, away: away, name: "sdk-" + random(6), client: clientOf(base, http.DefaultTransport)}
	status := 0
	for _, each := range j.steps() {
		line := outcome(each.name, each.act)
		if line["outcome"] == "failed" {
			status = 1
		}
		if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
			os.Exit(2)
		}
	}
	os.Exit(status)
}
