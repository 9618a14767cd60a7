"""How the databases find what the guards look at, in an organization of any size."""

import pytest
from sqlalchemy import event, text

from api.models import access, class_item, facts, page_facts, places, roster
from api.models.facts_ahead import GUARDS_OF_HOLDER
from api.models.prepared import prepared
from api.models.verify_rows import NO_LIMIT_HERE
from api.services.exports import BEFORE_ALL
from tests import factories

PAGES = {
    "terms": roster.TERMS,
    "courses": roster.COURSES,
    "classes": roster.CLASSES,
    "members": roster.STAFF_MEMBERS,
    "students": roster.STUDENTS,
    "registrations": roster.SEATS,
}
"""What an export reads page by page, by the table that it goes along."""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", [class_item.CLASS_ITEM, facts.GUARDS, page_facts.SESSIONS])
def test_sessions_are_looked_up_by_class(tx, statement):
    school_class = factories.a_class(tx)
    student = factories.a_student(tx, school_class.organization_id)
    asked = {
        "class_id": school_class.id,
        "class_ids": frozenset([school_class.id]),
        "organization_id": school_class.organization_id,
        "student_ids": [student.id],
        "clock_now": tx.now(),
    }

    plan = plan_of(tx, statement, asked)

    sessions = [step for step in plan if "sessions" in step]
    assert sessions
    assert all("organization_id=? AND class_id=?" in step for step in sessions), plan


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", [places.SKIPPED_ELSEWHERE, places.KEPT_WAITING_BY])
def test_the_search_for_other_lines_begins_with_the_student_or_the_class(tx, statement):
    registration = factories.a_registration(tx)
    asked = {
        "class_id": registration.class_id,
        "organization_id": registration.organization_id,
        "student_ids": [registration.student_id],
    }

    plan = plan_of(tx, statement, asked)

    assert plan
    assert all("class_id=?" in step or "student_id=?" in step for step in plan), plan


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        class_item.CLASS_ITEM,
        class_item.CLASS_ITEM_UNSEARCHED,
        class_item.CLASS_ITEM_BRIEF,
        facts.GUARDS,
        GUARDS_OF_HOLDER,
        page_facts.PLACES,
    ],
)
def test_a_plan_made_for_empty_tables_finds_the_places_of_a_student_when_they_are_full(
    fresh_database, statement
):
    found = conditions_on("registrations", general_plan(fresh_database, statement))

    assert found
    assert all("student_id" in condition for condition in found), "\n".join(map(str, found))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("statement", [class_item.CLASS_ITEM, facts.GUARDS, GUARDS_OF_HOLDER])
def test_a_plan_made_for_empty_tables_looks_up_what_meets_at_an_hour(fresh_database, statement):
    found = conditions_on("sessions", general_plan(fresh_database, statement))

    assert sum("starts_at" in condition for condition in found) == 1, "\n".join(map(str, found))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_plan_made_for_empty_tables_finds_the_answers_of_one_user(fresh_database):
    found = conditions_on("idempotency_keys", general_plan(fresh_database, access.BY_TOKEN_AND_KEY))

    assert len(found) == 1
    assert all(column in found[0] for column in ("user_id", "method", "path", "key"))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_plan_made_for_empty_tables_begins_with_the_token(fresh_database):
    plan = general_plan(fresh_database, GUARDS_OF_HOLDER)

    looked_up = {"tokens": "hash", "members": "user_id", "students": "members."}
    for table, column in looked_up.items():
        found = conditions_on(table, plan)
        assert len(found) == 1
        assert column in found[0], f"{table}: {found[0]}"


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        access.BY_TOKEN_AND_KEY,
        class_item.CLASS_ITEM,
        class_item.CLASS_ITEM_UNSEARCHED,
        class_item.CLASS_ITEM_BRIEF,
        facts.GUARDS,
        GUARDS_OF_HOLDER,
        page_facts.PLACES,
    ],
)
def test_no_plan_made_for_empty_tables_reads_one_from_end_to_end(fresh_database, statement):
    plan = general_plan(fresh_database, statement)

    assert "Seq Scan" not in str(plan)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", PAGES)
def test_the_next_page_of_an_export_is_found_and_not_sorted_out(tx, table):
    since, after = BEFORE_ALL
    asked = {"organization_id": factories.an_organization(tx).id, "most": 500}

    plan = plan_of(tx, PAGES[table], {**asked, "since": since, "after": after})

    index = f"ix_{table}_organization_id_created_at_id"
    assert [step for step in plan if index in step and "created_at" in step], plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", PAGES)
def test_the_next_page_of_an_export_is_found_whatever_the_statistics_say(fresh_database, table):
    plan = general_plan(fresh_database, PAGES[table])

    assert "created_at" in conditions_on(table, plan)[0]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_is_read_is_planned_once_on_a_connection(fresh_database):
    with fresh_database.read() as tx:
        for _ in range(3):
            tx.first(access.BY_TOKEN, token_hash=b"nobody's")
        ((made_for_a_value, uses),) = tx.connection.exec_driver_sql(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE name ~ '[0-9]'"
        )

    assert made_for_a_value == 0
    # The very first use of a statement in a process prepares nothing.
    assert uses in {2, 3}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_is_verified_is_planned_for_what_is_asked(fresh_database):
    with fresh_database.snapshot() as tx:
        tx.execute(NO_LIMIT_HERE)
        mode = tx.scalar(text("SHOW plan_cache_mode"))

    assert mode == "auto"


def general_plan(database, statement):
    """The plan that a connection of PostgreSQL keeps for any parameters."""
    lists = [("student_ids", 1)] if "student_ids" in statement.compile().params else []
    ready = prepared(statement, "postgresql", tuple(lists))
    nothing = ", ".join(["NULL"] * len(ready.binds))
    with database.read() as tx:
        driver = tx.connection.connection.driver_connection
        driver.pgconn.prepare(b"asked", ready.sql.encode())
        driver.execute("SET plan_cache_mode = force_generic_plan")
        (plan,) = driver.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked({nothing})").fetchone()
    return plan[0]["Plan"]


def conditions_on(table, plan):
    """By what a plan looks a table up, wherever it does; the step itself where by nothing."""
    return [step.get("Index Cond", str(step)) for step in steps_on(table, plan)]


def steps_on(table, step):
    """The steps of a plan of PostgreSQL that read a table."""
    if step.get("Relation Name") == table:
        yield step
    for part in step.get("Plans", ()):
        yield from steps_on(table, part)


def plan_of(tx, statement, parameters):
    sent = []

    def note(*of):
        sent.append((of[2], of[3]))

    event.listen(tx.connection, "before_cursor_execute", note)
    tx.execute(statement, parameters).all()
    event.remove(tx.connection, "before_cursor_execute", note)
    text, values = sent[-1]
    return [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
