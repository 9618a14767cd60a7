"""The whole flow in Python, from the root URL alone; the same steps as flow.mjs, the same facts."""

from contextlib import ExitStack

import httpx

from homeroom_client import Homeroom, NotOffered, Patience, problems

PASSWORD = "correct horse battery"
QUICK = Patience(pause=0.01)


class Flow:
    """One school and its people; each step adds what was observed to `facts`."""

    def __init__(self, url, name):
        self.url = url
        self.name = name
        self.facts = {}
        self.statuses = []
        self.connections = ExitStack()

    def run(self):
        """Do all of it, and give the facts."""
        with self.connections:
            self.steps()
        return self.facts

    def steps(self):
        owner = self.person("owner")
        self.organization = (
            owner.root()
            .follow("organizations")
            .act("create", {"name": self.name, "slug": self.name, "timezone": "Europe/Vienna"})
        )
        students = [self.student(n) for n in range(5)]
        self.pages()
        ada, bob = (self.login(n, student) for n, student in enumerate(students[:2]))
        self.full_class_and_line(ada, bob)
        self.offer(ada, bob)
        self.conditions()
        self.refusals(owner)
        self.export()
        self.bookkeeping(owner)

    def note(self, name, fact):
        self.facts[name] = fact

    def person(self, who):
        http = self.connections.enter_context(httpx.Client(timeout=30))
        http.event_hooks["response"].append(lambda got: self.statuses.append(got.status_code))
        home = Homeroom(self.url, http=http, patience=QUICK)
        home.sign_up(f"{self.name}-{who}", PASSWORD)
        home.log_in(f"{self.name}-{who}", PASSWORD)
        return home

    def nobody(self):
        return self.connections.enter_context(Homeroom(self.url))

    def student(self, number):
        students = self.organization.follow("students")
        return students.act("create", {"given_name": f"No. {number}", "family_name": "Student"})

    def login(self, number, student):
        """Somebody signs up and accepts the invitation as that student; gives their client."""
        invited = self.organization.follow("invitations").act(
            "create", {"role": "student", "student_id": student["id"]}
        )
        home = self.person(f"student-{number}")
        home.root().act("accept-invitation", {"code": invited["code"]})
        return home

    def school_class(self, **given):
        classes = self.organization.follow("classes")
        made = classes.act("create", given)
        return made.act("open")

    def seen_by(self, home, school_class):
        """The class as this person finds it."""
        (organization,) = home.root().follow("organizations").entries
        found = organization.follow("classes").follow("search", title=school_class["title"])
        return found.entries[0].refreshed()

    def pages(self):
        students = self.organization.follow("students")
        first = students.follow("search", limit=2)
        self.note("pages", [len(page.entries) for page in first.pages()])
        names = sorted(each["given_name"] for each in first.everything())
        self.note("everything", names)

    def full_class_and_line(self, ada, bob):
        choir = self.school_class(
            title="Choir", capacity=1, waitlist={"enabled": True, "mode": "auto"}
        )
        before = self.seen_by(bob, choir)
        seat = self.seen_by(ada, choir).act("register")
        self.note("seat", [seat["state"], seat.is_replayed])
        try:
            before.act("register")
        except problems.ClassFull as full:
            self.note("full", [full.status, [block.code for block in full.blocks]])
        now = before.refreshed()
        try:
            now.form("register")
        except NotOffered as absent:
            self.note("not offered", sorted(absent.codes))
        place = now.act("join-waitlist")
        self.note("place", [place["state"], place["position"]])
        self.note("dropped", seat.act("drop")["state"])
        self.note("promoted", place.refreshed()["state"])

    def offer(self, ada, bob):
        painting = self.school_class(
            title="Painting", capacity=1, waitlist={"enabled": True, "mode": "offer"}
        )
        seat = self.seen_by(ada, painting).act("register")
        place = self.seen_by(bob, painting).act("join-waitlist")
        seat.act("drop")
        offered = place.refreshed()
        self.note("offered", [offered["state"], sorted(offered.blocked)])
        self.note("accepted", offered.act("accept")["state"])

    def conditions(self):
        """Two copies of one class are changed; the second change meets the first."""
        yoga = self.school_class(title="Yoga", capacity=3)
        other = yoga.refreshed()
        self.note("edited", yoga.act("edit", {"capacity": 4})["capacity"])
        try:
            other.act("edit", {"capacity": 9})
        except problems.StaleVersion as stale:
            self.note("stale", stale.status)
        again = other.act("edit", lambda seen: {"capacity": seen["capacity"] + 1}, on_stale="retry")
        self.note("edited again", again["capacity"])
        listed = self.organization.follow("classes").follow("search", title="Yoga").entries[0]
        self.note("edited from a list", listed.act("edit", {"location": "Hall"})["location"])

    def refusals(self, owner):
        try:
            owner.root().follow("organizations").act("create", {"name": "", "slug": "A B"})
        except problems.ValidationFailed as refused:
            self.note("faults", sorted(fault["pointer"] for fault in refused.errors))
        try:
            self.nobody().log_in(f"{self.name}-owner", "wrong horse battery")
        except problems.InvalidCredentials as refused:
            self.note("wrong password", refused.status)
        try:
            self.nobody().root().follow("me")
        except problems.AuthenticationRequired as refused:
            self.note("nobody", refused.status)

    def export(self):
        """A job is asked for, waited for, and its file fetched."""
        asked = self.organization.follow("exports").act("create", {"format": "oneroster-1.1"})
        self.note("asked for", [asked["state"], asked.retry_after])
        done = asked.finished(within=60)
        self.note("done", [done["state"], [block.code for block in done.blocked["cancel"]]])
        file = done.fetch("result")
        self.note("file", [file.media_type, file.name.startswith(f"{self.name}-")])
        self.note("archive", list(file.body))
        self.note("exports", len(self.organization.follow("exports").entries))

    def bookkeeping(self, owner):
        """What is there afterwards: nothing was done twice, whatever got lost on the way."""
        registrations = self.organization.follow("registrations").everything()
        self.note("registrations", sorted(each["state"] for each in registrations))
        titles = sorted(each["title"] for each in self.organization.follow("classes").everything())
        self.note("classes", titles)
        del self.statuses[:]
        owner.root().follow("me").refreshed()
        self.note("revalidated", self.statuses)
