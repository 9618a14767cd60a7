"""What a read of registrations and classes may cost: statements, wherever they are sent from."""

import pytest
from sqlalchemy import event

from api import ids
from api.authz.actor import Actor
from api.models import prepared
from api.services import class_seats
from tests import factories

AUTHENTICATION = 1


@pytest.fixture
def query_count(school, monkeypatch):
    """Every SELECT sent to the database: through SQLAlchemy, or straight to the driver."""
    sent = []

    def noted(_connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(statement)

    def noted_rows(connection, dialect, statement, parameters):
        found = rows(connection, dialect, statement, parameters)
        if found is not None:
            sent.append(str(statement))
        return found

    def noted_rows_in_transaction(connection, statement, parameters):
        found = rows_in_transaction(connection, statement, parameters)
        if found is not None:
            sent.append(str(statement))
        return found

    def noted_rows_of_both(connection, first, second):
        found = rows_of_both(connection, first, second)
        if found is not None:
            sent.extend([str(first.statement), str(second.statement)])
        return found

    rows, rows_in_transaction = prepared.rows, prepared.rows_in_transaction
    rows_of_both = prepared.rows_of_both
    monkeypatch.setattr(prepared, "rows_of_both", noted_rows_of_both)
    monkeypatch.setattr(prepared, "rows", noted_rows)
    monkeypatch.setattr(prepared, "rows_in_transaction", noted_rows_in_transaction)
    engines = {school.database.engine, school.database._reads}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", noted)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", noted)


@pytest.fixture
def taught(school):
    """A class of a course in a term with a session, beside twenty others, and ten students."""
    with school.database.write() as tx:
        course = factories.a_course(tx, school.row.id)
        term = factories.a_term(tx, school.row.id)
        rows = [
            factories.a_class(tx, school.row.id, course_id=course.id, term_id=term.id)
            for _ in range(20)
        ]
        for row in rows:
            factories.a_session(tx, row)
            class_seats.created(tx, Actor.system(), row)
        students = [factories.a_student(tx, school.row.id) for _ in range(10)]
    url = f"/v1/classes/{ids.encode('cls', rows[0].id)}"
    for student in students:
        body = {"student_id": ids.encode("stu", student.id)}
        assert school.registrar.post(f"{url}/registrations", body).status_code == 201
    return url


@pytest.fixture
def urls(school, taught):
    made = school.student.post(f"{taught}/registrations", {}).json
    student = f"/v1/students/{made['student_id']}"
    return {
        "class": taught,
        "class for one student": f"{taught}?student_id={made['student_id']}",
        "classes": f"{school.url}/classes",
        "classes for one student": f"{school.url}/classes?student_id={made['student_id']}",
        "registration": made["_links"]["self"]["href"],
        "registrations": f"{school.url}/registrations",
        "registrations of a class": f"{taught}/registrations",
        "registrations of a student": f"{student}/registrations",
        "line": f"{taught}/waitlist",
        "sessions": f"{taught}/sessions",
        "meeting patterns": f"{taught}/meeting-patterns",
    }


BUDGETS = [
    ("class", "", 1),
    ("class for one student", "", 1),
    ("classes", "", 2),
    ("classes for one student", "", 4),
    ("registration", "", 1),
    ("registrations", "", 1),
    ("registrations of a class", "", 2),
    ("registrations of a student", "", 2),
    ("line", "", 2),
    ("sessions", "", 2),
    ("meeting patterns", "", 2),
    ("line", "expand=class.course,student", 5),
    ("class", "expand=course", 2),
    ("class", "expand=course,term", 3),
    ("classes", "expand=course,term", 3),
    ("registration", "expand=class,student", 3),
    ("registration", "expand=class.course,class.term,student", 5),
    ("registrations", "expand=class.course,class.term,student", 5),
    ("registrations", "count=true", 2),
]


@pytest.mark.parametrize("caller", ["registrar", "student"])
@pytest.mark.parametrize(("name", "query", "most"), BUDGETS)
def test_a_read_keeps_within_its_budget(school, urls, query_count, name, query, most, caller):
    person = getattr(school, caller)
    url = urls[name] + ("?" if query and "?" not in urls[name] else "") + query
    for _ in range(2):
        # A constant statement is prepared from its second time on, and counts the same.
        query_count.clear()
        answer = person.get(url)

        assert answer.status_code == 200, answer.json
        assert len(query_count) <= most + AUTHENTICATION, "\n\n".join(query_count)
        assert query_count


def test_whether_an_account_may_go_is_read_with_it(school, query_count):
    url = f"/v1/users/{ids.encode('usr', school.owner.member.user_id)}"

    seen = school.owner.get(url)

    assert seen.json["_blocked"] == {"delete": [{"code": "last-owner"}]}
    assert len(query_count) == 1 + AUTHENTICATION


def test_a_page_of_classes_that_were_shown_before_is_one_statement(school, urls, query_count):
    for person in (school.registrar, school.student):
        person.get(urls["classes"])
        query_count.clear()

        assert person.get(urls["classes"]).json["items"]
        assert len(query_count) == 1 + AUTHENTICATION


def test_as_many_statements_for_many_items_as_for_one(school, urls, query_count):
    query = {"expand": "class.course,class.term,student"}
    counts = set()
    for limit in (1, 10):
        query_count.clear()
        page = school.registrar.get(urls["registrations"], query_string={**query, "limit": limit})
        assert len(page.json["items"]) == limit
        counts.add(len(query_count))

    assert len(counts) == 1
