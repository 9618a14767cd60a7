// The whole journey through openapi-fetch, with the types that openapi-typescript makes.
import { randomBytes } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";
import { type Driver, cursorOf, same, there, travel } from "./journey";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
type Problem = Schemas["Problem"];
type Registration = Schemas["Registration"];
type OnFull = NonNullable<Schemas["ClassRegistrationCreate"]["on_full"]>;
type Mode = NonNullable<Schemas["WaitlistInput"]["mode"]>;
type Wanted = Schemas["TransitionCreate"]["to"];
type Answer<T> = { data?: T; error?: Problem; response: Response };

const PASSWORD = "a seat for everyone";

/** The object of an answer, which must have this status. */
function made<T>(answer: Answer<T>, status: number): T {
  same([answer.response.status, answer.error], [status, undefined]);
  return there(answer.data);
}

/** The problem of an answer, which must have this status and code. */
function refused<T>(answer: Answer<T>, status: number, code: string): Problem {
  const problem = there(answer.error);
  same([answer.response.status, problem.status, problem.code], [status, status, code]);
  there(problem.title);
  there(problem.request_id);
  return problem;
}

/** A registration, and not what a dry run tells. */
function registration(found: Registration | Schemas["RegistrationDryRun"]): Registration {
  if ("would" in found) {
    throw new Error("this is what a dry run tells");
  }
  return found;
}

/** What a dry run tells, and not a registration. */
function would(found: Registration | Schemas["RegistrationDryRun"]): Schemas["WouldRegistration"] {
  if ("would" in found) {
    return found.would;
  }
  throw new Error("this is no dry run");
}

function clientWith(baseUrl: string, token?: string): Client<paths> {
  return createClient<paths>({ baseUrl, headers: token ? { Authorization: `Bearer ${token}` } : {} });
}

function driverOf(base: string): Driver {
  const name = `sdk-${randomBytes(6).toString("hex")}`;
  const anybody = clientWith(base);
  let client = anybody;
  let token = "";
  let organization_id = "";
  let class_id = "";
  let offering = "";
  let accepted = "";
  let before = "";
  let etag = "";
  const students: string[] = [];
  const registrations: string[] = [];
  const classes: string[] = [];

  async function issued(scopes?: Schemas["Credentials"]["scopes"]): Promise<string> {
    const body = { username: name, password: PASSWORD, ...(scopes && { scopes }) };
    return made(await anybody.POST("/v1/tokens", { body }), 201).token;
  }

  async function classWith(title: string, mode: Mode): Promise<Schemas["SchoolClass"]> {
    const answer = await client.POST("/v1/organizations/{organization_id}/classes", {
      params: { path: { organization_id } },
      body: { title, description: "Mondays", capacity: 1, status: "open", waitlist: { mode } },
    });
    const found = made(answer, 201);
    classes.push(found.id);
    return found;
  }

  function asked(
    student: number,
    on_full: OnFull,
    { to = class_id, key, dry_run }: { to?: string; key?: string; dry_run?: boolean } = {},
  ) {
    return client.POST("/v1/classes/{class_id}/registrations", {
      params: {
        path: { class_id: to },
        query: dry_run ? { dry_run } : {},
        header: key ? { "Idempotency-Key": key } : {},
      },
      body: { student_id: there(students[student]), on_full },
    });
  }

  async function registered(student: number, on_full: OnFull, to?: string): Promise<Registration> {
    return registration(made(await asked(student, on_full, to ? { to } : {}), 201));
  }

  function moving(registration_id: string, to: Wanted, dry_run?: boolean) {
    return client.POST("/v1/registrations/{registration_id}/transitions", {
      params: { path: { registration_id }, query: dry_run ? { dry_run } : {} },
      body: { to },
    });
  }

  async function moved(registration_id: string, to: Wanted): Promise<Registration> {
    return registration(made(await moving(registration_id, to), 200));
  }

  async function read(registration_id: string): Promise<Registration> {
    const params = { path: { registration_id } };
    return made(await client.GET("/v1/registrations/{registration_id}", { params }), 200);
  }

  function patching(through: Client<paths>, body: Schemas["SchoolClassPatch"], tag: string) {
    // It says application/json for any object unless it is told otherwise.
    return through.PATCH("/v1/classes/{class_id}", {
      params: { path: { class_id }, header: { "If-Match": tag } },
      headers: { "Content-Type": "application/merge-patch+json" },
      body,
    });
  }

  async function patched(body: Schemas["SchoolClassPatch"], tag: string) {
    const answer = await patching(client, body, tag);
    const found = made(answer, 200);
    if ("would" in found) {
      throw new Error("this is what a dry run tells");
    }
    return { found, tag: there(answer.response.headers.get("ETag")) };
  }

  return {
    async sign_up() {
      const body = { username: name, password: PASSWORD, display_name: "Ada" };
      same(made(await anybody.POST("/v1/users", { body }), 201).username, name);
    },
    async token() {
      token = await issued();
      client = clientWith(base, token);
      same(made(await client.GET("/v1/me"), 200).user.username, name);
    },
    async organization() {
      const body = { name: "Night school", slug: name, timezone: "Europe/Berlin" };
      organization_id = made(await client.POST("/v1/organizations", { body }), 201).id;
    },
    async school_class() {
      const found = await classWith("Choir", "auto");
      same([found.seats_free, found.title], [1, "Choir"]);
      same(there(found._links["register"]).method, "POST");
      class_id = found.id;
    },
    async student() {
      for (const given_name of ["Ada", "Ben", "Cleo"]) {
        const answer = await client.POST("/v1/organizations/{organization_id}/students", {
          params: { path: { organization_id } },
          body: { given_name, family_name: "Example" },
        });
        students.push(made(answer, 201).id);
      }
    },
    async register() {
      const found = await registered(0, "fail");
      same(found.state, "enrolled");
      registrations.push(found.id);
    },
    async full() {
      const problem = refused(await asked(1, "fail"), 409, "class-full");
      same(there(problem.blocks).map((block) => block.code), ["class-full"]);
    },
    async waitlist() {
      const found = await registered(1, "waitlist");
      same([found.state, found.position], ["waitlisted", 1]);
      registrations.push(found.id);
      const params = { path: { class_id } };
      const line = made(await client.GET("/v1/classes/{class_id}/waitlist", { params }), 200);
      same(line.items.map((place) => place.student_id), [students[1]]);
    },
    async promotion() {
      same((await moved(there(registrations[0]), "dropped")).state, "dropped");
      same((await read(there(registrations[1]))).state, "enrolled");
    },
    async offer() {
      offering = (await classWith("Drawing", "offer")).id;
      const first = await registered(0, "fail", offering);
      const second = await registered(1, "waitlist", offering);
      await moved(first.id, "dropped");
      const offered = await read(second.id);
      same(offered.state, "offered");
      same(Date.parse(there(offered.offer_expires_at)) > Date.now(), true);
      same((await moved(second.id, "enrolled")).state, "enrolled");
      accepted = second.id;
    },
    async dry_run() {
      const joining = await asked(2, "waitlist", { to: offering, dry_run: true });
      same(would(made(joining, 200)).state, "waitlisted");
      same(would(made(await moving(accepted, "dropped", true), 200)).state, "dropped");
      same((await read(accepted)).state, "enrolled");
    },
    async update() {
      const params = { path: { class_id } };
      const answer = await client.GET("/v1/classes/{class_id}", { params });
      before = there(answer.response.headers.get("ETag"));
      const { found, tag } = await patched({ description: "Tuesdays" }, before);
      same([found.description, tag === before], ["Tuesdays", false]);
      etag = tag;
    },
    async clear() {
      const { found } = await patched({ description: null }, etag);
      same([found.description, found.title], [null, "Choir"]);
    },
    async stale() {
      refused(await patching(client, { description: "x" }, before), 412, "stale-version");
    },
    async without_etag() {
      // The types ask for it, so it is taken off the request on its way out.
      const careless = clientWith(base, token);
      careless.use({ onRequest: ({ request }) => request.headers.delete("If-Match") });
      const answer = await patching(careless, { description: "x" }, "*");
      refused(answer, 428, "precondition-required");
    },
    async retry() {
      const key = randomBytes(8).toString("hex");
      const first = await asked(2, "waitlist", { key });
      const second = await asked(2, "waitlist", { key });
      same(registration(made(first, 201)).id, registration(made(second, 201)).id);
      same(first.response.headers.get("Idempotent-Replayed"), null);
      same(second.response.headers.get("Idempotent-Replayed"), "true");
    },
    async paging() {
      for (let number = 0; number < 5; number += 1) {
        await classWith(`Tutorial ${number}`, "auto");
      }
      const found: string[] = [];
      for (let cursor: string | undefined, more = true; more; ) {
        const query = { limit: 2, sort: "title" as const, ...(cursor && { cursor }) };
        const params = { path: { organization_id }, query };
        const answer = await client.GET("/v1/organizations/{organization_id}/classes", { params });
        const page = made(answer, 200);
        found.push(...page.items.map((item) => item.id));
        const next = page._links["next"];
        more = next !== undefined;
        cursor = next && cursorOf(next.href);
      }
      same(found.toSorted(), classes.toSorted());
    },
    async bad_request() {
      const params = { path: { organization_id }, query: { cursor: "made-up" } };
      const answer = await client.GET("/v1/organizations/{organization_id}/classes", { params });
      refused(answer, 400, "invalid-cursor");
    },
    async unauthenticated() {
      refused(await clientWith(base, "made-up").GET("/v1/me"), 401, "invalid-token");
    },
    async forbidden() {
      const narrow = clientWith(base, await issued(["account:read"]));
      refused(await narrow.GET("/v1/organizations"), 403, "insufficient-scope");
    },
    async not_found() {
      const params = { path: { class_id: `cls_${"0".repeat(26)}` } };
      refused(await client.GET("/v1/classes/{class_id}", { params }), 404, "not-found");
    },
    async conflict() {
      const body = { username: name, password: PASSWORD };
      refused(await anybody.POST("/v1/users", { body }), 409, "duplicate-name");
    },
    async invalid() {
      const body = { name: "x", slug: `${name}-2`, timezone: "Nowhere/Nope" };
      const answer = await client.POST("/v1/organizations", { body });
      const problem = refused(answer, 422, "validation-failed");
      same(there(there(problem.errors)[0]).pointer, "#/timezone");
    },
    async sign_out() {
      same((await client.DELETE("/v1/tokens/current")).response.status, 204);
      refused(await client.GET("/v1/me"), 401, "invalid-token");
    },
  };
}

void travel(driverOf);
