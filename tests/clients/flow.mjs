// The whole flow in JavaScript, from the root URL alone; the same steps as flow.py, the same facts.
export default async function flow({ Homeroom, NotOffered, Problem, problems }, url, name) {
  const password = "correct horse battery";
  const facts = {};
  const statuses = [];
  const watched = async (...asked) => {
    const response = await fetch(...asked);
    statuses.push(response.status);
    return response;
  };
  const caught = async (promise) => {
    try {
      await promise;
    } catch (fault) {
      if (fault instanceof Problem || fault instanceof NotOffered) return fault;
      throw fault;
    }
    throw new Error("nothing was refused");
  };
  const all = async (pages) => {
    const found = [];
    for await (const each of pages) found.push(each);
    return found;
  };

  const person = async (who) => {
    const home = new Homeroom(url, { fetch: watched, pause: 10 });
    await home.signUp(`${name}-${who}`, password);
    await home.logIn(`${name}-${who}`, password);
    return home;
  };
  const owner = await person("owner");
  const organizations = await (await owner.root()).follow("organizations");
  const organization = await organizations.act("create", { name, slug: name, timezone: "Europe/Vienna" });

  const students = [];
  for (let number = 0; number < 5; number++) {
    const list = await organization.follow("students");
    students.push(await list.act("create", { given_name: `No. ${number}`, family_name: "Student" }));
  }

  const first = await (await organization.follow("students")).follow("search", { limit: 2 });
  facts["pages"] = (await all(first.pages())).map((page) => page.entries.length);
  facts["everything"] = (await all(first.everything())).map((each) => each.members.given_name).sort();

  const login = async (number) => {
    const invitations = await organization.follow("invitations");
    const invited = await invitations.act("create", { role: "student", student_id: students[number].members.id });
    const home = await person(`student-${number}`);
    await (await home.root()).act("accept-invitation", { code: invited.members.code });
    return home;
  };
  const ada = await login(0);
  const bob = await login(1);

  const schoolClass = async (given) => {
    const made = await (await organization.follow("classes")).act("create", given);
    return made.act("open");
  };
  const seenBy = async (home, { members }) => {
    const [theirs] = (await (await home.root()).follow("organizations")).entries;
    const found = await (await theirs.follow("classes")).follow("search", { title: members.title });
    return found.entries[0].refreshed();
  };

  const choir = await schoolClass({ title: "Choir", capacity: 1, waitlist: { enabled: true, mode: "auto" } });
  const before = await seenBy(bob, choir);
  let seat = await (await seenBy(ada, choir)).act("register");
  facts["seat"] = [seat.members.state, seat.isReplayed];
  const full = await caught(before.act("register"));
  facts["full"] = full instanceof problems.ClassFull && [full.status, full.blocks.map((block) => block.code)];
  const now = await before.refreshed();
  facts["not offered"] = (await caught(now.form("register"))).codes.sort();
  let place = await now.act("join-waitlist");
  facts["place"] = [place.members.state, place.members.position];
  facts["dropped"] = (await seat.act("drop")).members.state;
  facts["promoted"] = (await place.refreshed()).members.state;

  const painting = await schoolClass({ title: "Painting", capacity: 1, waitlist: { enabled: true, mode: "offer" } });
  seat = await (await seenBy(ada, painting)).act("register");
  place = await (await seenBy(bob, painting)).act("join-waitlist");
  await seat.act("drop");
  const offered = await place.refreshed();
  facts["offered"] = [offered.members.state, Object.keys(offered.blocked).sort()];
  facts["accepted"] = (await offered.act("accept")).members.state;

  const yoga = await schoolClass({ title: "Yoga", capacity: 3 });
  const other = await yoga.refreshed();
  facts["edited"] = (await yoga.act("edit", { capacity: 4 })).members.capacity;
  const stale = await caught(other.act("edit", { capacity: 9 }));
  facts["stale"] = stale instanceof problems.StaleVersion && stale.status;
  const more = (seen) => ({ capacity: seen.members.capacity + 1 });
  facts["edited again"] = (await other.act("edit", more, { onStale: "retry" })).members.capacity;
  const [listed] = (await (await organization.follow("classes")).follow("search", { title: "Yoga" })).entries;
  facts["edited from a list"] = (await listed.act("edit", { location: "Hall" })).members.location;

  const faulty = await caught(organizations.act("create", { name: "", slug: "A B" }));
  facts["faults"] = faulty instanceof problems.ValidationFailed && faulty.errors.map((fault) => fault.pointer).sort();
  const wrong = await caught(new Homeroom(url).logIn(`${name}-owner`, "wrong horse battery"));
  facts["wrong password"] = wrong instanceof problems.InvalidCredentials && wrong.status;
  const nobody = await caught((await new Homeroom(url).root()).follow("me"));
  facts["nobody"] = nobody instanceof problems.AuthenticationRequired && nobody.status;

  const asked = await (await organization.follow("exports")).act("create", { format: "oneroster-1.1" });
  facts["asked for"] = [asked.members.state, asked.retryAfter / 1000];
  const done = await asked.finished({ within: 60_000 });
  facts["done"] = [done.members.state, done.blocked.cancel.map((block) => block.code)];
  const file = await done.fetch("result");
  facts["file"] = [file.mediaType, file.name.startsWith(`${name}-`)];
  facts["archive"] = [...file.body];
  facts["exports"] = (await organization.follow("exports")).entries.length;

  const registrations = await all((await organization.follow("registrations")).everything());
  facts["registrations"] = registrations.map((each) => each.members.state).sort();
  const classes = await all((await organization.follow("classes")).everything());
  facts["classes"] = classes.map((each) => each.members.title).sort();
  statuses.length = 0;
  await (await (await owner.root()).follow("me")).refreshed();
  facts["revalidated"] = statuses;
  return facts;
}
