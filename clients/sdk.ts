// What the journey needs of a generated client, whatever it calls its types and methods.

export type Mode = "auto" | "offer";
export type OnFull = "fail" | "waitlist";
export type Wanted = "dropped" | "enrolled";
export type Thing = { id: string };
export type SchoolClass = Thing & { title: string; description: string | null; seatsFree: number | null };
export type Job = Thing & { state: string };
export type Registration = Thing & { state: string; position: number | null; expires: Date | null };

/** The typed object of an answer. */
export type Answer<T> = { body: T; headers: Headers };

/** The ids of a page, and the address of the next. */
export type Page = { ids: string[]; next: string | undefined };

/** The object of a refusal, as far as the journey looks at it. */
export type Problem = {
  status: number;
  code: string;
  title: string;
  requestId: string;
  blocks: string[];
  pointers: (string | undefined)[];
  successor: string | undefined;
};

/** A refusal that came as a typed object. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly response: Response,
  ) {
    super(`${problem.status} ${problem.code}`);
  }
}

/** What becomes of a request on its way out, by the means that a client has for that. */
export type Change = { method?: string; path?: string; headers?: Record<string, string | null>; body?: string };

/** Where the request is sent. */
export function addressAfter(change: Change, before: string): string {
  return change.path === undefined ? before : new URL(change.path, before).href;
}

/** The headers that are sent; null takes one off. */
export function headersAfter(change: Change, before: HeadersInit | undefined): Headers {
  const headers = new Headers(before);
  for (const [name, value] of Object.entries(change.headers ?? {})) {
    if (value === null) {
      headers.delete(name);
    } else {
      headers.set(name, value);
    }
  }
  return headers;
}

/** A generated client, for somebody with a token; what is refused is thrown as `Refused`. */
export interface Sdk {
  signUp(username: string, password: string): Promise<string>;
  issue(username: string, password: string, scope?: "account:read"): Promise<string>;
  /** The user name that belongs to the token. */
  whoami(): Promise<string>;
  /** Give the token up; the status. */
  revoke(): Promise<number>;
  listOrganizations(): Promise<string[]>;
  createOrganization(name: string, slug: string, timezone: string): Promise<Thing>;
  /** Make an open class with one seat; with it comes the method of its link `register`. */
  createClass(organization: string, title: string, mode: Mode): Promise<SchoolClass & { register: string | undefined }>;
  getClass(id: string): Promise<Answer<SchoolClass>>;
  /** Change the description, or clear it, with a merge patch. */
  describe(id: string, etag: string, description: string | null): Promise<Answer<SchoolClass>>;
  /** Two classes, by title. */
  listClasses(organization: string, cursor?: string): Promise<Page>;
  createStudent(organization: string, givenName: string): Promise<Thing>;
  register(id: string, student: string, onFull: OnFull, key?: string): Promise<Answer<Registration>>;
  /** The state that it would have. */
  wouldRegister(id: string, student: string, onFull: OnFull): Promise<string>;
  move(registration: string, to: Wanted): Promise<Registration>;
  /** The state that it would have. */
  wouldMove(registration: string, to: Wanted): Promise<string>;
  getRegistration(id: string): Promise<Registration>;
  /** The ids of the students in line. */
  line(id: string): Promise<string[]>;
  /** Ask for an export, with nothing but where. */
  export(organization: string): Promise<{ status: number } & Answer<Job>>;
  getJob(id: string): Promise<Job>;
  /** The file that a job made. */
  result(id: string): Promise<Blob>;
}

/** Makes a client of a server, for somebody, which may change every request. */
export type Maker = (base: string, token?: string, change?: Change) => Sdk;
