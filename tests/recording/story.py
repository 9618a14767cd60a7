"""A small school from its first day on: it calls every operation that has a body to show."""

from dataclasses import dataclass

from tests.recording.recorder import Recording, Voice

PASSWORD = "nine gentle herons"
PEOPLE = {
    "olive": "Olive Owner",
    "reggie": "Reggie Registrar",
    "ines": "Ines Instructor",
    "ada": "Ada Alder",
    "ben": "Ben Birch",
}


@dataclass
class Story:
    """Who takes part, and what there is; an address of each thing by its name."""

    app: object
    clock: object
    recording: Recording

    def __post_init__(self):
        self.things = {}
        self.people = {}
        self.nobody = self._voice(None)

    def tell(self):
        """Everything in its order."""
        self.arrive()
        self.found()
        self.plan()
        self.publish()
        self.meet()
        self.enrol()
        self.register()
        self.look_on()
        self.move()
        self.export()
        self.browse()

    def _voice(self, token):
        return Voice(self.app.test_client(), token, recording=self.recording, clock=self.clock)

    def arrive(self):
        """People sign up and log in; anybody looks around."""
        for path in ("/", "/v1", "/.well-known/api-catalog"):
            self.nobody.get(path)
        self.nobody.get("/problems/class-full")
        self.nobody.get("/rels/register")
        for name, shown in PEOPLE.items():
            account = {"username": name, "password": PASSWORD, "display_name": shown}
            self.things[name] = self.nobody.post("/v1/users", account).headers["Location"]
            login = {"username": name, "password": PASSWORD, "label": "laptop"}
            token = self.nobody.post("/v1/tokens", login).json["token"]
            self.people[name] = self._voice(token)
        olive = self.people["olive"]
        olive.get(self.things["olive"])
        olive.merge(self.things["olive"], {"email": "olive@example.org"})
        olive.step(self.things["olive"], "display_name", "Olive O. Owner")
        tokens = olive.get("/v1/tokens?limit=1")
        olive.get(tokens.json["items"][0]["_links"]["self"]["href"])
        olive.get("/v1/tokens/current")

    def found(self):
        """An organization with its staff."""
        olive = self.people["olive"]
        new = {"name": "Linden School", "slug": "linden-school", "timezone": "Europe/Vienna"}
        school = olive.post("/v1/organizations", new, key="found-linden-school").headers["Location"]
        self.things["school"] = school
        olive.get(school)
        olive.merge(school, {"public_catalog": True})
        olive.step(school, "max_waitlists_per_term", 3)
        olive.whole(school, {**new, "public_catalog": True, "max_waitlists_per_term": 5})
        olive.get("/v1/organizations?limit=2")
        for name, role in (("reggie", "registrar"), ("ines", "instructor")):
            member = olive.post(f"{school}/members", {"username": name, "role": role})
            self.things[f"{name}-member"] = member.json["id"]
        colleague = member.headers["Location"]
        olive.get(colleague)
        olive.merge(colleague, {"role": "registrar"})
        olive.step(colleague, "role", "instructor")
        olive.get(f"{school}/members?limit=2")

    def plan(self):
        """A term and a course, also as another system knows them."""
        reggie, school = self.people["reggie"], self.things["school"]
        autumn = {"name": "Autumn 2026", "starts_on": "2026-09-14", "ends_on": "2026-12-18"}
        term = reggie.post(f"{school}/terms", autumn).headers["Location"]
        reggie.get(term)
        reggie.merge(term, {"drop_until": "2026-10-11T22:00:00.000Z"})
        reggie.step(term, "name", "Autumn term 2026")
        reggie.whole(term, {**autumn, "drop_until": "2026-10-04T22:00:00.000Z"})
        course = reggie.post(f"{school}/courses", {"code": "POT 130", "title": "Pottery"})
        course = course.headers["Location"]
        reggie.get(course)
        reggie.merge(course, {"title": "Pottery at the wheel"})
        reggie.step(course, "credits_milli", 2000)
        reggie.whole(course, {"code": "POT 130", "title": "Pottery at the wheel"})
        spring = {"name": "Spring 2027", "starts_on": "2027-03-01", "ends_on": "2027-06-25"}
        self._upsert("terms", "2027S", spring, {"ends_on": "2027-06-30"})
        music = {"code": "MUS 120", "title": "Choir"}
        self._upsert("courses", "music/120", music, {"title": "Chamber choir"})
        for noun in ("terms", "courses"):
            reggie.get(f"{school}/{noun}?limit=1&count=true")
        self.things |= {"term": term, "course": course}

    def _upsert(self, noun, external_id, new, change):
        reggie = self.people["reggie"]
        url = f"{self.things['school']}/{noun}/by-external-id/{external_id.replace('/', '%2F')}"
        made = reggie.put(url, new)
        reggie.get(url)
        reggie.put(url, change)
        return made.headers["Location"]

    def publish(self):
        """A class with two seats; and one that another system knows."""
        reggie, school = self.people["reggie"], self.things["school"]
        pottery = {
            "title": "Pottery at the wheel",
            "section": "A",
            "term_id": self.things["term"].rpartition("/")[2],
            "course_id": self.things["course"].rpartition("/")[2],
            "capacity": 2,
            "location": "Kiln room",
            "instructors": [{"member_id": self.things["ines-member"], "name": "Ines Instructor"}],
            "prices": [{"amount_minor": 12000, "currency": "EUR", "until": None}],
        }
        made = reggie.post(f"{school}/classes", pottery, key="pottery-a").headers["Location"]
        reggie.merge(made, {"status": "open"})
        reggie.step(made, "description", "Clay, water and patience.")
        reggie.whole(made, {**pottery, "status": "open", "location": "Kiln room, ground floor"})
        self._changed_in_thought(made, pottery)
        choir = {"title": "Chamber choir", "status": "open"}
        self._upsert("classes", "choir-2026", choir, {"capacity": 40})
        reggie.get(f"{school}/classes?limit=1&status=open")
        self.things["class"] = made

    def _changed_in_thought(self, url, body):
        reggie = self.people["reggie"]
        reggie.merge(f"{url}?dry_run=true", {"capacity": 3})
        reggie.whole(f"{url}?dry_run=true", {**body, "status": "open", "capacity": 3})

    def meet(self):
        """The class meets weekly, and once more."""
        reggie, school_class = self.people["reggie"], self.things["class"]
        weekly = {
            "weekdays": ["th"],
            "start_local": "17:00",
            "duration_minutes": 120,
            "from_date": "2026-09-17",
            "to_date": "2026-10-01",
        }
        pattern = reggie.post(f"{school_class}/meeting-patterns", weekly).headers["Location"]
        reggie.get(pattern)
        reggie.merge(pattern, {"start_local": "17:30"})
        reggie.step(pattern, "duration_minutes", 90)
        once = {"local_start": "2026-12-05T10:00", "duration_minutes": 180}
        session = reggie.post(f"{school_class}/sessions", once).headers["Location"]
        reggie.get(session)
        reggie.merge(session, {"local_start": "2026-12-12T10:00"})
        reggie.step(session, "status", "cancelled")
        for noun in ("meeting-patterns", "sessions"):
            reggie.get(f"{school_class}/{noun}?limit=1")

    def enrol(self):
        """Students, two of whom log in by an invitation."""
        reggie, school = self.people["reggie"], self.things["school"]
        for name in ("ada", "ben"):
            given, family = PEOPLE[name].split()
            new = {"given_name": given, "family_name": family, "email": f"{name}@example.org"}
            student = reggie.post(f"{school}/students", new)
            claim = {"role": "student", "student_id": student.json["id"]}
            invited = reggie.post(f"{school}/invitations", claim)
            code = {"code": invited.json["code"]}
            self.people[name].post("/v1/invitation-acceptances", code)
            self.things[f"{name}-student"] = student.headers["Location"]
        reggie.get(invited.headers["Location"])
        reggie.get(f"{school}/invitations?limit=1")
        ada = self.things["ada-student"]
        reggie.get(ada)
        reggie.merge(ada, {"groups": ["evening"]})
        reggie.step(ada, "family_name", "Alder-Ash")
        reggie.whole(ada, {"given_name": "Ada", "family_name": "Alder", "groups": ["evening"]})
        cleo = {"given_name": "Cleo", "family_name": "Cedar"}
        self.things["cleo-student"] = self._upsert(
            "students", "S-1003", cleo, {"email": "cleo@example.org"}
        )
        reggie.get(f"{school}/students?limit=2")
        self.people["ada"].get("/v1/me")

    def register(self):
        """Two seats and a place in line, each through another door."""
        school_class, school = self.things["class"], self.things["school"]
        ada, ben, reggie = (self.people[name] for name in ("ada", "ben", "reggie"))
        ada.get(school_class)
        seat = {"on_full": "fail"}
        ada.post(f"{school_class}/registrations?dry_run=true", seat)
        made = ada.post(f"{school_class}/registrations", seat, key="ada-pottery-a")
        self.things["ada-registration"] = made.headers["Location"]
        both = {
            "student_id": self.things["cleo-student"].rpartition("/")[2],
            "class_id": school_class.rpartition("/")[2],
        }
        reggie.post(f"{school}/registrations?dry_run=true", both)
        reggie.post(f"{school}/registrations", both, key="cleo-pottery-a")
        line = {"class_id": both["class_id"], "on_full": "waitlist"}
        mine = f"{self.things['ben-student']}/registrations"
        ben.post(f"{mine}?dry_run=true", line)
        made = ben.post(mine, line, key="ben-pottery-a")
        self.things["ben-registration"] = made.headers["Location"]

    def look_on(self):
        """Staff reads lists, line and ledger."""
        reggie, school_class = self.people["reggie"], self.things["class"]
        reggie.get(self.things["ben-registration"])
        reggie.get(school_class)
        reggie.get(f"{school_class}/waitlist")
        reggie.get(f"{school_class}/registrations?limit=2")
        reggie.get(f"{self.things['school']}/registrations?limit=1")
        reggie.get(f"{self.things['ben-student']}/registrations?limit=1")
        reggie.get(f"{school_class}/events?limit=3")
        reggie.get(f"{school_class}/audit")
        reggie.merge(self.things["ben-registration"], {"priority": 10})
        reggie.step(self.things["ben-registration"], "priority", 20)

    def move(self):
        """A seat is given back, offered to the first in line, and taken."""
        seat = self.things["ada-registration"]
        ada, ben = self.people["ada"], self.people["ben"]
        ada.delete(f"{seat}?dry_run=true")
        ada.post(f"{seat}/transitions?dry_run=true", {"to": "dropped"})
        ada.post(f"{seat}/transitions", {"to": "dropped"}, key="ada-leaves-pottery-a")
        ben.get(self.things["ben-registration"])
        ben.post(f"{self.things['ben-registration']}/transitions", {"to": "enrolled"})
        ben.get(f"{self.things['ben-registration']}/transitions")

    def export(self):
        """Everything for another system, done by the worker of a process meanwhile."""
        reggie, exports = self.people["reggie"], f"{self.things['school']}/exports"
        form = {"format": "oneroster-1.1"}
        job = reggie.post(exports, form, key="export-linden-school").headers["Location"]
        self.app.extensions["homeroom"].worker.all_waiting()
        done = reggie.get(job).json
        reggie.get(f"{exports}?limit=1")
        reggie.get(done["_links"]["result"]["href"])
        another = reggie.post(exports).headers["Location"]
        reggie.delete(another)

    def browse(self):
        """Somebody with a browser reads what is a page, too."""
        for path in ("/", "/problems/class-full", "/rels/register"):
            self.nobody.get(path, headers={"Accept": "text/html"})
