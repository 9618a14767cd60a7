"""Items that are kept as they went out, and what happens when they are not kept any more."""

from api.services import class_affordances


def a_class(school, title):
    new = {"title": title, "status": "open", "capacity": 3}
    return school.registrar.post(f"{school.url}/classes", new).json


def page(person, school):
    return {item["id"]: item for item in person.get(f"{school.url}/classes").json["items"]}


def test_an_item_that_is_forgotten_while_it_is_judged_is_shown_whole(school, monkeypatch):
    made = a_class(school, "Drawing")
    renderer = school.app.extensions["homeroom"].edge.renderer
    judge = class_affordances.judge_page

    def forget(*args, **options):
        judged = judge(*args, **options)
        renderer._slots.cache_clear()
        return judged

    page(school.student, school)
    monkeypatch.setattr(class_affordances, "judge_page", forget)
    shown = page(school.registrar, school)[made["id"]]

    assert shown["title"] == "Drawing"
    assert shown == school.registrar.get(made["_links"]["self"]["href"]).json


def test_what_was_kept_shows_seats_and_edits_at_once(school):
    made = a_class(school, "Drawing")
    before = page(school.student, school)[made["id"]]

    school.student.post(made["_links"]["registrations"]["href"], {})
    taken = page(school.registrar, school)[made["id"]]
    school.registrar.patch(
        made["_links"]["self"]["href"], {"title": "Painting"}, headers={"If-Match": '"v1"'}
    )
    edited = page(school.student, school)[made["id"]]

    assert (before["seats_taken"], taken["seats_taken"]) == (0, 1)
    assert edited["title"] == "Painting"
    assert edited["_blocked"]["register"][0]["code"] == "already-registered"


def test_what_staff_may_do_is_not_shown_to_a_student(school):
    made = a_class(school, "Drawing")

    for _ in range(2):
        staff, student = page(school.registrar, school), page(school.student, school)
        assert "edit" in staff[made["id"]]["_links"]
        assert "edit" not in student[made["id"]]["_links"]
