"""What a request reads first goes out with the look at its token, and counts for nobody else."""

import io
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, select, text, update

from api import ids
from api.authz import secrets
from api.authz.actor import Actor, Membership
from api.http.guesses import Guesses
from api.models import Organization, Role, SchoolClass, Student, Token, prepared
from api.models.ahead import FRESH_SECONDS, Ahead, Foreseen, Question
from api.models.class_item import CLASS_ITEM_BRIEF, CLASS_ITEM_UNSEARCHED
from api.models.facts import GUARDS
from api.models.facts_ahead import GUARDS_OF_HOLDER
from tests import factories
from tests.apps import Client, a_school, a_token

NAME = select(Organization.name).where(Organization.id.is_not(None))
TITLE = select(SchoolClass.title).where(SchoolClass.organization_id.is_not(None))


@pytest.fixture
def algebra(school):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id, status="open", capacity=3)
        factories.a_session(tx, row)
    return row


@pytest.fixture
def url(school, algebra):
    found = school.registrar.get(f"{school.url}/classes").json["items"]
    (shown,) = [one for one in found if one["title"] == algebra.title]
    return shown["_links"]["self"]["href"]


@pytest.fixture
def trips(monkeypatch):
    """The statements that went out with the look at a token."""
    sent = []

    def noted(connection, first, second):
        found = rows_of_both(connection, first, second)
        if found is not None:
            sent.append(second.statement)
        return found

    rows_of_both = prepared.rows_of_both
    monkeypatch.setattr(prepared, "rows_of_both", noted)
    return sent


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_class_is_read_with_the_token_once_the_process_has_seen_it(school, url, trips):
    school.student.get(f"{school.url}/classes")
    answers = [school.student.get(url) for _ in range(5)]

    assert len({answer.data for answer in answers}) == 1
    # A statement's first use in a process prepares nothing.
    assert trips[-2:] == [CLASS_ITEM_BRIEF] * 2


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_for_a_token_that_was_issued_for_less_the_whole_class_is_read_with_it(school, url, trips):
    with school.database.write() as tx:
        narrow = Client(
            school.app.test_client(),
            a_token(tx, school.student.member.user_id, ["catalogue:read"]),
        )

    answers = [narrow.get(url) for _ in range(5)]

    assert len({answer.data for answer in answers}) == 1
    assert trips[-2:] == [CLASS_ITEM_UNSEARCHED] * 2


def test_a_class_of_which_nothing_is_kept_any_more_looks_the_same(school, url):
    first, second = school.student.get(url), school.student.get(url)
    school.app.extensions["homeroom"].edge.renderer._slots.cache_clear()

    third = school.student.get(url)

    assert first.data == second.data == third.data
    assert first.headers["ETag"] == third.headers["ETag"]


def test_a_student_that_is_no_longer_the_caller_is_not_read_for(school, url):
    seen = [school.student.get(url).json for _ in range(3)]
    with school.database.write() as tx:
        # The login is another student's from now on, who is not active.
        tx.execute(
            update(Student)
            .where(
                Student.organization_id == school.row.id, Student.id == school.student.student.id
            )
            .values(member_id=None)
        )
        factories.a_student(
            tx, school.row.id, member_id=school.student.member.id, status="inactive"
        )

    now = school.student.get(url).json

    assert all("register" in one["_links"] for one in seen)
    assert now["_blocked"]["register"][0]["code"] == "student-inactive"


def test_a_token_that_was_taken_away_reads_nothing(school, url):
    for _ in range(3):
        assert school.student.get(url).status_code == 200
    with school.database.write() as tx:
        tx.execute(delete(Token).where(Token.hash == secrets.hash_of(school.student.token)))

    assert school.student.get(url).status_code == 401


def test_a_query_may_ask_for_another_student(school, url):
    other = school.another(status="inactive")
    for _ in range(3):
        own = school.registrar.get(url).json
        judged = school.registrar.get(url, query_string={"student_id": _id(other)}).json

    assert "register" not in own.get("_blocked", {})
    assert judged["_blocked"]["register"][0]["code"] == "student-inactive"


def _id(person):
    shown = person.get("/v1/me").json["memberships"][0]
    return shown["student_id"]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_registering_reads_its_facts_with_the_token(school, url, trips):
    answers = [school.another().post(f"{url}/registrations", {}, key=f"k{i}") for i in range(5)]

    assert [answer.status_code for answer in answers] == [201] * 3 + [409] * 2
    assert [answer.json["code"] for answer in answers[3:]] == ["class-full"] * 2
    assert trips.count(GUARDS_OF_HOLDER) >= 3


def test_staff_who_names_a_student_gets_that_students_facts(school, url):
    for _ in range(3):
        body = {"student_id": _id(school.another())}
        made = school.registrar.post(f"{url}/registrations", body)

        assert made.status_code == 201
        assert made.json["student_id"] == body["student_id"]


class SlowBody(io.BytesIO):
    """`{}`, before which something happens, and no less than the time that rows stay fresh."""

    def __init__(self, *meanwhile):
        super().__init__(b"{}")
        self.meanwhile = list(meanwhile)

    def read(self, *size):
        self.wait()
        return super().read(*size)

    def readinto(self, buffer):
        self.wait()
        return super().readinto(buffer)

    def wait(self):
        while self.meanwhile:
            self.meanwhile.pop()()
            time.sleep(FRESH_SECONDS)


def test_what_was_read_before_a_slow_body_is_read_again_after_it(school, algebra, url):
    with school.database.write() as tx:
        other = factories.a_class(tx, school.row.id, status="open")
    student = school.another()
    seat = f"/v1/classes/{ids.encode('cls', other.id)}/registrations"
    assert student.post(seat, {}).status_code == 201

    def clash():
        with school.database.write() as tx:
            factories.a_session(tx, other)

    answer = student.open(
        "POST",
        f"{url}/registrations",
        input_stream=SlowBody(clash),
        content_length=2,
        content_type="application/json",
    )

    assert answer.status_code == 409
    assert answer.json["code"] == "time-conflict"


def test_the_students_own_row_is_for_who_was_a_student_when_the_token_was_read(school):
    row = SimpleNamespace
    ahead = Ahead(Question(GUARDS_OF_HOLDER, {}), lambda _: Question(GUARDS, {}))
    holder = school.student.student.id
    for students, rows, is_kept in (
        ([holder], [row(subject_id=holder)], True),
        ([holder], [row(subject_id=None)], True),
        ([], [row(subject_id=holder)], False),
        ([], [], True),
    ):
        members = [Membership(one, one, Role.STUDENT, one) for one in students]
        caller = Actor(memberships={member.id: member for member in members})
        foreseen = Guesses().foreseen(ahead, b"hash", caller, rows)

        assert (foreseen is not None) == is_kept


def facts_of(school, algebra, person, students):
    """The facts of a class as they are found by the token, and by the students that one is."""
    with school.database.read() as tx:
        shared = {"class_id": algebra.id, "clock_now": tx.clock.now()}
        by_name = tx.all(GUARDS, **shared, student_ids=students)
        by_token = tx.all(GUARDS_OF_HOLDER, **shared, token_hash=secrets.hash_of(person.token))
    return [tuple(row) for row in by_token], [tuple(row) for row in by_name]


def test_the_facts_found_by_a_token_are_those_of_its_holder(school, algebra, url):
    registered, stranger = school.another(), a_school(school.app).student
    assert registered.post(f"{url}/registrations", {}).status_code == 201
    for person in (school.student, registered, stranger):
        by_token, by_name = facts_of(school, algebra, person, [person.student.id])

        assert by_token == by_name
        assert len(by_token) == 1
    by_token, by_name = facts_of(school, algebra, school.registrar, [])
    assert by_token == by_name


def test_of_an_archived_organization_nobody_is_a_student(school, algebra):
    with school.database.write() as tx:
        tx.execute(
            update(Organization)
            .where(Organization.id == school.row.id)
            .values(archived_at=tx.now())
        )

    by_token, by_name = facts_of(school, algebra, school.student, [])

    assert by_token == by_name


def test_rows_that_were_read_ahead_are_used_for_one_reading(database):
    question = Question(NAME, {})
    with database.read() as tx:
        tx.foreseen = Foreseen(question, ["foreseen"])

        assert tx.all(NAME) == ["foreseen"]
        assert tx.all(NAME) != ["foreseen"]


def test_rows_that_were_read_ahead_answer_no_other_question(database):
    with database.read() as tx:
        tx.foreseen = Foreseen(Question(NAME, {"a": 1}), ["foreseen"])

        assert tx.all(NAME) != ["foreseen"]


def test_a_transaction_never_takes_what_was_read_before_it(database):
    with database.write() as tx:
        tx.foreseen = Foreseen(Question(NAME, {}), ["foreseen"])

        assert tx.all(NAME) != ["foreseen"]


def test_what_is_looked_at_before_the_lock_may_have_been_read_ahead(database):
    with database.write() as tx:
        tx.foreseen = Foreseen(Question(NAME, {}), ["foreseen"])
        with tx.looking() as look:
            is_foreseen = look.all(NAME) == ["foreseen"]

        # SQLite has its lock already, and so looks for itself.
        assert is_foreseen == (database.dialect == "postgresql")
        assert tx.all(NAME) != ["foreseen"]


def test_where_both_cannot_be_read_the_first_is_read_alone(database):
    broken = select(text("1 / 0")).select_from(Organization)
    with database.write() as tx:
        factories.an_organization(tx)
    for _ in range(3):
        with database.read() as tx:
            rows, more = tx.all_of_both(Question(NAME, {}), Question(broken, {}))

        assert rows
        assert more is None


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_both_are_read_in_one_round_trip(database):
    for _ in range(3):
        with database.read() as tx:
            rows, more = tx.all_of_both(Question(NAME, {}), Question(TITLE, {}))

    assert rows == tx.all(NAME)
    assert more == tx.all(TITLE)
