"""The verdict of a rehearsal: what was promised, what was foretold, and what stands."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.cli.rehearsal.directory import Place
from api.cli.rehearsal.inspection import Final
from api.cli.rehearsal.journal import Claim, Journal
from api.cli.rehearsal.ledger import SEATED
from api.cli.rehearsal.oracle import Expected, totals

EXAMPLES = 5
LIVE = ("pending", "waitlisted", "offered", "enrolled")
LEFT = ("dropped", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim of the verdict: it holds when no fault was found among `looked_at`."""

    claim: str
    looked_at: int
    faults: int
    examples: list[str]

    @property
    def holds(self) -> bool:
        return self.faults == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": self.claim,
            "holds": self.holds,
            "looked_at": self.looked_at,
            "faults": self.faults,
            "examples": self.examples,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the verdict is drawn from. `expected` is None when refusals were allowed."""

    journal: Journal
    finals: Mapping[str, Final]
    before: Mapping[str, Place]
    after: Mapping[str, Place]
    expected: Mapping[str, Expected] | None


def check(claim: str, looked_at: int, faults: Iterable[str]) -> Check:
    """Make a check of the faults that were found."""
    found = list(faults)
    return Check(claim=claim, looked_at=looked_at, faults=len(found), examples=found[:EXAMPLES])


def judge(facts: Facts) -> list[Check]:
    """Draw every check that the API alone allows."""
    checks = [_answers(facts)]
    if facts.expected is not None:
        checks += [_oracle(facts, facts.expected), _in_all(facts, facts.expected)]
    checks += [_untouched(facts), *_classes(facts), *_promises(facts)]
    return checks


def _answers(facts: Facts) -> Check:
    journal = facts.journal
    return check(
        "every command got the answer it should",
        len(journal.sent),
        (
            f"event {odd.command.number} ({odd.command.action}): {odd.status} {odd.detail}"
            for odd in journal.unexpected
        ),
    )


def _oracle(facts: Facts, expected: Mapping[str, Expected]) -> Check:
    def faults() -> Iterable[str]:
        for section, end in expected.items():
            final = facts.finals[section]
            told = (final.place.seats_taken, final.place.waitlist_length)
            rows = (final.count(*SEATED), final.count("waitlisted"))
            if {told, rows} != {(end.enrolled, end.waitlisted)}:
                yield (
                    f"{section}: foretold {end.enrolled}+{end.waitlisted}, "
                    f"class says {told[0]}+{told[1]}, rows say {rows[0]}+{rows[1]}"
                )

    return check("enrolled and waitlisted as foretold, class by class", len(expected), faults())


def _in_all(facts: Facts, expected: Mapping[str, Expected]) -> Check:
    foretold = totals(expected)
    finals = facts.finals.values()
    found = (
        sum(final.place.seats_taken for final in finals),
        sum(final.place.waitlist_length for final in finals),
    )
    differ = [] if found == foretold else [f"{found[0]}+{found[1]}"]
    return check(f"{foretold[0]} enrolled and {foretold[1]} waitlisted in all", 1, differ)


def _untouched(facts: Facts) -> Check:
    others = set(facts.before) - set(facts.finals)
    return check(
        "classes that nobody asked for stand as before",
        len(others),
        (section for section in sorted(others) if facts.before[section] != facts.after[section]),
    )


def _classes(facts: Facts) -> list[Check]:
    """The checks that each class passes or fails by itself."""
    rules: list[tuple[str, Callable[[Final], object]]] = [
        ("no class has more seats taken than it has", _over_capacity),
        ("no event in a ledger ever went over capacity", lambda final: final.ledger.oversold),
        ("seats taken are the seats of the rows and of the ledger", _counters_differ),
        ("no seat is idle while somebody waits", _idle_seat),
        ("nobody was seated past the line", lambda final: final.ledger.barged),
        ("positions are 1 to n", _positions_differ),
        ("tickets are 1 to n", _tickets_differ),
        ("no student has two live registrations in a class", _doubles),
        ("every class's events are without a gap", _gap),
        ("hash chains hold when computed anew", lambda final: final.ledger.forged),
        ("every audit says valid", lambda final: [] if final.audit["valid"] else final.audit),
    ]
    return [
        check(
            claim,
            len(facts.finals),
            (
                f"{section}: {fault}"
                for section, final in facts.finals.items()
                if (fault := rule(final))
            ),
        )
        for claim, rule in rules
    ]


def _over_capacity(final: Final) -> str:
    place = final.place
    over = place.capacity is not None and place.seats_taken > place.capacity
    return f"{place.seats_taken} of {place.capacity}" if over else ""


def _counters_differ(final: Final) -> str:
    told = (final.place.seats_taken, final.count(*SEATED), final.ledger.seats)
    lines = (final.place.waitlist_length, final.count("waitlisted"), len(final.ledger.waiting))
    return "" if len(set(told)) == len(set(lines)) == 1 else f"seats {told}, line {lines}"


def _idle_seat(final: Final) -> str:
    place = final.place
    idle = place.capacity is None or place.seats_taken < place.capacity
    eligible = final.ledger.eligible
    return f"{eligible} wait, {place.seats_taken} of {place.capacity}" if idle and eligible else ""


def _positions_differ(final: Final) -> str:
    wanted = list(range(1, final.place.waitlist_length + 1))
    return "" if final.positions == wanted else f"{final.positions[:10]}"


def _tickets_differ(final: Final) -> str:
    tickets = sorted(row.ticket for row in final.rows.values())
    return "" if tickets == list(range(1, len(tickets) + 1)) else f"{tickets[:10]}"


def _doubles(final: Final) -> list[str]:
    live = Counter(row.student_id for row in final.rows.values() if row.state in LIVE)
    return [student for student, count in live.items() if count > 1]


def _gap(final: Final) -> object:
    lost = final.ledger.head != final.head_seq
    return final.ledger.gaps or (f"{final.ledger.head} of {final.head_seq}" if lost else "")


def _promises(facts: Facts) -> list[Check]:
    """The checks of what the clients were told against what stands."""
    journal = facts.journal
    made = {row for final in facts.finals.values() for row in final.rows}
    gone = [
        row_id
        for final in facts.finals.values()
        for row_id, row in final.rows.items()
        if row.state in LEFT and row_id not in journal.departures
    ]
    lost = [(claim, fault) for claim in journal.claims.values() if (fault := _lost(facts, claim))]
    return [
        check(
            "2xx that are missing or undone afterwards: 0",
            len(journal.claims) + len(journal.departures),
            (f"event {claim.command.number}: {fault}" for claim, fault in lost),
        ),
        check(
            "keys with two effects: 0",
            len(journal.claims) + len(journal.departures),
            [
                *(f"{row} was given to two keys" for row in journal.repeated_ids),
                *(f"{row} belongs to no answered key" for row in made - set(journal.claims)),
                *(f"{row} was left without a drop" for row in gone),
            ],
        ),
    ]


def _lost(facts: Facts, claim: Claim) -> str:
    """Say what is wrong with a promise; nothing if it was kept and its state is explained."""
    final = facts.finals[claim.command.section]
    row = final.rows.get(claim.registration_id)
    if row is None:
        return f"{claim.registration_id} is missing"
    if (row.student_id, row.ticket) != (claim.student_id, claim.ticket):
        return f"{claim.registration_id} is another's now"
    history = final.ledger.states.get(claim.registration_id, [])
    if not history or history[0] != claim.state or history[-1] != row.state:
        return f"{claim.state}, then {row.state}, but its events say {history}"
    if claim.registration_id in facts.journal.departures:
        return "" if row.state in LEFT else f"left, and now {row.state}"
    kept = row.state in LIVE and not (claim.state == "enrolled" and row.state != "enrolled")
    return "" if kept else f"{claim.state}, and now {row.state}"
