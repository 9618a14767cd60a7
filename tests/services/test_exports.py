"""The archive of an export, read as another system would: what is in it, and what is not."""

import io
import zipfile

import pytest
from sqlalchemy import delete, update

from api import ids
from api.models import ClassStatus, Member, RegistrationState, Role, SchoolClass, StudentStatus
from api.services import exports
from api.services.exports import Export
from tests import factories
from tests.services.archive import HEADERS, Archive
from tests.services.office import Office

AWKWARD = 'Łódź, "the first"\r\nand\nlast; =1+1 ﷽ 🏫'


@pytest.fixture
def office(database):
    return Office.of(database, name="Elm School")


@pytest.fixture
def make(office):
    """Make a row of the office's school by the factory of that name."""

    def make(kind, *of, **given):
        with office.database.write() as tx:
            return getattr(factories, kind)(tx, *(of or [office.id]), **given)

    return make


def made(office, tell=lambda _progress: None):
    with office.database.snapshot() as tx:
        return Export(tx=tx, organization_id=office.id, tell=tell).made()


def read(office, tell=lambda _progress: None):
    """The archive, of which no other system would complain."""
    archive = Archive.read(made(office, tell)[1])
    assert archive.complaints() == []
    return archive


def org(office):
    return ids.encode("org", office.id)


@pytest.fixture
def whole(office, make):
    """A school with two of everything: one that another system named, and one that none did."""
    term = make("a_term", external_id="AUTUMN", name="Autumn")
    course = make("a_course", external_id="MATH", code="M 1", title="Algebra")
    teacher = make("a_member", role=Role.INSTRUCTOR)
    taught = [{"member_id": str(teacher.id), "name": "T."}, {"member_id": None, "name": "Guest"}]
    of = {"term_id": term.id, "course_id": course.id, "external_id": "MATH-1", "section": "A"}
    classes = [make("a_class", instructors=taught, location="R 1", **of), make("a_class")]
    students = [make("a_student", external_id="S-1"), make("a_student_with_login")]
    make("a_term")
    make("a_course")
    for school_class, student in zip(classes, students, strict=True):
        make("a_registration", school_class, student)
    return {"classes": classes, "students": students, "teacher": teacher}


def test_the_files_have_the_columns_of_the_standard_in_their_order(office, whole):
    name, body = made(office)

    archive = Archive.read(body)
    assert name == f"{office.school.organization.slug}-2026-09-01-oneroster.zip"
    assert archive.headers == HEADERS
    assert archive.complaints() == []


def test_the_manifest_names_every_file_of_the_standard(office):
    manifest = {row["propertyName"]: row["value"] for row in read(office).rows["manifest"]}

    files = {key: value for key, value in manifest.items() if key.startswith("file.")}
    bulk = {key.removeprefix("file.") for key, value in files.items() if value == "bulk"}
    assert bulk == HEADERS.keys() - {"manifest"}
    assert set(files.values()) == {"bulk", "absent"}
    assert len(files) == 13
    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", "1.1")
    assert manifest["source.systemName"] == "Homeroom"


def test_a_school_without_anything_is_an_archive_of_its_organization_and_staff(office):
    archive = read(office)

    counts = {name: len(rows) for name, rows in archive.rows.items() if name != "manifest"}
    empty = dict.fromkeys(("academicSessions", "courses", "classes", "enrollments"), 0)
    assert counts == {**empty, "orgs": 1, "users": 1}
    (row,) = archive.rows["orgs"]
    assert (row["sourcedId"], row["name"], row["type"]) == (org(office), "Elm School", "school")


def test_what_another_system_named_keeps_that_name_wherever_it_is_referred_to(office, whole):
    archive = read(office)

    row = archive.find("classes", sourcedId="MATH-1")
    assert (row["courseSourcedId"], row["termSourcedIds"]) == ("MATH", "AUTUMN")
    assert (row["classCode"], row["location"], row["classType"]) == ("A", "R 1", "scheduled")
    assert archive.find("courses", sourcedId="MATH")["courseCode"] == "M 1"
    term = archive.find("academicSessions", sourcedId="AUTUMN")
    assert (term["title"], term["type"], term["schoolYear"]) == ("Autumn", "term", "2027")
    assert (term["startDate"], term["endDate"]) == ("2026-10-01", "2027-01-31")
    student = archive.find("users", sourcedId="S-1")
    assert (student["identifier"], student["role"]) == ("S-1", "student")
    assert ("MATH-1", "S-1") in archive.seated


def test_what_has_no_other_name_goes_by_its_id(office, whole):
    archive = read(office)

    own = ids.encode("cls", whole["classes"][1].id), ids.encode("stu", whole["students"][1].id)
    assert own in archive.seated
    student = archive.find("users", sourcedId=own[1])
    assert student["username"].startswith("user-")
    assert student["identifier"] == ""


def test_a_class_without_course_or_term_gets_its_own_and_the_year(office, make):
    row = make("a_class", title="Chess", section=None)
    make("a_course")

    archive = read(office)

    sourced = ids.encode("cls", row.id)
    school_class = archive.find("classes", sourcedId=sourced)
    course = archive.find("courses", sourcedId=school_class["courseSourcedId"])
    year = archive.find("academicSessions", sourcedId=school_class["termSourcedIds"])
    assert (course["title"], course["courseCode"]) == ("Chess", sourced)
    assert len(archive.rows["courses"]) == 2
    assert (year["type"], year["schoolYear"], year["title"]) == ("schoolYear", "2026", "Elm School")
    assert (year["startDate"], year["endDate"]) == ("2026-01-01", "2026-12-31")


def test_where_every_class_has_a_course_and_a_term_none_is_made_up(office, make):
    term, course = make("a_term"), make("a_course")
    make("a_class", term_id=term.id, course_id=course.id)

    archive = read(office)

    assert archive.column("courses", "sourcedId") == [ids.encode("crs", course.id)]
    assert archive.column("academicSessions", "sourcedId") == [ids.encode("trm", term.id)]


def test_a_class_and_a_course_that_another_system_calls_the_same_are_not_mixed_up(office, make):
    make("a_class", external_id="MATH", title="Chess")
    make("a_course", external_id="MATH", title="Algebra")

    archive = read(office)

    own = archive.find("classes", sourcedId="MATH")["courseSourcedId"]
    assert archive.find("courses", sourcedId=own)["title"] == "Chess"
    assert archive.find("courses", sourcedId="MATH")["title"] == "Algebra"


@pytest.mark.parametrize("state", RegistrationState)
def test_only_who_is_enrolled_has_an_enrolment(office, make, state):
    row, student = make("a_class"), make("a_student")
    make("a_registration", row, student, state=state)

    archive = read(office)

    pair = ids.encode("cls", row.id), ids.encode("stu", student.id)
    assert archive.seated == ({pair} if state is RegistrationState.ENROLLED else set())
    assert archive.find("users", sourcedId=pair[1])["enabledUser"] == "true"


@pytest.mark.parametrize("status", ClassStatus)
def test_a_class_is_there_once_it_was_published_unless_it_is_cancelled(office, make, status):
    row, student = make("a_class", status=status), make("a_student")
    make("a_registration", row, student)

    archive = read(office)

    is_there = status not in {ClassStatus.DRAFT, ClassStatus.CANCELLED}
    for file in ("classes", "courses", "enrollments", "academicSessions"):
        assert len(archive.rows[file]) == is_there, file
    assert len(archive.rows["users"]) == 2


def test_staff_are_administrators_or_teachers_and_who_studies_is_no_staff(office, make):
    for role in Role:
        make("a_member", role=role)

    users = read(office).rows["users"]

    roles = sorted(row["role"] for row in users)
    assert roles == ["administrator", "administrator", "administrator", "teacher"]
    assert {(row["enabledUser"], row["orgSourcedIds"]) for row in users} == {("true", org(office))}


def test_staff_go_by_the_name_that_they_chose_else_by_that_of_their_login(office, make):
    with office.database.write() as tx:
        shown = factories.a_user(tx, display_name="The Dean", email="dean@school.example")
        plain = factories.a_user(tx)
    for user in (shown, plain):
        make("a_member", role=Role.OWNER, user_id=user.id)

    archive = read(office)

    dean = archive.find("users", username=shown.username)
    assert (dean["givenName"], dean["familyName"]) == ("The", "Dean")
    # Nobody but whoever has the account is told where else to write to.
    assert dean["email"] == ""
    named = archive.find("users", username=plain.username)
    assert {named["givenName"], named["familyName"]} == {plain.username}


def test_a_teacher_who_studies_too_is_two_users_of_two_names(office, make):
    teacher = make("a_member", role=Role.INSTRUCTOR)
    student = make("a_student", member_id=teacher.id)

    archive = read(office)

    sourced = ids.encode("stu", student.id)
    assert archive.find("users", sourcedId=sourced)["username"] == sourced
    assert archive.find("users", sourcedId=ids.encode("mem", teacher.id))["role"] == "teacher"


def test_a_student_whom_another_system_calls_as_a_login_is_called_takes_no_name_away(office, make):
    with office.database.write() as tx:
        login = factories.a_user(tx)
    make("a_member", role=Role.INSTRUCTOR, user_id=login.id)
    student = make("a_student", external_id=login.username)

    archive = read(office)

    row = archive.find("users", sourcedId=login.username)
    assert row["username"] == ids.encode("stu", student.id)
    assert archive.find("users", username=login.username)["role"] == "teacher"


def test_the_first_who_teaches_a_class_and_is_there_is_its_primary_teacher(office, make):
    gone, first, second = [make("a_member", role=Role.INSTRUCTOR) for _ in range(3)]
    studies = make("a_member", role=Role.STUDENT)
    named = [*(gone.id, first.id, studies.id, second.id, first.id), None]
    taught = [{"member_id": one and str(one), "name": "T."} for one in named]
    row = make("a_class", instructors=taught, external_id="CHESS")
    with office.database.write() as tx:
        # It is gone with the member: what no constraint asks for is left out, too.
        tx.execute(delete(Member).where(Member.organization_id == office.id, Member.id == gone.id))

    archive = read(office)

    members = [ids.encode("mem", one.id) for one in (first, second)]
    assert archive.teaching == [("CHESS", members[0], "true"), ("CHESS", members[1], "false")]
    assert row.instructors == taught


def test_an_inactive_student_is_a_user_who_is_not_enabled(office, make):
    student = make("a_student", status=StudentStatus.INACTIVE)
    make("a_registration", make("a_class"), student)

    archive = read(office)

    sourced = ids.encode("stu", student.id)
    assert archive.find("users", sourcedId=sourced)["enabledUser"] == "false"
    assert {user for _, user in archive.seated} == {sourced}


def test_of_who_was_erased_nothing_is_left(office, make):
    leaver, other = [office.school.a_student(family_name=name) for name in ("Leaver", "Other")]
    for status in (ClassStatus.OPEN, ClassStatus.ENDED):
        row = office.school.a_class()
        for student in (leaver, other):
            office.school.register(row, student)
        with office.database.write() as tx:
            of = update(SchoolClass).where(
                SchoolClass.organization_id == office.id, SchoolClass.id == row.id
            )
            tx.execute(of.values(status=status))

    office.erase(leaver)

    archive = read(office)
    texts = [cell for rows in archive.rows.values() for row in rows for cell in row.values()]
    assert "Leaver" not in texts
    assert ids.encode("stu", leaver.id) not in texts
    assert {user for _, user in archive.seated} == {ids.encode("stu", other.id)}
    assert len(archive.seated) == 2


def test_nothing_of_another_organization_is_there(office, make):
    other = Office.of(office.database)
    row = other.school.a_class(external_id="ELSEWHERE")
    other.school.register(row, other.school.a_student())

    archive = read(office)

    assert (archive.rows["classes"], archive.seated) == ([], set())
    assert len(archive.rows["users"]) == 1


def test_any_text_comes_back_as_it_was(office, make):
    named = {"given_name": AWKWARD, "family_name": ",", "email": '"o\'x"@school.example'}
    student = make("a_student", **named)
    row = make("a_class", title=AWKWARD, section="\n", location='"')
    make("a_course", title=AWKWARD, code="a,b")
    make("a_term", name=AWKWARD)

    archive = read(office)

    user = archive.find("users", sourcedId=ids.encode("stu", student.id))
    assert {user["givenName"], user["familyName"], user["email"]} == set(named.values())
    school_class = archive.find("classes", sourcedId=ids.encode("cls", row.id))
    cells = [school_class[name] for name in ("title", "classCode", "location")]
    assert cells == [AWKWARD, "\n", '"']
    assert archive.find("courses", courseCode="a,b")["title"] == AWKWARD
    assert archive.find("academicSessions", type="term")["title"] == AWKWARD


@pytest.fixture
def many(office, monkeypatch):
    """More rows than are read in a step; gives the pairs of class and student."""
    monkeypatch.setattr(exports, "ROWS_A_STEP", 2)
    pairs = set()
    with office.database.write() as tx:
        for _ in range(3):
            row = factories.a_class(tx, office.id)
            for _ in range(3):
                student = factories.a_student(tx, office.id)
                factories.a_registration(tx, row, student)
                pairs.add((ids.encode("cls", row.id), ids.encode("stu", student.id)))
    return pairs


def test_many_rows_are_all_there_once_and_in_the_order_of_their_ids(office, many):
    archive = read(office)

    assert archive.seated == many
    assert len(archive.rows["enrollments"]) == len(many)
    assert [len(archive.rows[file]) for file in ("classes", "users")] == [3, 10]
    enrolled = [ids.decode("reg", one) for one in archive.column("enrollments", "sourcedId")]
    assert enrolled == sorted(enrolled)


def test_a_progress_rises_and_the_whole_is_told_by_the_end_of_the_job(office, many):
    told = []

    read(office, told.append)

    assert told == sorted(told)
    assert len(set(told)) > 5
    assert (told[0] > 0, told[-1]) == (True, 99)


def test_everything_is_of_the_moment_at_which_the_export_began(office, many):
    row, happened = office.school.a_class(), []

    def meanwhile(_progress):
        if not happened:
            late = office.school.a_student(family_name="Late")
            happened.append(office.school.register(row, late))

    archive = read(office, meanwhile)

    assert archive.seated == many
    assert "Late" not in archive.column("users", "familyName")
    (late,) = happened
    now = ids.encode("cls", row.id), ids.encode("stu", late.student_id)
    assert read(office).seated == many | {now}


def test_the_same_rows_make_the_same_bytes(office, whole, many):
    first, second = made(office), made(office)

    assert first == second


def test_the_files_are_dated_as_the_export_is_and_compressed(office, many, clock):
    with zipfile.ZipFile(io.BytesIO(made(office)[1])) as archive:
        entries = archive.infolist()

    assert {entry.date_time for entry in entries} == {clock.now().timetuple()[:6]}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_DEFLATED}
    assert entries[0].filename == "manifest.csv"


def test_what_is_told_may_end_the_export(office, many):
    class Enough(Exception):
        pass

    def enough(progress):
        raise Enough

    with pytest.raises(Enough):
        made(office, enough)

    assert read(office).seated == many
