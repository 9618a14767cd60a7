// What the journey needs, said with the typescript-fetch client that openapi-generator makes.
import { drive } from "./flow";
import * as generated from "./homeroom-sdk";
import { same, there } from "./journey";
import { type Change, type OnFull, type Registration, type Sdk, type Wanted, Refused, addressAfter, headersAfter } from "./sdk";

/** The object of a call; what is refused is thrown as a typed object. */
async function made<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (reason) {
    if (!(reason instanceof generated.ResponseError)) {
      throw reason;
    }
    // The client throws the answer unread; the reader of a problem is generated too.
    const json: unknown = await reason.response.json();
    same(generated.instanceOfProblem(json as object), true);
    const problem = generated.ProblemFromJSON(json);
    const blocks = (problem.blocks ?? []).map((block) => block.code);
    const pointers = (problem.errors ?? []).map((fault) => fault.pointer);
    const successor = problem.links?.["successor-version"]?.href;
    throw new Refused({ ...problem, blocks, pointers, successor }, reason.response);
  }
}

/** What was done, and not what a dry run tells. */
function done<T extends object>(found: T | generated.RegistrationDryRun | generated.SchoolClassDryRun): T {
  if ("would" in found) {
    throw new Error("this is what a dry run tells");
  }
  return found as T;
}

function seat({ id, state, position, offerExpiresAt }: generated.Registration): Registration {
  return { id, state, position, expires: offerExpiresAt };
}

function seen({ id, title, description, seatsFree }: generated.SchoolClass) {
  return { id, title, description, seatsFree };
}

function sending(change: Change): generated.Middleware {
  return {
    async pre({ url, init }) {
      const { method = init.method, body = init.body } = change;
      const headers = headersAfter(change, init.headers);
      return { url: addressAfter(change, url), init: { ...init, method, body, headers } };
    },
  };
}

function sdk(basePath: string, accessToken?: string, change?: Change): Sdk {
  const configuration = new generated.Configuration({
    basePath,
    middleware: change ? [sending(change)] : [],
    ...(accessToken && { accessToken }),
  });
  const account = new generated.AccountApi(configuration);
  const organizations = new generated.OrganizationsApi(configuration);
  const catalogue = new generated.CatalogueApi(configuration);
  const people = new generated.PeopleApi(configuration);
  const jobs = new generated.JobsApi(configuration);
  const seats = new generated.RegistrationsApi(configuration);
  const wish = (classId: string, studentId: string, onFull: OnFull) => ({
    classId,
    classRegistrationCreate: { studentId, onFull },
  });
  // `Prefer: return=minimal` would leave nothing, so that the type has that too.
  const moving = async (registrationId: string, to: Wanted, dryRun: boolean) => {
    const transitionCreate = { to };
    return there(await made(seats.createRegistrationTransition({ registrationId, transitionCreate, dryRun })));
  };

  return {
    async signUp(username, password) {
      const signUp = { username, password, displayName: "Ada" };
      return (await made(account.createUser({ signUp }))).username;
    },
    async issue(username, password, scope) {
      const credentials = { username, password, ...(scope && { scopes: [scope] }) };
      return (await made(account.createToken({ credentials }))).token;
    },
    async whoami() {
      return (await made(account.getMe())).user.username;
    },
    async revoke() {
      return (await made(account.deleteCurrentTokenRaw())).raw.status;
    },
    async listOrganizations() {
      return (await made(organizations.listOrganizations())).items.map(({ id }) => id);
    },
    createOrganization(name, slug, timezone) {
      const organizationCreate = { name, slug, timezone };
      return made(organizations.createOrganization({ organizationCreate }));
    },
    async createClass(organizationId, title, mode) {
      const schoolClassCreate = {
        title,
        description: "Mondays",
        capacity: 1,
        status: "open" as const,
        waitlist: { mode },
      };
      const found = await made(catalogue.createClass({ organizationId, schoolClassCreate }));
      return { ...seen(found), register: found.links["register"]?.method };
    },
    async getClass(classId) {
      const answer = await made(catalogue.getClassRaw({ classId }));
      return { body: seen(await answer.value()), headers: answer.raw.headers };
    },
    async describe(classId, ifMatch, description) {
      const schoolClassPatch = { description };
      const answer = await made(catalogue.updateClassRaw({ classId, ifMatch, schoolClassPatch }));
      return { body: seen(done(await answer.value())), headers: answer.raw.headers };
    },
    async listClasses(organizationId, cursor) {
      const asked = { organizationId, limit: 2, sort: "title", ...(cursor && { cursor }) };
      const page = await made(catalogue.listClasses(asked as generated.ListClassesRequest));
      return { ids: page.items.map(({ id }) => id), next: page.links["next"]?.href };
    },
    createStudent(organizationId, givenName) {
      const studentCreate = { givenName, familyName: "Example" };
      return made(people.createStudent({ organizationId, studentCreate }));
    },
    async register(id, student, onFull, idempotencyKey) {
      const asked = { ...wish(id, student, onFull), ...(idempotencyKey && { idempotencyKey }) };
      const answer = await made(seats.createClassRegistrationRaw(asked));
      return { body: seat(await answer.value()), headers: answer.raw.headers };
    },
    async wouldRegister(id, student, onFull) {
      // The method has the type of 201; what 200 tells is read from the raw answer.
      const asked = { ...wish(id, student, onFull), dryRun: true };
      const { raw } = await made(seats.createClassRegistrationRaw(asked));
      same(raw.status, 200);
      return generated.RegistrationDryRunFromJSON(await raw.json()).would.state;
    },
    async move(registration, to) {
      return seat(done(await moving(registration, to, false)));
    },
    async wouldMove(registration, to) {
      const found = await moving(registration, to, true);
      if ("would" in found) {
        return found.would.state;
      }
      throw new Error("this is no dry run");
    },
    async getRegistration(registrationId) {
      return seat(await made(seats.getRegistration({ registrationId })));
    },
    async line(classId) {
      return (await made(seats.getClassWaitlist({ classId }))).items.map((place) => place.studentId);
    },
    async export(organizationId) {
      const answer = await made(jobs.createExportRaw({ organizationId }));
      return { status: answer.raw.status, body: await answer.value(), headers: answer.raw.headers };
    },
    getJob(jobId) {
      return made(jobs.getJob({ jobId }));
    },
    result(jobId) {
      return made(jobs.getJobResult({ jobId }));
    },
  };
}

void drive(sdk);
