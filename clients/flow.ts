// The whole journey in TypeScript, the same for every generated client: a method for each step.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Driver, same, there, travel } from "./journey";
import { type Change, type Maker, type Mode, type SchoolClass, Refused } from "./sdk";

const PASSWORD = "a seat for everyone";
const NOBODYS = `cls_${"0".repeat(26)}`;
const OVER_THE_LIMIT = " ".repeat(2 ** 20 + 1);
/** Short enough for every check of a text, and too long as part of an address. */
const LONG_CURSOR = "ü".repeat(2000);
/** Addresses that no signature has: only the server under test does. */
const ENDED = "/v0/me";
const FAILING = "/v1/failures";
/** More than the server under test allows in an hour. */
const MOST_ATTEMPTS = 100;
/** Of a ZIP archive that has something in it. */
const FIRST_BYTES = "PK\u0003\u0004";
/** At a job, of which each comes as long after the one before as the server asked for. */
const MOST_LOOKS = 60;

/** What a call is refused with, which must have this status and code. */
async function refused(call: Promise<unknown>, status: number, code: string): Promise<Refused> {
  const reason = await call.then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  if (!(reason instanceof Refused)) {
    throw new Error(`${code} was expected, and there came ${String(reason)}`);
  }
  const { problem, response } = reason;
  same([response.status, problem.status, problem.code], [status, status, code]);
  same([problem.title, problem.requestId].includes(""), false);
  return reason;
}

/** The seconds after which to come again, which the answer must say. */
function saysWhen({ headers }: { headers: Headers }): number {
  const seconds = Number(there(headers.get("Retry-After")));
  same(seconds > 0, true);
  return seconds;
}

/** Go on the journey with the clients of one kind. */
export function drive(sdk: Maker): Promise<void> {
  return travel((base, away) => driverOf(sdk, base, away));
}

function driverOf(sdk: Maker, base: string, away: string): Driver {
  const name = `sdk-${randomBytes(6).toString("hex")}`;
  const anybody = sdk(base);
  let me = anybody;
  let token = "";
  let organization = "";
  let choir = "";
  let drawing = "";
  let accepted = "";
  let before = "";
  let etag = "";
  const students: string[] = [];
  const registrations: string[] = [];
  const classes: string[] = [];
  const changing = (change: Change) => sdk(base, token, change);
  const another = (change: Change) =>
    changing(change).createOrganization("Another", `${name}-2`, "Europe/Berlin");

  async function classWith(title: string, mode: Mode): Promise<SchoolClass & { register?: string | undefined }> {
    const found = await me.createClass(organization, title, mode);
    classes.push(found.id);
    return found;
  }

  return {
    async sign_up() {
      same(await anybody.signUp(name, PASSWORD), name);
    },
    async token() {
      token = await anybody.issue(name, PASSWORD);
      me = sdk(base, token);
      same(await me.whoami(), name);
    },
    async organization() {
      organization = (await me.createOrganization("Night school", name, "Europe/Berlin")).id;
    },
    async school_class() {
      const found = await classWith("Choir", "auto");
      same([found.seatsFree, found.title, found.register], [1, "Choir", "POST"]);
      choir = found.id;
    },
    async student() {
      for (const given of ["Ada", "Ben", "Cleo"]) {
        students.push((await me.createStudent(organization, given)).id);
      }
    },
    async register() {
      const { body } = await me.register(choir, there(students[0]), "fail");
      same(body.state, "enrolled");
      registrations.push(body.id);
    },
    async full() {
      const call = me.register(choir, there(students[1]), "fail");
      same((await refused(call, 409, "class-full")).problem.blocks, ["class-full"]);
    },
    async waitlist() {
      const { body } = await me.register(choir, there(students[1]), "waitlist");
      same([body.state, body.position], ["waitlisted", 1]);
      registrations.push(body.id);
      same(await me.line(choir), [students[1]]);
    },
    async promotion() {
      same((await me.move(there(registrations[0]), "dropped")).state, "dropped");
      same((await me.getRegistration(there(registrations[1]))).state, "enrolled");
    },
    async offer() {
      drawing = (await classWith("Drawing", "offer")).id;
      const first = await me.register(drawing, there(students[0]), "fail");
      const second = await me.register(drawing, there(students[1]), "waitlist");
      await me.move(first.body.id, "dropped");
      const offered = await me.getRegistration(second.body.id);
      same(offered.state, "offered");
      same(there(offered.expires) > new Date(), true);
      same((await me.move(offered.id, "enrolled")).state, "enrolled");
      accepted = offered.id;
    },
    async dry_run() {
      same(await me.wouldRegister(drawing, there(students[2]), "waitlist"), "waitlisted");
      same(await me.wouldMove(accepted, "dropped"), "dropped");
      same((await me.getRegistration(accepted)).state, "enrolled");
    },
    async update() {
      before = there((await me.getClass(choir)).headers.get("ETag"));
      const { body, headers } = await me.describe(choir, before, "Tuesdays");
      etag = there(headers.get("ETag"));
      same([body.description, etag === before], ["Tuesdays", false]);
    },
    async clear() {
      const { body } = await me.describe(choir, etag, null);
      same([body.description, body.title], [null, "Choir"]);
    },
    async stale() {
      await refused(me.describe(choir, before, "x"), 412, "stale-version");
    },
    async without_etag() {
      // The types ask for it.
      const careless = changing({ headers: { "If-Match": null } });
      await refused(careless.describe(choir, "*", "x"), 428, "precondition-required");
    },
    async retry() {
      const asked = [choir, there(students[2]), "waitlist", randomBytes(8).toString("hex")] as const;
      const first = await me.register(...asked);
      const second = await me.register(...asked);
      same(first.body.id, second.body.id);
      same(first.headers.get("Idempotent-Replayed"), null);
      same(second.headers.get("Idempotent-Replayed"), "true");
    },
    async paging() {
      for (let number = 0; number < 5; number += 1) {
        await classWith(`Tutorial ${number}`, "auto");
      }
      let page = await me.listClasses(organization);
      const found = [...page.ids];
      while (page.next) {
        const cursor = there(new URL(page.next).searchParams.get("cursor"));
        page = await me.listClasses(organization, cursor);
        found.push(...page.ids);
      }
      same(found.toSorted(), classes.toSorted());
    },
    async export() {
      const { status, body, headers } = await me.export(organization);
      const pause = saysWhen({ headers });
      let job = body;
      same([status, job.state], [202, "queued"]);
      same(there(headers.get("Location")).endsWith(`/${job.id}`), true);
      for (let look = 0; look < MOST_LOOKS && ["queued", "running"].includes(job.state); look += 1) {
        await sleep(pause * 1000);
        job = await me.getJob(job.id);
      }
      same(job.state, "succeeded");
      same(await (await me.result(job.id)).slice(0, FIRST_BYTES.length).text(), FIRST_BYTES);
    },
    async bad_request() {
      await refused(me.listClasses(organization, "made-up"), 400, "invalid-cursor");
    },
    async unauthenticated() {
      await refused(sdk(base, "made-up").whoami(), 401, "invalid-token");
    },
    async forbidden() {
      const narrow = sdk(base, await anybody.issue(name, PASSWORD, "account:read"));
      await refused(narrow.listOrganizations(), 403, "insufficient-scope");
      same(await me.listOrganizations(), [organization]);
    },
    async not_found() {
      await refused(me.getClass(NOBODYS), 404, "not-found");
    },
    async wrong_method() {
      // No signature lets it be chosen.
      await refused(changing({ method: "PUT" }).whoami(), 405, "method-not-allowed");
    },
    async not_acceptable() {
      await refused(changing({ headers: { Accept: "text/csv" } }).whoami(), 406, "not-acceptable");
    },
    async conflict() {
      await refused(anybody.signUp(name, PASSWORD), 409, "duplicate-name");
    },
    async gone() {
      const { problem } = await refused(changing({ path: ENDED }).whoami(), 410, "version-sunset");
      same(problem.successor, `${base}/v1/me`);
    },
    async too_large() {
      await refused(another({ body: OVER_THE_LIMIT }), 413, "body-too-large");
    },
    async long_address() {
      await refused(me.listClasses(organization, LONG_CURSOR), 414, "uri-too-long");
    },
    async wrong_type() {
      const change = { headers: { "Content-Type": "text/plain" }, body: "Night school" };
      await refused(another(change), 415, "unsupported-media-type");
    },
    async invalid() {
      const call = me.createOrganization("x", `${name}-2`, "Nowhere/Nope");
      same((await refused(call, 422, "validation-failed")).problem.pointers, ["#/timezone"]);
    },
    async rate_limited() {
      const hurry = async () => {
        for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
          await me.register(NOBODYS, there(students[0]), "fail").catch((reason: unknown) => {
            if (!(reason instanceof Refused && reason.response.status === 404)) {
              throw reason;
            }
          });
        }
      };
      saysWhen((await refused(hurry(), 429, "rate-limited")).response);
    },
    async long_headers() {
      const wordy = changing({ headers: { "X-Words": "x".repeat(2 ** 14) } });
      await refused(wordy.whoami(), 431, "headers-too-large");
    },
    async internal_error() {
      await refused(changing({ path: FAILING }).whoami(), 500, "internal-error");
    },
    async unavailable() {
      saysWhen((await refused(sdk(away, "made-up").whoami(), 503, "upstream-unavailable")).response);
    },
    async sign_out() {
      same(await me.revoke(), 204);
      await refused(me.whoami(), 401, "invalid-token");
    },
  };
}
