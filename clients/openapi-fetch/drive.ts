// What the journey needs, said with openapi-fetch and the types that openapi-typescript makes.
import createClient, { type Middleware } from "openapi-fetch";
import { drive } from "./flow";
import { same, there } from "./journey";
import type { components, paths } from "./schema";
import { type Change, type OnFull, type Registration, type Sdk, type Wanted, Refused, addressAfter, headersAfter } from "./sdk";

type Schemas = components["schemas"];
type Answered<T> = { data?: T; error?: Schemas["Problem"]; response: Response };

/** The object of an answer, which must have this status; its problem is thrown. */
function made<T>({ data, error, response }: Answered<T>, status: number): T {
  if (error) {
    const blocks = (error.blocks ?? []).map((block) => block.code);
    const pointers = (error.errors ?? []).map((fault) => fault.pointer);
    const successor = error._links?.["successor-version"]?.href;
    throw new Refused({ ...error, requestId: error.request_id, blocks, pointers, successor }, response);
  }
  same(response.status, status);
  return there(data);
}

/** What was done, and not what a dry run tells. */
function done<T extends object>(found: T | Schemas["RegistrationDryRun"] | Schemas["SchoolClassDryRun"]): T {
  if ("would" in found) {
    throw new Error("this is what a dry run tells");
  }
  return found as T;
}

/** What a dry run tells, and not what was done. */
function would(found: Schemas["Registration"] | Schemas["RegistrationDryRun"]): string {
  if ("would" in found) {
    return found.would.state;
  }
  throw new Error("this is no dry run");
}

function seat({ id, state, position, offer_expires_at }: Schemas["Registration"]): Registration {
  return { id, state, position, expires: offer_expires_at === null ? null : new Date(offer_expires_at) };
}

function seen({ id, title, description, seats_free }: Schemas["SchoolClass"]) {
  return { id, title, description, seatsFree: seats_free };
}

function sending(change: Change): Middleware {
  return {
    onRequest({ request }) {
      const { method = request.method, body } = change;
      const headers = headersAfter(change, request.headers);
      const sent = new Request(addressAfter(change, request.url), request);
      return new Request(sent, { method, headers, ...(body !== undefined && { body }) });
    },
  };
}

function sdk(baseUrl: string, token?: string, change?: Change): Sdk {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const client = createClient<paths>({ baseUrl, headers });
  if (change) {
    client.use(sending(change));
  }

  function asking(class_id: string, student_id: string, on_full: OnFull, more: { key?: string; dry_run?: boolean }) {
    return client.POST("/v1/classes/{class_id}/registrations", {
      params: {
        path: { class_id },
        query: more.dry_run ? { dry_run: true } : {},
        header: more.key ? { "Idempotency-Key": more.key } : {},
      },
      body: { student_id, on_full },
    });
  }

  function moving(registration_id: string, to: Wanted, dry_run?: boolean) {
    return client.POST("/v1/registrations/{registration_id}/transitions", {
      params: { path: { registration_id }, query: dry_run ? { dry_run } : {} },
      body: { to },
    });
  }

  return {
    async signUp(username, password) {
      const body = { username, password, display_name: "Ada" };
      return made(await client.POST("/v1/users", { body }), 201).username;
    },
    async issue(username, password, scope) {
      const body = { username, password, ...(scope && { scopes: [scope] }) };
      return made(await client.POST("/v1/tokens", { body }), 201).token;
    },
    async whoami() {
      return made(await client.GET("/v1/me"), 200).user.username;
    },
    async revoke() {
      return (await client.DELETE("/v1/tokens/current")).response.status;
    },
    async listOrganizations() {
      return made(await client.GET("/v1/organizations"), 200).items.map(({ id }) => id);
    },
    async createOrganization(name, slug, timezone) {
      return made(await client.POST("/v1/organizations", { body: { name, slug, timezone } }), 201);
    },
    async createClass(organization_id, title, mode) {
      const answer = await client.POST("/v1/organizations/{organization_id}/classes", {
        params: { path: { organization_id } },
        body: { title, description: "Mondays", capacity: 1, status: "open", waitlist: { mode } },
      });
      const found = made(answer, 201);
      return { ...seen(found), register: found._links["register"]?.method };
    },
    async getClass(class_id) {
      const answer = await client.GET("/v1/classes/{class_id}", { params: { path: { class_id } } });
      return { body: seen(made(answer, 200)), headers: answer.response.headers };
    },
    async describe(class_id, etag, description) {
      // It says application/json for any object unless it is told otherwise.
      const answer = await client.PATCH("/v1/classes/{class_id}", {
        params: { path: { class_id }, header: { "If-Match": etag } },
        headers: { "Content-Type": "application/merge-patch+json" },
        body: { description },
      });
      return { body: seen(done(made(answer, 200))), headers: answer.response.headers };
    },
    async listClasses(organization_id, cursor) {
      const query = { limit: 2, sort: "title" as const, ...(cursor && { cursor }) };
      const params = { path: { organization_id }, query };
      const answer = await client.GET("/v1/organizations/{organization_id}/classes", { params });
      const { items, _links } = made(answer, 200);
      return { ids: items.map(({ id }) => id), next: _links["next"]?.href };
    },
    async createStudent(organization_id, given_name) {
      const answer = await client.POST("/v1/organizations/{organization_id}/students", {
        params: { path: { organization_id } },
        body: { given_name, family_name: "Example" },
      });
      return made(answer, 201);
    },
    async register(id, student, onFull, key) {
      const answer = await asking(id, student, onFull, key ? { key } : {});
      return { body: seat(done(made(answer, 201))), headers: answer.response.headers };
    },
    async wouldRegister(id, student, onFull) {
      return would(made(await asking(id, student, onFull, { dry_run: true }), 200));
    },
    async move(registration, to) {
      return seat(done(made(await moving(registration, to), 200)));
    },
    async wouldMove(registration, to) {
      return would(made(await moving(registration, to, true), 200));
    },
    async getRegistration(registration_id) {
      const params = { path: { registration_id } };
      return seat(made(await client.GET("/v1/registrations/{registration_id}", { params }), 200));
    },
    async line(class_id) {
      const params = { path: { class_id } };
      const answer = await client.GET("/v1/classes/{class_id}/waitlist", { params });
      return made(answer, 200).items.map((place) => place.student_id);
    },
    async export(organization_id) {
      const params = { path: { organization_id } };
      const answer = await client.POST("/v1/organizations/{organization_id}/exports", { params });
      return { status: answer.response.status, body: made(answer, 202), headers: answer.response.headers };
    },
    async getJob(job_id) {
      return made(await client.GET("/v1/jobs/{job_id}", { params: { path: { job_id } } }), 200);
    },
    async result(job_id) {
      // It reads every body as JSON unless it is told otherwise.
      const params = { path: { job_id } };
      const answer = await client.GET("/v1/jobs/{job_id}/result", { params, parseAs: "blob" });
      return made(answer, 200);
    },
  };
}

void drive(sdk);
