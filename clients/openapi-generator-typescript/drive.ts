// The whole journey through the typescript-fetch client that openapi-generator makes.
import { randomBytes } from "node:crypto";
import * as sdk from "./homeroom-sdk";
import { type Driver, cursorOf, same, there, travel } from "./journey";

const PASSWORD = "a seat for everyone";
const NO_ETAG: sdk.Middleware = {
  // The types ask for it, so it is taken off the request on its way out.
  async pre({ url, init }) {
    const headers = new Headers(init.headers as Record<string, string>);
    headers.delete("If-Match");
    return { url, init: { ...init, headers } };
  },
};

/** The problem that a call ends with, which must have this status and code. */
async function refused(call: Promise<unknown>, status: number, code: string): Promise<sdk.Problem> {
  const reason = await call.then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  if (!(reason instanceof sdk.ResponseError)) {
    throw new Error(`${code} was expected, and there came ${String(reason)}`);
  }
  // The client throws the answer unread; the reader of a problem is generated too.
  const json: unknown = await reason.response.json();
  same(sdk.instanceOfProblem(json as object), true);
  const problem = sdk.ProblemFromJSON(json);
  same([reason.response.status, problem.status, problem.code], [status, status, code]);
  there(problem.title);
  there(problem.requestId);
  return problem;
}

function registration(found: sdk.RegistrationOrDryRun): sdk.Registration {
  if ("would" in found) {
    throw new Error("this is what a dry run tells");
  }
  return found;
}

function schoolClass(found: sdk.SchoolClassOrDryRun): sdk.SchoolClass {
  if ("would" in found) {
    throw new Error("this is what a dry run tells");
  }
  return found;
}

function driverOf(base: string): Driver {
  const name = `sdk-${randomBytes(6).toString("hex")}`;
  const configured = (accessToken?: string, ...middleware: sdk.Middleware[]) =>
    new sdk.Configuration({ basePath: base, middleware, ...(accessToken && { accessToken }) });
  const anybody = new sdk.AccountApi(configured());
  let mine = configured();
  let token = "";
  let organizationId = "";
  let classId = "";
  let offering = "";
  let accepted = "";
  let before = "";
  let etag = "";
  const students: string[] = [];
  const registrations: string[] = [];
  const classes: string[] = [];
  const catalogue = () => new sdk.CatalogueApi(mine);
  const seats = () => new sdk.RegistrationsApi(mine);

  async function issued(scopes?: sdk.CredentialsScopesEnum[]): Promise<string> {
    const credentials = { username: name, password: PASSWORD, ...(scopes && { scopes }) };
    return (await anybody.createToken({ credentials })).token;
  }

  async function classWith(
    title: string,
    mode: sdk.WaitlistInputModeEnum,
  ): Promise<sdk.SchoolClass> {
    const waitlist = { mode };
    const found = await catalogue().createClass({
      organizationId,
      schoolClassCreate: { title, description: "Mondays", capacity: 1, status: "open", waitlist },
    });
    classes.push(found.id);
    return found;
  }

  function wish(student: number, onFull: sdk.ClassRegistrationCreateOnFullEnum, to = classId) {
    const classRegistrationCreate = { studentId: there(students[student]), onFull };
    return { classId: to, classRegistrationCreate };
  }

  async function moved(
    registrationId: string,
    to: sdk.TransitionCreateToEnum,
    dryRun = false,
  ): Promise<sdk.RegistrationOrDryRun> {
    const transitionCreate = { to };
    return seats().createRegistrationTransition({ registrationId, transitionCreate, dryRun });
  }

  async function patched(schoolClassPatch: sdk.SchoolClassPatch, ifMatch: string, through = mine) {
    const api = new sdk.CatalogueApi(through);
    const answer = await api.updateClassRaw({ classId, ifMatch, schoolClassPatch });
    const tag = there(answer.raw.headers.get("ETag"));
    return { found: schoolClass(await answer.value()), tag };
  }

  return {
    async sign_up() {
      const signUp = { username: name, password: PASSWORD, displayName: "Ada" };
      same((await anybody.createUser({ signUp })).username, name);
    },
    async token() {
      token = await issued();
      mine = configured(token);
      same((await new sdk.AccountApi(mine).getMe()).user.username, name);
    },
    async organization() {
      const organizationCreate = { name: "Night school", slug: name, timezone: "Europe/Berlin" };
      const api = new sdk.OrganizationsApi(mine);
      organizationId = (await api.createOrganization({ organizationCreate })).id;
    },
    async school_class() {
      const found = await classWith("Choir", "auto");
      same([found.seatsFree, found.title], [1, "Choir"]);
      same(there(found.links["register"]).method, "POST");
      classId = found.id;
    },
    async student() {
      for (const givenName of ["Ada", "Ben", "Cleo"]) {
        const studentCreate = { givenName, familyName: "Example" };
        const api = new sdk.PeopleApi(mine);
        students.push((await api.createStudent({ organizationId, studentCreate })).id);
      }
    },
    async register() {
      const found = await seats().createClassRegistration(wish(0, "fail"));
      same(found.state, "enrolled");
      registrations.push(found.id);
    },
    async full() {
      const call = seats().createClassRegistration(wish(1, "fail"));
      const problem = await refused(call, 409, "class-full");
      same(there(problem.blocks).map((block) => block.code), ["class-full"]);
    },
    async waitlist() {
      const found = await seats().createClassRegistration(wish(1, "waitlist"));
      same([found.state, found.position], ["waitlisted", 1]);
      registrations.push(found.id);
      const line = await seats().getClassWaitlist({ classId });
      same(line.items.map((place) => place.studentId), [students[1]]);
    },
    async promotion() {
      same(registration(await moved(there(registrations[0]), "dropped")).state, "dropped");
      const registrationId = there(registrations[1]);
      same((await seats().getRegistration({ registrationId })).state, "enrolled");
    },
    async offer() {
      offering = (await classWith("Drawing", "offer")).id;
      const first = await seats().createClassRegistration(wish(0, "fail", offering));
      const second = await seats().createClassRegistration(wish(1, "waitlist", offering));
      await moved(first.id, "dropped");
      const offered = await seats().getRegistration({ registrationId: second.id });
      same(offered.state, "offered");
      same(there(offered.offerExpiresAt) > new Date(), true);
      same(registration(await moved(second.id, "enrolled")).state, "enrolled");
      accepted = second.id;
    },
    async dry_run() {
      // The method has the type of 201; what 200 tells is read from the raw answer.
      const joining = { ...wish(2, "waitlist", offering), dryRun: true };
      const { raw } = await seats().createClassRegistrationRaw(joining);
      same(raw.status, 200);
      same(sdk.RegistrationDryRunFromJSON(await raw.json()).would.state, "waitlisted");
      const leaving = await moved(accepted, "dropped", true);
      same("would" in leaving && leaving.would.state, "dropped");
      same((await seats().getRegistration({ registrationId: accepted })).state, "enrolled");
    },
    async update() {
      before = there((await catalogue().getClassRaw({ classId })).raw.headers.get("ETag"));
      const { found, tag } = await patched({ description: "Tuesdays" }, before);
      same([found.description, tag === before], ["Tuesdays", false]);
      etag = tag;
    },
    async clear() {
      const { found } = await patched({ description: null }, etag);
      same([found.description, found.title], [null, "Choir"]);
    },
    async stale() {
      await refused(patched({ description: "x" }, before), 412, "stale-version");
    },
    async without_etag() {
      const call = patched({ description: "x" }, "*", configured(token, NO_ETAG));
      await refused(call, 428, "precondition-required");
    },
    async retry() {
      const call = { ...wish(2, "waitlist"), idempotencyKey: randomBytes(8).toString("hex") };
      const first = await seats().createClassRegistrationRaw(call);
      const second = await seats().createClassRegistrationRaw(call);
      same((await first.value()).id, (await second.value()).id);
      same(first.raw.headers.get("Idempotent-Replayed"), null);
      same(second.raw.headers.get("Idempotent-Replayed"), "true");
    },
    async paging() {
      for (let number = 0; number < 5; number += 1) {
        await classWith(`Tutorial ${number}`, "auto");
      }
      const found: string[] = [];
      for (let cursor: string | undefined, more = true; more; ) {
        const asked = { organizationId, limit: 2, sort: "title", ...(cursor && { cursor }) };
        const page = await catalogue().listClasses(asked as sdk.ListClassesRequest);
        found.push(...page.items.map((item) => item.id));
        const next = page.links["next"];
        more = next !== undefined;
        cursor = next && cursorOf(next.href);
      }
      same(found.toSorted(), classes.toSorted());
    },
    async bad_request() {
      const call = catalogue().listClasses({ organizationId, cursor: "made-up" });
      await refused(call, 400, "invalid-cursor");
    },
    async unauthenticated() {
      const stranger = new sdk.AccountApi(configured("made-up"));
      await refused(stranger.getMe(), 401, "invalid-token");
    },
    async forbidden() {
      const narrow = new sdk.OrganizationsApi(configured(await issued(["account:read"])));
      await refused(narrow.listOrganizations(), 403, "insufficient-scope");
    },
    async not_found() {
      const call = catalogue().getClass({ classId: `cls_${"0".repeat(26)}` });
      await refused(call, 404, "not-found");
    },
    async conflict() {
      const signUp = { username: name, password: PASSWORD };
      await refused(anybody.createUser({ signUp }), 409, "duplicate-name");
    },
    async invalid() {
      const organizationCreate = { name: "x", slug: `${name}-2`, timezone: "Nowhere/Nope" };
      const call = new sdk.OrganizationsApi(mine).createOrganization({ organizationCreate });
      const problem = await refused(call, 422, "validation-failed");
      same(there(there(problem.errors)[0]).pointer, "#/timezone");
    },
    async sign_out() {
      const account = new sdk.AccountApi(mine);
      same((await account.deleteCurrentTokenRaw()).raw.status, 204);
      await refused(account.getMe(), 401, "invalid-token");
    },
  };
}

void travel(driverOf);
