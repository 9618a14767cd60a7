// A client that knows the root of a Homeroom, and follows links and forms from there.
//
//   import { Homeroom } from "https://api.homeroom.example/client.js";
//   const home = new Homeroom("https://api.homeroom.example/");
//   await home.logIn("student", "try-homeroom");
//   const organizations = await (await home.root()).follow("organizations");
//   for await (const organization of organizations.everything()) console.log(organization.members.name);
//
// No path is written here: every address comes from the server. It needs `fetch` and nothing else.

const JSON_TYPE = "application/json";
const PROBLEM_TYPE = "application/problem+json";
// The server refused before it did anything (RFC 6585 §4).
const NOTHING_DONE = new Set([429]);
// Nobody can tell whether the request was carried out: a database may go away at its end, too.
const UNKNOWN_OUTCOME = new Set([502, 503, 504]);
const KEPT = 256;
const ATTEMPTS = 5;
// The states in which a job stays, and the milliseconds between two looks at one whose server asks for no others.
const FINAL = new Set(["succeeded", "failed", "cancelled"]);
const LOOK_AGAIN = 1000;
/** For one attempt, its body included. */
const PATIENCE_MS = 30_000;

// --- URI templates (RFC 6570, all four levels) ---

const EXPRESSION = /\{([+#./;?&]?)([^{}]+)\}/g;
const VARIABLE = /^([^:*]+)(?::(\d{1,4})|(\*))?/;
const OPERATORS = {
  "": { first: "", separator: ",", isNamed: false, ifEmpty: "", keepsReserved: false },
  "+": { first: "", separator: ",", isNamed: false, ifEmpty: "", keepsReserved: true },
  "#": { first: "#", separator: ",", isNamed: false, ifEmpty: "", keepsReserved: true },
  ".": { first: ".", separator: ".", isNamed: false, ifEmpty: "", keepsReserved: false },
  "/": { first: "/", separator: "/", isNamed: false, ifEmpty: "", keepsReserved: false },
  ";": { first: ";", separator: ";", isNamed: true, ifEmpty: "", keepsReserved: false },
  "?": { first: "?", separator: "&", isNamed: true, ifEmpty: "=", keepsReserved: false },
  "&": { first: "&", separator: "&", isNamed: true, ifEmpty: "=", keepsReserved: false },
};

/** The names of the holes of a template, in the order in which they stand. */
export function variablesOf(template) {
  const specs = [...template.matchAll(EXPRESSION)].flatMap((found) => found[2].split(","));
  return specs.map((spec) => VARIABLE.exec(spec)[1]);
}

/** The address; a hole without a value leaves nothing behind. A value without a hole is an error. */
export function expand(template, values = {}) {
  const holes = variablesOf(template);
  const lost = Object.keys(values).filter((name) => !holes.includes(name));
  if (lost.length) throw new RangeError(`${lost.join(", ")}: no part of ${template}`);
  return template.replace(EXPRESSION, (_, sign, specs) => {
    const operator = OPERATORS[sign];
    const parts = specs.split(",").flatMap((spec) => partsOf(operator, spec, values));
    return parts.length ? operator.first + parts.join(operator.separator) : "";
  });
}

function partsOf(operator, spec, values) {
  const [, name, length, explode] = VARIABLE.exec(spec);
  const value = values[name];
  if (value === undefined || value === null) return [];
  const quote = (text) => quoted(operator, String(text));
  const named = (text) => (operator.isNamed ? (text ? `${name}=${text}` : name + operator.ifEmpty) : text);
  if (typeof value !== "object") {
    return [named(quote(length ? [...String(value)].slice(0, Number(length)).join("") : value))];
  }
  const isList = Array.isArray(value);
  if (!Object.keys(value).length) return [];
  if (!explode) return [named((isList ? value : Object.entries(value).flat()).map(quote).join(","))];
  if (isList) return value.map((each) => named(quote(each)));
  return Object.entries(value).map(([key, each]) => `${quote(key)}=${quote(each)}`);
}

function quoted(operator, text) {
  const strict = (part) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  if (!operator.keepsReserved) return strict(text);
  // What is percent-encoded already stays so, and so do the reserved signs (§1.5).
  const pieces = text.split(/(%[0-9A-Fa-f]{2}|[:/?#[\]@!$&'()*+,;=])/);
  return pieces.map((piece, at) => (at % 2 ? piece : strict(piece))).join("");
}

// --- What can go wrong ---

// The codes that have a class of their own here; the server's set is open.
const CODES = [
  "already-registered", "audience", "authentication-required", "body-too-large", "capacity-below-taken",
  "class-full", "class-not-open", "cursor-mismatch", "duplicate-name", "forbidden", "headers-too-large",
  "idempotency-key-reused", "insufficient-scope", "internal-error", "invalid-credentials", "invalid-cursor",
  "invalid-header", "invalid-parameter", "invalid-token", "last-owner", "malformed-json", "malformed-patch",
  "method-not-allowed", "not-acceptable", "not-found", "not-open-yet", "offer-expired", "patch-failed",
  "patch-test-failed", "precondition-required", "rate-limited", "registration-closed", "resource-in-use",
  "signup-closed", "stale-version", "state-conflict", "student-inactive", "term-limit", "time-conflict",
  "unknown-parameter", "unsupported-media-type", "upstream-unavailable", "uri-too-long", "validation-failed",
  "version-sunset", "waitlist-closed", "waitlist-full", "waitlist-limit",
];

/** A refusal of the server (RFC 9457), also one whose code has no class here; `members` hold all that it said. */
export class Problem extends Error {
  constructor(status, members) {
    const code = members.code ?? "about:blank";
    super(`${code}: ${members.detail ?? members.title ?? `HTTP status ${status}`}`);
    Object.assign(this, { name: new.target.name, status, members, code });
    Object.assign(this, { errors: members.errors ?? [], blocks: members.blocks ?? [] });
  }
}

const byCode = new Map(CODES.map((code) => [code, classOf(code)]));

/** A class for each code: `fault instanceof problems.ClassFull` for `class-full`. */
export const problems = Object.freeze(Object.fromEntries([...byCode.values()].map((kind) => [kind.name, kind])));

function classOf(code) {
  const name = code.replace(/(?:^|-)(.)/g, (_, first) => first.toUpperCase());
  // A class without a name takes that of the member it is given to.
  return { [name]: class extends Problem {} }[name];
}

function problem(status, members) {
  return new (byCode.get(members.code) ?? Problem)(status, members);
}

/** The representation has no such link now; `blocks` say why, where the server says why. */
export class NotOffered extends Error {
  constructor(rel, blocks, offered) {
    const codes = blocks.map((block) => block.code);
    super(codes.length ? `${rel} is blocked: ${codes.join(", ")}` : `no ${rel} here, only ${offered.join(", ")}`);
    Object.assign(this, { name: "NotOffered", rel, blocks, codes });
  }
}

/** What is there is no JSON object: a page for people, a file, or nothing. */
export class Unreadable extends Error {
  constructor(url, contentType) {
    super(`${url} is ${contentType || "nothing"}, and no representation`);
    Object.assign(this, { name: "Unreadable", url, contentType });
  }
}

/** The server says to ask elsewhere, which may be another origin, or another method; browsers do not tell where. */
export class Redirected extends Error {
  constructor(url, location) {
    super(`${url} redirects to ${location || "nowhere"}: begin there, if you trust it`);
    Object.assign(this, { name: "Redirected", url, location });
  }
}

/** A job took longer than somebody would wait; `job` is how it was last seen. */
export class Unfinished extends Error {
  constructor(job, within) {
    super(`${job.url} is ${job.members.state} still, after ${within / 1000} seconds`);
    Object.assign(this, { name: "Unfinished", job });
  }
}

// --- Requests and answers ---

/** The only part that speaks HTTP: revalidates what was read, asks again what broke, throws what is refused. */
class Exchange {
  #kept = new Map();
  #token = null;

  constructor({ fetch, origins, token, attempts, pause, longest, sleep }) {
    Object.assign(this, { ask: fetch, origins, attempts, pause, longest, sleep });
    this.#token = token;
  }

  /** Speak for somebody from now on; what is not for everybody is forgotten. */
  identify(token) {
    this.#token = token;
    this.#kept = new Map([...this.#kept].filter(([, kept]) => kept.isPublic));
  }

  /** What is there now; kept answers are revalidated by their entity tag (RFC 9110 §13.1.2). */
  async read(url, { anew = false, mediaType = JSON_TYPE } = {}) {
    const known = this.#kept.get(url);
    if (known && !anew && Date.now() < known.freshUntil) return known;
    const headers = { Accept: accepting(mediaType), ...(known?.etag && { "If-None-Match": known.etag }) };
    // The cache of a browser would answer in the server's stead, and hide the 304.
    const response = await this.#send("GET", url, { headers, cache: "no-store" }, true);
    this.#kept.delete(url);
    // What is still right is fresh again (RFC 9111 §4.3.4).
    const answer = response.status === 304 && known
      ? { ...known, freshUntil: freshness(response).freshUntil, retryAfter: retryAfter(response) }
      : await this.#answer(url, response);
    if (!answer.document) throw new Unreadable(url, "");
    this.#kept.set(url, answer);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value);
    return answer;
  }

  /** The bytes that are there, whatever they are, as a Uint8Array; they are not kept. */
  async fetch(url, mediaType = "*/*") {
    const headers = { Accept: `${mediaType}, ${PROBLEM_TYPE}` };
    const response = refused(url, await this.#send("GET", url, { headers, cache: "no-store" }, true));
    return {
      mediaType: response.headers.get("Content-Type") ?? "",
      name: nameIn(response.headers.get("Content-Disposition") ?? ""),
      body: response.content,
    };
  }

  /** Change something; with an idempotency key it is safe to ask again, and it is asked again. */
  async write(method, url, { body, mediaType, ifMatch, key }) {
    const given = { "Content-Type": mediaType, "If-Match": ifMatch, "Idempotency-Key": key };
    const headers = Object.fromEntries(Object.entries(given).filter(([, value]) => value));
    const options = { headers, body: mediaType ? JSON.stringify(body) : undefined };
    const response = await this.#send(method, url, options, Boolean(key));
    this.#kept.delete(url);
    return this.#answer(response.headers.get("Location") ?? url, response);
  }

  async #send(method, url, options, isRepeatable) {
    const isOurs = this.#token && this.origins.has(new URL(url).origin);
    const authorization = isOurs ? { Authorization: `Bearer ${this.#token}` } : {};
    const headers = { Accept: accepting(JSON_TYPE), ...authorization, ...options.headers };
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === this.attempts;
      let wait = 0;
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const response = await this.ask(url, { ...options, method, headers, signal, redirect: "manual" });
        // An answer that breaks off is none.
        response.content = new Uint8Array(await response.arrayBuffer());
        wait = this.#askedToWait(response, isRepeatable);
        if (wait === null || isLast) return response;
      } catch (fault) {
        if (isLast || !isRepeatable) throw fault;
      }
      const spread = this.pause * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      await this.sleep(Math.max(spread, wait));
    }
  }

  /** Milliseconds to wait before the next attempt; null if there is to be none. */
  #askedToWait(response, isRepeatable) {
    const { status } = response;
    if (!NOTHING_DONE.has(status) && !(isRepeatable && UNKNOWN_OUTCOME.has(status))) return null;
    const wait = retryAfter(response) ?? 0;
    return wait <= this.longest ? wait : null;
  }

  #answer(url, response) {
    return {
      url,
      document: documentOf(url, refused(url, response)),
      etag: response.headers.get("ETag"),
      isReplayed: response.headers.get("Idempotent-Replayed") === "true",
      retryAfter: retryAfter(response),
      ...freshness(response),
    };
  }
}

/** The response, unless it refuses. */
function refused(url, response) {
  if (response.type === "opaqueredirect") throw new Redirected(response.url, "another address");
  if (response.status >= 300 && response.status < 400) {
    throw new Redirected(response.url, response.headers.get("Location"));
  }
  if (!response.ok) throw problem(response.status, documentOf(url, response) ?? {});
  return response;
}

/** The header `Accept` of somebody who reads this, else JSON, and what is refused. */
function accepting(mediaType) {
  return [...new Set([mediaType, JSON_TYPE, PROBLEM_TYPE])].join(", ");
}

/** Milliseconds, as the server asks to wait; null where it names none (RFC 9110 §10.2.3). */
function retryAfter(response) {
  const said = response.headers.get("Retry-After") ?? "";
  return /^\d+$/.test(said) ? Number(said) * 1000 : null;
}

/** Whether an answer is for everybody, and until when it may be used without asking (RFC 9111 §5.2.2). */
function freshness(response) {
  const control = (response.headers.get("Cache-Control") ?? "").toLowerCase();
  const isPublic = control.includes("public");
  const age = isPublic ? Number(/max-age=(\d+)/.exec(control)?.[1] ?? 0) : 0;
  return { isPublic, freshUntil: Date.now() + age * 1000 };
}

function documentOf(url, response) {
  const contentType = response.headers.get("Content-Type") ?? "";
  if (!response.content.length) return null;
  const document = contentType.includes("json") ? parsed(new TextDecoder().decode(response.content)) : null;
  if (document && typeof document === "object" && !Array.isArray(document)) return document;
  if (!response.ok) return null;
  throw new Unreadable(url, contentType);
}

/** What is written there; null if it is broken. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// --- Files ---

const PARAMETER = /;\s*([\w*.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

/** The file name of a `Content-Disposition` (RFC 6266), without what would lead elsewhere; null if there is none. */
function nameIn(disposition) {
  const said = Object.fromEntries(
    [...disposition.matchAll(PARAMETER)].map(([, name, quoted, token]) => [
      name.toLowerCase(),
      token || (quoted ?? "").replace(/\\(.)/g, "$1"),
    ]),
  );
  const written = extended(said["filename*"] ?? "") || (said.filename ?? "");
  const name = written.split(/[/\\:]/).at(-1).replace(/(?! )[\p{C}\p{Z}]/gu, "");
  return name.replace(/^[ .]+|[ .]+$/g, "") || null;
}

/** The text of a value in the form of RFC 8187; null if it is not in UTF-8. */
function extended(value) {
  const found = /^utf-8'[^']*'(.*)$/i.exec(value);
  try {
    return found && decodeURIComponent(found[1]);
  } catch {
    return null;
  }
}

// --- Forms ---

/** What an action takes, by the request schema of its operation; the document's paths are never looked at. */
function formOf(document, link) {
  const described = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .find((operation) => operation.operationId === link.operation);
  const content = resolved(document, described?.requestBody ?? {}).content ?? {};
  const schema = resolved(document, content[link.type]?.schema ?? {});
  const members = Object.entries(schema.properties ?? {})
    .map(([name, member]) => ({ name, ...resolved(document, member) }))
    .filter((member) => !member.readOnly)
    .map((member) => ({
      ...member,
      isRequired: (schema.required ?? []).includes(member.name),
      fixed: link.body?.[member.name],
    }));
  const parameters = (described?.parameters ?? []).map((parameter) => resolved(document, parameter));
  return { link, members, isRepeatable: parameters.some((each) => each.name === "Idempotency-Key") };
}

function resolved(document, schema) {
  if (schema.$ref) {
    const steps = schema.$ref.replace("#/", "").split("/");
    return resolved(document, steps.reduce((found, step) => found[step], document));
  }
  if (schema.allOf?.length === 1) return { ...resolved(document, schema.allOf[0]), ...schema, allOf: undefined };
  return schema;
}

function bodyOf({ link }, values) {
  for (const [name, fixed] of Object.entries(link.body ?? {})) {
    if (name in values && values[name] !== fixed) throw new TypeError(`${link.rel} fixes ${name} as ${fixed}`);
  }
  return { ...values, ...link.body };
}

// --- Representations ---

/** What the server said of one thing, and the links that it gave with it. */
export class Resource {
  #guide;

  constructor(guide, { document, url, etag = null, isReplayed = false, retryAfter = null }) {
    this.#guide = guide;
    const { _links = {}, _blocked = {}, _embedded = {}, ...members } = document;
    const links = Object.entries(_links).map(([rel, link]) => [rel, { method: "GET", ...link, rel }]);
    Object.assign(this, { document, members, etag, isReplayed, retryAfter, blocked: _blocked });
    this.links = Object.fromEntries(links);
    this.url = this.links.self?.href ?? url;
    this.embedded = Object.fromEntries(
      Object.entries(_embedded)
        .filter(([, part]) => part)
        .map(([name, part]) => [name, this.#part(part)]),
    );
  }

  /** The things on this page of a list. */
  get entries() {
    return this.members.items.map((part) => this.#part(part));
  }

  /** The link of a relation; throws NotOffered, with the reasons, if there is none now. */
  link(rel) {
    if (!Object.hasOwn(this.links, rel)) throw new NotOffered(rel, this.blocked[rel] ?? [], Object.keys(this.links));
    return this.links[rel];
  }

  /** Go along a link that changes nothing; `values` fill it, if it is templated. */
  async follow(rel, values = {}) {
    const link = this.#leading(rel);
    if (!(link.type ?? "json").includes("json")) throw new TypeError(`${rel} is ${link.type}: fetch() is the way`);
    return this.#of(await this.#guide.exchange.read(addressOf(link, values), { mediaType: link.type }));
  }

  /** The file that a link leads to: `mediaType`, `name` (never a path; null if it has none), and `body`, a Uint8Array. */
  async fetch(rel, values = {}) {
    const link = this.#leading(rel);
    return this.#guide.exchange.fetch(addressOf(link, values), link.type);
  }

  /** The same thing as it is now; unchanged, it costs the server no body. */
  async refreshed() {
    return this.#of(await this.#guide.exchange.read(this.url, { anew: true }));
  }

  /**
   * This job when its state is final, which may be `failed`; `within` is in milliseconds.
   *
   * It is looked at again and again, each time after as long as the server asked for last. Throws
   * Unfinished if it is not final by then.
   */
  async finished({ within = 300_000 } = {}) {
    let [job, pause] = [this, LOOK_AGAIN];
    const until = Date.now() + within;
    while (!FINAL.has(job.members.state)) {
      pause = job.retryAfter || pause;
      const left = until - Date.now();
      if (left <= 0) throw new Unfinished(job, within);
      await this.#guide.exchange.sleep(Math.min(pause, left));
      job = await job.refreshed();
    }
    return job;
  }

  /** This page of a list, and every one after it. */
  async *pages() {
    let page = this;
    yield page;
    while (page.links.next) yield (page = await page.follow("next"));
  }

  /** Each thing of a list, over all pages from this one on. */
  async *everything() {
    for await (const page of this.pages()) yield* page.entries;
  }

  /** What an action takes: `members`, each with its name, schema, isRequired and fixed. */
  async form(rel) {
    return this.#guide.form(this.link(rel));
  }

  /**
   * Do what a link offers; gives what the server answers, null where it says nothing.
   *
   * The precondition and an idempotency key go along by themselves. With `onStale: "retry"` a change
   * that met another one is done again upon what is there then: let `values` be a function of that.
   */
  async act(rel, values = {}, { onStale = "throw", key } = {}) {
    let seen = this;
    for (let attempt = 1; ; attempt++) {
      try {
        return await seen.#do(await seen.form(rel), typeof values === "function" ? values(seen) : values, key);
      } catch (fault) {
        if (!(fault instanceof problems.StaleVersion) || onStale !== "retry" || attempt === ATTEMPTS) throw fault;
        seen = await seen.refreshed();
      }
    }
  }

  /** The link of a relation, which changes nothing. */
  #leading(rel) {
    const link = this.link(rel);
    if (link.method !== "GET") throw new TypeError(`${rel} is an action: act() or form() is the way`);
    return link;
  }

  async #do(form, values, key) {
    const { link } = form;
    const answer = await this.#guide.exchange.write(link.method, addressOf(link), {
      body: bodyOf(form, values),
      mediaType: link.type,
      ifMatch: link.precondition === "if-match" ? await this.#version() : undefined,
      key: form.isRepeatable ? (key ?? newKey()) : undefined,
    });
    return answer.document === null ? null : this.#of(answer);
  }

  /** The entity tag of what was seen; a thing on a page is read by itself for it. */
  async #version() {
    if (this.etag) return this.etag;
    const alone = await this.refreshed();
    // With `fields=` a list may not show the version; then all that it shows must be so still.
    const shown = "version" in this.members ? ["version"] : Object.keys(this.members);
    if (shown.some((name) => JSON.stringify(alone.members[name]) !== JSON.stringify(this.members[name]))) {
      throw problem(412, { code: "stale-version", detail: "It changed since." });
    }
    return alone.etag;
  }

  #part(document) {
    return new Resource(this.#guide, { document, url: this.url });
  }

  #of(answer) {
    return new Resource(this.#guide, answer);
  }
}

function addressOf(link, values = {}) {
  if (link.templated) return expand(link.href, values);
  if (Object.keys(values).length) throw new RangeError(`${link.rel} is not templated`);
  return link.href;
}

function newKey() {
  // Not randomUUID: browsers keep that from pages that came without TLS.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A Homeroom, as somebody sees it who knows the address of its root and nothing else. */
export class Homeroom {
  #url;
  #document = null;

  /** Keep the address of the root; nothing is sent yet. `pause` and `longest` are milliseconds. */
  constructor(url, { token = null, fetch = globalThis.fetch.bind(globalThis), ...patience } = {}) {
    this.#url = new URL(url.endsWith("/") ? url : `${url}/`).href;
    const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const usual = { attempts: 5, pause: 100, longest: 30_000, sleep };
    this.exchange = new Exchange({ ...usual, ...patience, fetch, token, origins: new Set([new URL(this.#url).origin]) });
  }

  /** Where everything begins. */
  async root() {
    const root = await this.read(this.#url);
    // A Homeroom may be reached by another name than it has for itself.
    this.exchange.origins.add(new URL(root.url).origin);
    return root;
  }

  /** What is at an address that the server gave earlier, as a bookmark. */
  async read(url) {
    return new Resource(this, await this.exchange.read(url));
  }

  /** Make an account; it does not log in. */
  async signUp(username, password, more = {}) {
    return (await this.root()).act("users", { username, password, ...more });
  }

  /** Get a token and speak for its user from now on; gives the token's representation. */
  async logIn(username, password, more = {}) {
    const issued = await (await this.root()).act("token", { username, password, ...more });
    this.exchange.identify(issued.members.token);
    return issued;
  }

  /** Speak with a token that is there already, or for nobody. */
  use(token) {
    this.exchange.identify(token);
  }

  /** The form of an action, from the document that the root names as `service-desc`. */
  async form(link) {
    const answer = await this.exchange.read((await this.root()).link("service-desc").href);
    if (this.#document?.etag !== answer.etag) this.#document = answer;
    return formOf(this.#document.document, link);
  }
}
