"""What came of the cases: how many there were, of what, by whom, and what was found."""

from collections import Counter
from dataclasses import dataclass, field

from schemathesis.engine import Status

MODES = ("positive", "negative")
NAMES = ("operation", "persona", "status", "phase", "mode")
"""What cases are counted by; `mode`: whether the data is what the document wants, or is not."""


@dataclass
class Tally:
    """The counts and the findings of any number of runs."""

    cases: Counter = field(default_factory=Counter)
    failures: dict = field(default_factory=dict)
    errors: list = field(default_factory=list)
    cut: list = field(default_factory=list)
    """Which runs reached their bound of seconds."""

    def total(self):
        return sum(self.cases.values())

    def by(self, *names):
        """Count the cases by some of `NAMES`."""
        counts = Counter()
        for key, number in self.cases.items():
            of = dict(zip(NAMES, key, strict=True))
            counts[tuple(of[name] for name in names)] += number
        return counts

    def operations(self, persona):
        """Name the operations that a persona called."""
        return {name for name, who in self.by("operation", "persona") if who == persona}

    def add(self, persona, phase, recorder):
        """Count what was answered in one scenario."""
        for case_id, node in recorder.cases.items():
            interaction = recorder.interactions.get(case_id)
            if interaction and interaction.response is not None:
                case, status = node.value, interaction.response.status_code
                self.cases[operation_of(case), persona, status, phase, mode_of(case)] += 1
        for case_id, checks in recorder.checks.items():
            case = recorder.cases[case_id].value
            for check in checks:
                if check.status is Status.FAILURE:
                    self._failed(persona, phase, case, check, recorder.interactions.get(case_id))

    def _failed(self, persona, phase, case, check, interaction):
        failure = check.failure_info.failure
        key = (operation_of(case), check.name, failure.message.partition("\n")[0][:160])
        self.failures.setdefault(
            key,
            {
                "operation": key[0],
                "check": check.name,
                "persona": persona,
                "phase": phase,
                "message": f"{failure.title}: {failure.message}"[:600],
                "answer": told(interaction)[:1000],
                "curl": check.failure_info.code_sample[:2000],
                "cases": 0,
            },
        )["cases"] += 1

    def join(self, other):
        """Take in what another process counted."""
        self.cases += other.cases
        for key, failure in other.failures.items():
            known = self.failures.setdefault(key, {**failure, "cases": 0})
            known["cases"] += failure["cases"]
        self.errors += other.errors
        self.cut += other.cut


def told(interaction):
    """Say status and body of the answer that was recorded."""
    answer = interaction.response if interaction else None
    return "no answer" if answer is None else f"{answer.status_code} {answer.text}"


def operations_of(document):
    """Name every operation of a document."""
    return {o["operationId"] for methods in document["paths"].values() for o in methods.values()}


def operation_of(case):
    return case.operation.definition.raw.get("operationId", case.operation.label)


def mode_of(case):
    return MODES[0] if case.meta is None else case.meta.generation.mode.value
