// The whole journey through the Go client that openapi-generator makes: ./drive http://127.0.0.1:8000 http://127.0.0.1:8001
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"homeroom.example/sdk/homeroom"
)

const password = "a seat for everyone"

// nobodys is the id of a class that is not there.
var nobodys = fmt.Sprintf("cls_%026d", 0)

// mostAttempts are more than the server under test allows in an hour.
const mostAttempts = 100

// firstBytes are those of a ZIP archive that has something in it.
const firstBytes = "PK\x03\x04"

// mostLooks at a job come each as long after the one before as the server asked for.
const mostLooks = 60

// changing is a transport that makes of a request another one on its way out.
type changing func(*http.Request)

func (change changing) RoundTrip(request *http.Request) (*http.Response, error) {
	change(request)
	return http.DefaultTransport.RoundTrip(request)
}

func clientOf(base string, transport http.RoundTripper) *homeroom.APIClient {
	configuration := homeroom.NewConfiguration()
	configuration.Servers = homeroom.ServerConfigurations{{URL: base}}
	configuration.HTTPClient = &http.Client{Transport: transport}
	return homeroom.NewAPIClient(configuration)
}

func with(token string) context.Context {
	return context.WithValue(context.Background(), homeroom.ContextAccessToken, token)
}

func random(bytes int) string {
	drawn := make([]byte, bytes)
	if _, err := rand.Read(drawn); err != nil {
		panic(err)
	}
	return hex.EncodeToString(drawn)
}

// journey is one person, and what they have made so far.
type journey struct {
	base, away, name, token, organization, class, offering, accepted, before, etag string
	client                                                                         *homeroom.APIClient
	me                                                                             context.Context
	students, registrations, classes                                               []string
}

func (j *journey) signUp() {
	body := homeroom.NewSignUp(j.name, password)
	body.SetDisplayName("Ada")
	user, answer, err := j.client.AccountAPI.CreateUser(with("")).SignUp(*body).Execute()
	same(made(user, answer, err, 201).Username, j.name)
}

func (j *journey) issued(scopes ...string) string {
	body := homeroom.NewCredentials()
	body.SetUsername(j.name)
	body.SetPassword(password)
	body.Scopes = scopes
	token, answer, err := j.client.AccountAPI.CreateToken(with("")).Credentials(*body).Execute()
	return made(token, answer, err, 201).Token
}

func (j *journey) getToken() {
	j.token = j.issued()
	j.me = with(j.token)
	me, answer, err := j.client.AccountAPI.GetMe(j.me).Execute()
	same(made(me, answer, err, 200).User.Username, j.name)
}

func (j *journey) makeOrganization() {
	body := homeroom.NewOrganizationCreate("Night school", j.name, "Europe/Berlin")
	found, answer, err := j.client.OrganizationsAPI.CreateOrganization(j.me).OrganizationCreate(*body).Execute()
	j.organization = made(found, answer, err, 201).Id
}

func (j *journey) classWith(title string, mode string) *homeroom.SchoolClass {
	line := homeroom.NewWaitlistInput()
	line.SetMode(mode)
	body := homeroom.NewSchoolClassCreate(title)
	body.SetDescription("Mondays")
	body.SetCapacity(1)
	body.SetStatus("open")
	body.SetWaitlist(*line)
	found, answer, err := j.client.CatalogueAPI.CreateClass(j.me, j.organization).SchoolClassCreate(*body).Execute()
	made(found, answer, err, 201)
	j.classes = append(j.classes, found.Id)
	return found
}

func (j *journey) makeClass() {
	found := j.classWith("Choir", "auto")
	same(*found.SeatsFree.Get(), int32(1))
	link := found.Links["register"]
	same(link.GetMethod(), "POST")
	j.class = found.Id
}

func (j *journey) makeStudents() {
	for _, given := range []string{"Ada", "Ben", "Cleo"} {
		body := homeroom.NewStudentCreate(given, "Example")
		found, answer, err := j.client.PeopleAPI.CreateStudent(j.me, j.organization).StudentCreate(*body).Execute()
		j.students = append(j.students, made(found, answer, err, 201).Id)
	}
}

func (j *journey) asking(student int, onFull string, class string) homeroom.ApiCreateClassRegistrationRequest {
	body := homeroom.NewClassRegistrationCreate()
	body.SetStudentId(j.students[student])
	body.SetOnFull(onFull)
	return j.client.RegistrationsAPI.CreateClassRegistration(j.me, class).ClassRegistrationCreate(*body)
}

func (j *journey) registered(student int, onFull string, class string) *homeroom.Registration {
	found, answer, err := j.asking(student, onFull, class).Execute()
	return made(found, answer, err, 201)
}

func (j *journey) moved(registration string, to string) *homeroom.RegistrationOrDryRun {
	body := homeroom.NewTransitionCreate(to)
	found, answer, err := j.client.RegistrationsAPI.CreateRegistrationTransition(j.me, registration).TransitionCreate(*body).Execute()
	return made(found, answer, err, 200)
}

func (j *journey) read(registration string) *homeroom.Registration {
	found, answer, err := j.client.RegistrationsAPI.GetRegistration(j.me, registration).Execute()
	return made(found, answer, err, 200)
}

func (j *journey) register() {
	found := j.registered(0, "fail", j.class)
	same(found.State, "enrolled")
	j.registrations = append(j.registrations, found.Id)
}

func (j *journey) full() {
	_, answer, err := j.asking(1, "fail", j.class).Execute()
	problem := refused(answer, err, 409, "class-full")
	same(len(problem.Blocks), 1)
	same(problem.Blocks[0].Code, "class-full")
}

func (j *journey) waitlist() {
	found := j.registered(1, "waitlist", j.class)
	same(found.State, "waitlisted")
	same(*found.Position.Get(), int32(1))
	j.registrations = append(j.registrations, found.Id)
	line, answer, err := j.client.RegistrationsAPI.GetClassWaitlist(j.me, j.class).Execute()
	same(made(line, answer, err, 200).Items[0].StudentId, j.students[1])
}

func (j *journey) promotion() {
	same(j.moved(j.registrations[0], "dropped").State, "dropped")
	same(j.read(j.registrations[1]).State, "enrolled")
}

func (j *journey) offer() {
	j.offering = j.classWith("Drawing", "offer").Id
	first := j.registered(0, "fail", j.offering)
	second := j.registered(1, "waitlist", j.offering)
	j.moved(first.Id, "dropped")
	offered := j.read(second.Id)
	same(offered.State, "offered")
	same(offered.OfferExpiresAt.Get().After(offered.DecidedAt), true)
	same(j.moved(second.Id, "enrolled").State, "enrolled")
	j.accepted = second.Id
}

func (j *journey) dryRun() {
	// The method has the type of 201, so what 200 tells is refused as a registration without an id.
	found, answer, err := j.asking(2, "waitlist", j.offering).DryRun(true).Execute()
	same(answer.StatusCode, 200)
	same(found.GetId() == "" && err != nil, true)
	panic(notExpressible("a method has the type of one status; what a dry run tells does not fit into it"))
}

func (j *journey) with(change changing) *homeroom.APIClient {
	return clientOf(j.base, change)
}

func (j *journey) patching(client *homeroom.APIClient, body *homeroom.SchoolClassPatch, tag string) homeroom.ApiUpdateClassRequest {
	return client.CatalogueAPI.UpdateClass(j.me, j.class).SchoolClassPatch(*body).IfMatch(tag)
}

func described(description string) *homeroom.SchoolClassPatch {
	body := homeroom.NewSchoolClassPatch()
	body.SetDescription(description)
	return body
}

func (j *journey) update() {
	read, answer, err := j.client.CatalogueAPI.GetClass(j.me, j.class).Execute()
	made(read, answer, err, 200)
	j.before = answer.Header.Get("ETag")
	found, answer, err := j.patching(j.client, described("Tuesdays"), j.before).Execute()
	same(made(found, answer, err, 200).GetDescription(), "Tuesdays")
	j.etag = answer.Header.Get("ETag")
	same(j.etag != "" && j.etag != j.before, true)
}

func (j *journey) clear() {
	body := homeroom.NewSchoolClassPatch()
	body.SetDescriptionNil()
	found, answer, err := j.patching(j.client, body, j.etag).Execute()
	same(made(found, answer, err, 200).Description.Get() == nil, true)
	same(found.Title, "Choir")
}

func (j *journey) stale() {
	_, answer, err := j.patching(j.client, described("x"), j.before).Execute()
	refused(answer, err, 412, "stale-version")
}

func (j *journey) withoutETag() {
	// The client asks for it.
	careless := j.with(func(request *http.Request) { request.Header.Del("If-Match") })
	_, answer, err := j.patching(careless, described("x"), "*").Execute()
	refused(answer, err, 428, "precondition-required")
}

func (j *journey) retry() {
	key := random(8)
	first, answer, err := j.asking(2, "waitlist", j.class).IdempotencyKey(key).Execute()
	made(first, answer, err, 201)
	same(answer.Header.Get("Idempotent-Replayed"), "")
	second, answer, err := j.asking(2, "waitlist", j.class).IdempotencyKey(key).Execute()
	same(made(second, answer, err, 201).Id, first.Id)
	same(answer.Header.Get("Idempotent-Replayed"), "true")
}

func (j *journey) paging() {
	for number := 0; number < 5; number++ {
		j.classWith(fmt.Sprintf("Tutorial %d", number), "auto")
	}
	var found []string
	asked := j.client.CatalogueAPI.ListClasses(j.me, j.organization).Limit(2).Sort("title")
	for more := true; more; {
		page, answer, err := asked.Execute()
		made(page, answer, err, 200)
		for _, item := range page.Items {
			found = append(found, item.Id)
		}
		next, there := page.Links["next"]
		if more = there; there {
			address, err := url.Parse(next.Href)
			same(err, nil)
			asked = asked.Cursor(address.Query().Get("cursor"))
		}
	}
	sort.Strings(found)
	sort.Strings(j.classes)
	same(fmt.Sprint(found), fmt.Sprint(j.classes))
}

func (j *journey) export() {
	// A body may be left out, but the client sends null for one that is.
	body := homeroom.NewExport()
	job, answer, err := j.client.JobsAPI.CreateExport(j.me, j.organization).Export(*body).Execute()
	same(made(job, answer, err, 202).State, "queued")
	same(strings.HasSuffix(answer.Header.Get("Location"), "/"+job.Id), true)
	pause := saysWhen(answer)
	for look := 0; look < mostLooks && (job.State == "queued" || job.State == "running"); look++ {
		time.Sleep(pause)
		job, answer, err = j.client.JobsAPI.GetJob(j.me, job.Id).Execute()
		made(job, answer, err, 200)
	}
	same(job.State, "succeeded")
	// The client puts a file into the folder for temporary ones, and leaves it there.
	file, answer, err := j.client.JobsAPI.GetJobResult(j.me, job.Id).Execute()
	defer os.Remove(made(file, answer, err, 200).Name())
	defer file.Close()
	first := make([]byte, len(firstBytes))
	_, err = io.ReadFull(file, first)
	same(err, nil)
	same(string(first), firstBytes)
}

func (j *journey) badRequest() {
	_, answer, err := j.client.CatalogueAPI.ListClasses(j.me, j.organization).Cursor("made-up").Execute()
	refused(answer, err, 400, "invalid-cursor")
}

func (j *journey) unauthenticated() {
	_, answer, err := j.client.AccountAPI.GetMe(with("made-up")).Execute()
	refused(answer, err, 401, "invalid-token")
}

func (j *journey) forbidden() {
	narrow := with(j.issued("account:read"))
	_, answer, err := j.client.OrganizationsAPI.ListOrganizations(narrow).Execute()
	refused(answer, err, 403, "insufficient-scope")
}

func (j *journey) notFound() {
	_, answer, err := j.client.CatalogueAPI.GetClass(j.me, nobodys).Execute()
	refused(answer, err, 404, "not-found")
}

func (j *journey) wrongMethod() {
	// No method of the client lets it be chosen.
	putting := j.with(func(request *http.Request) { request.Method = http.MethodPut })
	_, answer, err := putting.AccountAPI.GetMe(j.me).Execute()
	refused(answer, err, 405, "method-not-allowed")
}

func (j *journey) notAcceptable() {
	picky := j.with(func(request *http.Request) { request.Header.Set("Accept", "text/csv") })
	_, answer, err := picky.AccountAPI.GetMe(j.me).Execute()
	refused(answer, err, 406, "not-acceptable")
}

func (j *journey) conflict() {
	body := homeroom.NewSignUp(j.name, password)
	_, answer, err := j.client.AccountAPI.CreateUser(with("")).SignUp(*body).Execute()
	refused(answer, err, 409, "duplicate-name")
}

// elsewhere asks who the person is at an address that no method of the client has: only the server under test does.
func (j *journey) elsewhere(path string) (*http.Response, error) {
	straying := j.with(func(request *http.Request) { request.URL.Path = path })
	_, answer, err := straying.AccountAPI.GetMe(j.me).Execute()
	return answer, err
}

func (j *journey) gone() {
	answer, err := j.elsewhere("/v0/me")
	problem := refused(answer, err, 410, "version-sunset")
	same(problem.GetLinks()["successor-version"].Href, j.base+"/v1/me")
}

func (j *journey) founding(client *homeroom.APIClient, name, timezone string) (*http.Response, error) {
	body := homeroom.NewOrganizationCreate(name, j.name+"-2", timezone)
	_, answer, err := client.OrganizationsAPI.CreateOrganization(j.me).OrganizationCreate(*body).Execute()
	return answer, err
}

func (j *journey) tooLarge() {
	answer, err := j.founding(j.client, strings.Repeat("x", 1<<20), "Europe/Berlin")
	refused(answer, err, 413, "body-too-large")
}

func (j *journey) longAddress() {
	cursor := strings.Repeat("x", 1<<13)
	_, answer, err := j.client.CatalogueAPI.ListClasses(j.me, j.organization).Cursor(cursor).Execute()
	refused(answer, err, 414, "uri-too-long")
}

func (j *journey) longHeaders() {
	wordy := j.with(func(request *http.Request) { request.Header.Set("X-Words", strings.Repeat("x", 1<<14)) })
	_, answer, err := wordy.AccountAPI.GetMe(j.me).Execute()
	refused(answer, err, 431, "headers-too-large")
}

func (j *journey) wrongType() {
	telling := j.with(func(request *http.Request) { request.Header.Set("Content-Type", "text/plain") })
	answer, err := j.founding(telling, "Another", "Europe/Berlin")
	refused(answer, err, 415, "unsupported-media-type")
}

func (j *journey) invalid() {
	answer, err := j.founding(j.client, "x", "Nowhere/Nope")
	problem := refused(answer, err, 422, "validation-failed")
	same(problem.Errors[0].GetPointer(), "#/timezone")
}

func saysWhen(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	same(err, nil)
	same(seconds > 0, true)
	return time.Duration(seconds) * time.Second
}

func (j *journey) rateLimited() {
	_, answer, err := j.asking(0, "fail", nobodys).Execute()
	for attempt := 1; attempt < mostAttempts && answer != nil && answer.StatusCode == 404; attempt++ {
		_, answer, err = j.asking(0, "fail", nobodys).Execute()
	}
	refused(answer, err, 429, "rate-limited")
	saysWhen(answer)
}

func (j *journey) internalError() {
	answer, err := j.elsewhere("/v1/failures")
	refused(answer, err, 500, "internal-error")
}

func (j *journey) unavailable() {
	_, answer, err := clientOf(j.away, http.DefaultTransport).AccountAPI.GetMe(with("made-up")).Execute()
	refused(answer, err, 503, "upstream-unavailable")
	saysWhen(answer)
}

func (j *journey) signOut() {
	answer, err := j.client.AccountAPI.DeleteCurrentToken(j.me).Execute()
	same(err, nil)
	same(answer.StatusCode, 204)
	_, answer, err = j.client.AccountAPI.GetMe(j.me).Execute()
	refused(answer, err, 401, "invalid-token")
}
