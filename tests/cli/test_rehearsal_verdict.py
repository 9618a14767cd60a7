import asyncio
import random
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest

from api.cli.rehearsal import directory, run
from api.cli.rehearsal.client import Client
from api.cli.rehearsal.demand import Command
from api.cli.rehearsal.directory import NotReady, Place, Tokens, tokens_of
from api.cli.rehearsal.follower import Copy, Follower
from api.cli.rehearsal.inspection import Inspection
from api.cli.rehearsal.ledger import replayed
from api.cli.rehearsal.oracle import foretell
from api.cli.rehearsal.replay import Replay
from api.cli.rehearsal.run import Plan, Rehearsal
from api.cli.rehearsal.verdict import Facts, judge
from tests.cli.tiny_school import ORGANIZATION, TinyClass, TinySchool

SEATS = {"001": 2, "002": None, "003": 0}
AGAIN = "sent again with its key, an answer comes back byte for byte"
BESIDE = "who came back"
DAWN = datetime(2022, 2, 12, 8)  # noqa: DTZ001 - demand has local time without a zone


@pytest.fixture(autouse=True)
def _no_sweeper(monkeypatch):
    """What stands after the day in a tiny school, stands at once."""
    monkeypatch.setattr(run, "SETTLED_SECONDS", 0)


def commands(students=12):
    """Everybody asks for all three sections; every third leaves the first again."""
    asked = [("request", section, n) for n in range(students) for section in SEATS]
    left = [("drop", "001", n) for n in range(0, students, 3)]
    return [
        Command(number, DAWN + timedelta(minutes=number), f"S{n}", action, section)
        for number, (action, section, n) in enumerate(asked + left, start=1)
    ]


def a_plan(**changes):
    day = commands()
    plan = {
        "commands": day,
        "expected": foretell(day, SEATS),
        "tokens": Tokens(
            registrar="token-registrar", students={f"S{n}": f"token-S{n}" for n in range(12)}
        ),
        "connections": 4,
        "speed": None,
        "kills": 0,
        "seed": 1,
        "conflicts_block": False,
    }
    return Plan(**{**plan, **changes})


def a_school(**changes):
    places = [TinyClass(f"cls_{name}", name, seats) for name, seats in SEATS.items()]
    return TinySchool(classes=[*places, TinyClass("cls_x", "999", 3)], **changes)


async def rehearsed(school, plan):
    async with school.served() as address:
        return await Rehearsal(plan=plan, addresses=[address], bars=False).run()


def check_of(outcome, beginning):
    (found,) = [check for check in outcome.checks if check.claim.startswith(beginning)]
    return found


def broken_claims(outcome):
    return {check.claim for check in outcome.checks if not check.holds}


def test_a_school_that_keeps_its_promises_passes_every_check():
    school = a_school()

    outcome = asyncio.run(rehearsed(school, a_plan()))

    assert broken_claims(outcome) == set()
    assert len(outcome.journal.claims) == 36
    assert len(outcome.journal.departures) == 4
    assert outcome.finals["001"].place.waitlist_length == 6
    assert any(check.claim == "14 enrolled and 18 waitlisted in all" for check in outcome.checks)


def test_broken_connections_and_busy_answers_change_nothing_in_the_end():
    chance = random.Random(5)
    troubles = [None, None, None, "lose", "refuse", "503", "429"]

    def trouble(_number, method, _path):
        return chance.choice(troubles) if method != "GET" else None

    outcome = asyncio.run(rehearsed(a_school(trouble=trouble), a_plan()))

    assert broken_claims(outcome) == set()
    assert outcome.tally.broken > 0
    assert outcome.tally.busy > 0
    assert outcome.tally.limited > 0


def test_a_server_that_serves_a_repeated_key_twice_is_found_out():
    def lose_a_registration(number, method, _path):
        return "lose" if method == "POST" and number % 7 == 0 else None

    school = a_school(trouble=lose_a_registration, forget_keys=True)

    claims = broken_claims(asyncio.run(rehearsed(school, a_plan())))

    assert "keys with two effects: 0" in claims
    assert any(claim.startswith(AGAIN) for claim in claims)
    assert "no student has two live registrations in a class" in claims
    assert "enrolled and waitlisted as foretold, class by class" in claims


def test_every_answer_is_asked_for_again():
    day = commands(students=90)
    tokens = Tokens(
        registrar="token-registrar", students={f"S{n}": f"token-S{n}" for n in range(90)}
    )
    plan = a_plan(commands=day, expected=foretell(day, SEATS), tokens=tokens)
    school = a_school()

    again = check_of(asyncio.run(rehearsed(school, plan)), AGAIN)

    assert (again.looked_at, again.holds) == (len(day), True)
    assert again.claim.endswith(": 300 of 300")
    assert set(Counter(key for _, _, key in school.seen if key).values()) == {2}


def test_an_answer_that_is_worded_otherwise_the_second_time_is_found_out():
    plan = a_plan(commands=[one for one in commands() if one.action == "request"])

    again = check_of(asyncio.run(rehearsed(a_school(rewords=True), plan)), AGAIN)

    assert (again.looked_at, again.faults) == (36, 36)


def test_what_the_time_does_not_bear_is_not_called_compared(monkeypatch):
    monkeypatch.setattr(run, "AGAIN_SECONDS", -1)

    again = check_of(asyncio.run(rehearsed(a_school(), a_plan())), AGAIN)

    assert again.looked_at == 0
    assert again.claim.endswith(": 0 of 40")


def test_a_reader_beside_the_day_comes_back_and_has_every_event():
    school = a_school()

    beside = check_of(asyncio.run(rehearsed(school, a_plan())), BESIDE)

    polls = [path for _, path, _ in school.seen if "/events?after=" in path]
    during = int(re.search(r"(\d+) of them read during the day", beside.claim)[1])
    assert beside.holds
    assert beside.looked_at == sum(len(place.events) for place in school.classes)
    assert 0 < during <= beside.looked_at
    assert any("after=0" not in path for path in polls[:10])


def test_an_event_that_a_reader_beside_the_day_was_led_past_is_missed():
    beside = check_of(asyncio.run(rehearsed(a_school(hasty=True), a_plan())), BESIDE)

    assert not beside.holds
    assert "differs at" in beside.examples[0]


def test_a_reader_who_was_led_past_the_end_misses_it():
    async def judged():
        school, place = a_school(), TinyClass("cls_1", "001", 5)
        school.classes = [place]
        place.move({"id": "reg_1", "student_id": "s", "ticket": 1, "state": None}, "enrolled", 1)
        async with school.served() as address:
            client = Client(addresses=[address])
            seen = (await directory.places(client, "t", ORGANIZATION))["001"]
            copies = [Copy(place=seen, after=1)]
            return await Follower(clients=[client], token="t", copies=copies).judged()

    assert asyncio.run(judged()).examples == ["001: 0 of 1, differs at 1"]


def test_a_500_is_reported_with_its_event():
    def fail_once(_number, method, path):
        return "500" if method == "POST" and "cls_002" in path else None

    outcome = asyncio.run(rehearsed(a_school(trouble=fail_once), a_plan()))

    answers = outcome.checks[0]
    assert not answers.holds
    assert answers.faults == 12
    assert answers.examples[0].startswith("event 2 (request): 500")


def test_refusals_are_answers_like_others_where_conflicts_block():
    school = a_school(refuse_students=("S0", "S1"))
    plan = a_plan(conflicts_block=True)

    outcome = asyncio.run(rehearsed(school, plan))

    assert broken_claims(outcome) == set()
    assert outcome.journal.refusals == {"time-conflict": 6}
    assert outcome.journal.skipped == 1
    assert school.conflict_policy == "block"
    assert not any("foretold" in check.claim for check in outcome.checks)


def test_a_day_at_a_speed_keeps_the_intervals():
    day = commands()
    minutes = len(day) - 1
    plan = a_plan(speed=minutes * 60 / 0.5)

    outcome = asyncio.run(rehearsed(a_school(), plan))

    assert outcome.seconds >= 0.5
    assert len(outcome.journal.behind) == len(day)
    assert broken_claims(outcome) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokens": Tokens(registrar="token-r", students={})}, "12 students without a token"),
        (
            {"commands": [Command(1, DAWN, "S0", "request", "555")]},
            "1 sections without a class: 555",
        ),
    ],
)
def test_a_school_that_does_not_fit_the_demand_is_refused(change, said):
    with pytest.raises(NotReady, match=said):
        asyncio.run(rehearsed(a_school(), a_plan(**change)))


def test_a_school_that_was_rehearsed_on_before_is_refused():
    school = a_school()
    asyncio.run(rehearsed(school, a_plan()))

    with pytest.raises(NotReady, match="3 classes that hold registrations already"):
        asyncio.run(rehearsed(school, a_plan()))


def test_tokens_need_a_registrar():
    with pytest.raises(NotReady, match="no line of the registrar"):
        tokens_of([{"external_id": "S1", "token": "hr_1"}])
    with pytest.raises(NotReady, match="neither external_id nor role"):
        tokens_of([{"token": "hr_1"}])


def test_an_owner_sets_the_policy_where_the_registrar_may_not():
    school = a_school(only_owner_sets="owner")
    tokens = a_plan().tokens
    owned = Tokens(registrar=tokens.registrar, students=tokens.students, owner="token-owner")

    with pytest.raises(NotReady, match="could not be set to block"):
        asyncio.run(rehearsed(school, a_plan(conflicts_block=True)))
    asyncio.run(rehearsed(school, a_plan(conflicts_block=True, tokens=owned)))

    assert school.conflict_policy == "block"


def test_a_policy_that_blocks_already_is_left_as_it_is():
    school = a_school(conflict_policy="block", only_owner_sets="owner")

    outcome = asyncio.run(rehearsed(school, a_plan(conflicts_block=True)))

    assert broken_claims(outcome) == set()


def test_a_registrar_of_two_organizations_is_refused():
    school = a_school(organizations=("org_1", "org_2"))

    with pytest.raises(NotReady, match="belongs to 2 organizations"):
        asyncio.run(rehearsed(school, a_plan()))


def test_an_answer_to_the_registrar_that_is_not_200_is_shown():
    school = a_school(trouble=lambda _number, _method, path: "500" if "classes" in path else None)

    with pytest.raises(NotReady, match=r"GET /v1/organizations/.* answered 500: \{\}"):
        asyncio.run(rehearsed(school, a_plan()))


def test_a_command_that_no_server_answers_is_reported_and_the_day_goes_on():
    def never(_number, method, path):
        return "refuse" if method == "POST" and "cls_003" in path else None

    async def run():
        async with a_school(trouble=never).served() as address:
            clients = [Client(addresses=[address], patience_seconds=0.02) for _ in range(4)]
            places = {
                name: Place(
                    class_id=f"cls_{name}",
                    section=name,
                    capacity=seats,
                    seats_taken=0,
                    waitlist_length=0,
                )
                for name, seats in SEATS.items()
            }
            replay = Replay(places=places, tokens=a_plan().tokens, run="r")
            return await replay.run_day(commands(), clients)

    journal = asyncio.run(run())

    assert len(journal.unexpected) == 12
    assert {odd.status for odd in journal.unexpected} == {0}
    assert len(journal.sent) + journal.skipped == len(commands())


def lose_a_row(school):
    school.classes[0].rows.popitem()


def undo_a_drop(school):
    row = next(
        row for row in school.classes[0].rows.values() if row["state"] in ("left", "dropped")
    )
    row["state"] = "enrolled"


def move_the_line(school):
    first, second = school.classes[0].line[:2]
    first["ticket"], second["ticket"] = second["ticket"], first["ticket"]


def sell_a_seat_twice(school):
    place = school.classes[0]
    place.move(place.line[0], "enrolled", 1)


def cut_an_event_out(school):
    del school.classes[0].events[3]


def change_an_event(school):
    school.classes[0].events[3]["data"]["ticket"] += 1


def touch_another_class(school):
    school.classes[3].capacity = 4


def unseat_silently(school):
    row = next(row for row in school.classes[1].rows.values() if row["state"] == "enrolled")
    row["state"] = "waitlisted"


def let_a_seat_idle(school):
    school.classes[0].capacity = 9


MISDEEDS = {
    lose_a_row: "2xx that are missing or undone afterwards: 0",
    undo_a_drop: "2xx that are missing or undone afterwards: 0",
    move_the_line: "2xx that are missing or undone afterwards: 0",
    sell_a_seat_twice: "no event in a ledger ever went over capacity",
    cut_an_event_out: "every class's events are without a gap",
    change_an_event: "hash chains hold when computed anew",
    touch_another_class: "classes that nobody asked for stand as before",
    unseat_silently: "seats taken are the seats of the rows and of the ledger",
    let_a_seat_idle: "no seat is idle while somebody waits",
}


@pytest.mark.parametrize("misdeed", MISDEEDS, ids=lambda misdeed: misdeed.__name__)
def test_a_misdeed_after_the_day_is_found_out(misdeed):
    async def run():
        school, plan = a_school(), a_plan()
        async with school.served() as address:
            outcome = await Rehearsal(plan=plan, addresses=[address], bars=False).run()
            registrar = Inspection(
                clients=[Client(addresses=[address])],
                token=plan.tokens.registrar,
                organization_id=ORGANIZATION,
            )
            before = await registrar.places()
            misdeed(school)
            after = await registrar.places()
            finals = await registrar.finals([after[section] for section in plan.expected])
            registrar.close()
        facts = Facts(
            journal=outcome.journal,
            finals={final.place.section: final for final in finals},
            before=before,
            after=after,
            expected=plan.expected,
        )
        return {check.claim for check in judge(facts) if not check.holds}

    assert MISDEEDS[misdeed] in asyncio.run(run())


def test_a_seat_given_past_the_line_is_seen_in_the_ledger():
    place = TinyClass("cls_1", "001", 1)
    rows = [
        {"id": f"reg_{n}", "student_id": f"stu_{n}", "ticket": n, "state": None} for n in (1, 2)
    ]
    place.move(rows[0], "waitlisted", 0)
    place.move(rows[1], "enrolled", 1)

    ledger = replayed("cls_1", place.events)

    assert ledger.barged == [2]
    assert ledger.forged == []


def test_somebody_passed_over_for_a_reason_of_their_own_may_be_overtaken():
    place = TinyClass("cls_1", "001", 1)
    rows = [
        {"id": f"reg_{n}", "student_id": f"stu_{n}", "ticket": n, "state": None} for n in (1, 2)
    ]
    place.move(rows[0], "waitlisted", 0)
    place.move(rows[0], "waitlisted", 0)
    place.events[-1]["type"] = "registration.skipped"
    place.move(rows[1], "enrolled", 1)

    ledger = replayed("cls_1", place.events)

    assert ledger.barged == []
    assert ledger.eligible == 0
