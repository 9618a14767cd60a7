"""How many statements a read of the catalogue costs beside the one that authenticates."""

import pytest

from api import ids
from api.models import access
from api.models.database import Transaction
from tests import factories


@pytest.fixture
def statements(school, monkeypatch):
    """Every read that the application sends, but the one that authenticates."""
    sent = []

    def noted(tx, statement, **parameters):
        if statement is not access.BY_TOKEN:
            sent.append(str(statement))
        return read(tx, statement, **parameters)

    read = Transaction.all
    monkeypatch.setattr(Transaction, "all", noted)
    return sent


@pytest.fixture
def urls(school):
    """A class of a school that has fifty of them, and what belongs to it."""
    with school.database.write() as tx:
        term = factories.a_term(tx, school.row.id)
        course = factories.a_course(tx, school.row.id)
        rows = [factories.a_class(tx, school.row.id, term_id=term.id) for _ in range(50)]
        pattern = factories.a_meeting_pattern(tx, rows[0], weekdays=["mo"])
        session = factories.a_session(tx, rows[0])
    one = f"/v1/classes/{ids.encode('cls', rows[0].id)}"
    return {
        "classes": f"{school.url}/classes?limit=50",
        "class": one,
        "terms": f"{school.url}/terms",
        "term": f"/v1/terms/{ids.encode('trm', term.id)}",
        "courses": f"{school.url}/courses",
        "course": f"/v1/courses/{ids.encode('crs', course.id)}",
        "patterns": f"{one}/meeting-patterns",
        "pattern": f"/v1/meeting-patterns/{ids.encode('pat', pattern.id)}",
        "sessions": f"{one}/sessions",
        "session": f"/v1/sessions/{ids.encode('ses', session.id)}",
    }


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("class", 1),
        ("classes", 2),
        ("term", 1),
        ("terms", 1),
        ("course", 1),
        ("courses", 1),
        ("pattern", 1),
        ("patterns", 2),
        ("session", 1),
        ("sessions", 2),
    ],
)
def test_a_read_costs_no_more_statements_than_it_says(school, statements, urls, name, most):
    statements.clear()

    answer = school.student.get(urls[name])

    assert answer.status_code == 200
    assert len(statements) == most, "\n\n".join(statements)


def test_a_page_that_is_judged_for_a_student_costs_one_set_query_more(school, statements, urls):
    school.registrar.get(urls["classes"])
    statements.clear()
    student = ids.encode("stu", school.student.student.id)

    answer = school.registrar.get(f"{urls['classes']}&student_id={student}")

    assert len(answer.json["items"]) == 50
    assert all("register" in item["_links"] for item in answer.json["items"])
    assert len(statements) == 2
