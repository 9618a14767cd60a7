"""One run of schemathesis as one persona: its configuration, and what goes into every call."""

import random
import re
import time
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.generation.modes import GenerationMode
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from api.schemas.patterns import IDEMPOTENCY_KEY
from tests.fuzz.beyond_the_schema import CHECKS, is_expected
from tests.fuzz.covering import Covering
from tests.fuzz.grounds import WORDS_OF_A_BODY
from tests.fuzz.tally import operation_of

PHASES = ("examples", "coverage", "fuzzing", "stateful")
ID = re.compile(r"\b[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
KEY = re.compile(IDEMPOTENCY_KEY)
SPOILING = frozenset(
    {
        *("delete_user", "update_user", "create_invitation_acceptance", "delete_registration"),
        *("create_registration", "create_class_registration", "create_student_registration"),
        *("create_registration_transition", "update_member", "update_class", "replace_class"),
        *("update_student", "replace_student", "update_session", "update_organization"),
    }
)
"""Operations after whose success, other than a deletion, others would find a different school."""
TAKING_AWAY = frozenset(
    {"delete_user", "delete_organization", "delete_current_token", "delete_token", "delete_member"}
)
"""Those after which a walk from link to link cannot go on."""
CONDITIONS = {"If-Match": "*", "If-None-Match": '"v0-of-another"'}
PLACES = {
    "path_parameters": ParameterLocation.PATH,
    "query": ParameterLocation.QUERY,
    "headers": ParameterLocation.HEADER,
    "body": ParameterLocation.BODY,
}


def is_a_finding(context, failure, case, response):
    return not is_expected(failure, case, response)


@dataclass
class Caller:
    """Puts a persona's token and a school's words into the calls, and notices a spoilt school."""

    grounds: object
    persona: str
    dice: random.Random
    told: set = field(default_factory=set)
    place: object = None
    keys: int = 0

    def __post_init__(self):
        self._move()

    def _move(self):
        """Go on in a new school; what was told of the one before is of nothing there."""
        self.place = self.grounds.a_place()
        self.told.clear()

    @contextmanager
    def calling(self, schema):
        """Stand around every call of a schema; hooks of calls are the whole process's."""
        hooks = {"before_call": self.before_call, "after_call": self.after_call}
        for name, hook in hooks.items():
            GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, name)
        schema.hooks.register_hook_with_name(is_a_finding, "filter_failure")
        if self.persona != "nobody":
            schema.auth(refresh_interval=None)(self._bearer())
        try:
            yield
        finally:
            for hook in hooks.values():
                GLOBAL_HOOK_DISPATCHER.unregister(hook)

    def _bearer(self):
        caller = self

        class Bearer:
            def get(self, case, context):
                return caller.place.tokens[caller.persona]

            def set(self, case, data, context):
                case.headers = case.headers or {}
                case.headers["Authorization"] = f"Bearer {data}"

        return Bearer

    def before_call(self, context, case, kwargs):
        """Exchange what was drawn for what exists, wherever the draw meant to be valid."""
        known = self.place.named(self.persona, operation_of(case))
        if self._is_valid(case, "path_parameters") and self._mostly(0.95):
            self._fill(case.path_parameters, known)
        if case.headers:
            self._put_headers(case)
        if case.query and self._is_valid(case, "query"):
            self._put_query(case.query, known)
        if isinstance(case.body, (dict, list)) and self._is_valid(case, "body"):
            self._put_body(case, known)

    def _mostly(self, share):
        return self.dice.random() < share

    def _put_headers(self, case):
        if self._is_valid(case, "headers"):
            for name, value in CONDITIONS.items():
                if name in case.headers and self._mostly(0.9):
                    case.headers[name] = value
        if KEY.fullmatch(case.headers.get("Idempotency-Key", "")):
            # A key that was used before would replay an answer to another case.
            self.keys += 1
            case.headers["Idempotency-Key"] = f"key-{self.keys}"

    def _put_query(self, query, known):
        if self._mostly(0.7):
            self._fill(query, known)
        if self._mostly(0.9):
            # No cursor that was drawn is one of ours.
            query.pop("cursor", None)

    def _put_body(self, case, known):
        operation = operation_of(case)
        if isinstance(case.body, list):
            if self._mostly(0.6):
                case.body = self.place.steps(operation, self.persona)
        elif case.method == "POST" and not self._mostly(0.7):
            case.body = self.place.smallest(operation, self.persona)
        elif self._mostly(0.8):
            words = known | self.place.in_a_body(self.persona)
            if operation not in WORDS_OF_A_BODY:
                # Whoever is called so already would be a duplicate.
                words = {name: words[name] for name in words if name not in ("external_id", "code")}
            self._fill(case.body, words)
            for part in case.body.get("instructors") or ():
                self._fill(part, known)
            self._make_sensible(case.body)

    @staticmethod
    def _is_valid(case, component):
        """Tell whether a part of the case was drawn as the document wants it."""
        info = case.meta.components.get(PLACES[component]) if case.meta else None
        return info is None or info.mode is GenerationMode.POSITIVE

    def _fill(self, members, known):
        for name in members or ():
            # An id that the server has told is one of a walk, and stays.
            if name in known and isinstance(members[name], str) and members[name] not in self.told:
                members[name] = known[name]

    def _make_sensible(self, body):
        ids = self.place.in_a_body(self.persona)
        for noun in ("class", "student"):
            # An id and an address exclude one another, and no address that was drawn is ours.
            if body.pop(f"{noun}_url", None) and f"{noun}_id" in ids:
                body[f"{noun}_id"] = ids[f"{noun}_id"]
        if body.get("timezone"):
            body["timezone"] = "Europe/Vienna"

    def after_call(self, context, case, response):
        if not 200 <= response.status_code < 300:
            return
        operation = operation_of(case)
        if case.method != "GET":
            self.told.update(ID.findall(response.text))
        is_walk = case.meta is not None and case.meta.phase.name == "stateful"
        spoilt = TAKING_AWAY if is_walk else SPOILING
        if operation in spoilt or (case.method == "DELETE" and not is_walk):
            self._move()


@dataclass
class Sieve:
    """Lets through a share of what covers each parameter, at least the first of each operation."""

    salt: str
    share: int
    seen: Counter = field(default_factory=Counter)

    def __call__(self, context, case):
        if case.meta is None or case.meta.phase.name.value != "coverage":
            return True
        operation = operation_of(case)
        self.seen[operation] += 1
        number = f"{self.salt} {operation} {self.seen[operation]}"
        return self.seen[operation] == 1 or zlib.crc32(number.encode()) % self.share == 0


@dataclass(frozen=True)
class Plan:
    """How much is done: examples of each operation, steps of a walk, a seed, and what bounds it."""

    examples: int
    walks: int
    seed: int
    seconds: float
    phases: tuple = PHASES
    operations: tuple = ()
    """Names of operations; none: all of them."""
    share: int = 1
    """One of so many cases of the coverage phase is sent: chosen by number, so always the same."""
    mode: str = "all"
    """Or `positive`: valid data alone."""
    covering: Covering = field(default_factory=Covering)
    """The cases of the coverage phase that were made already, for somebody else."""


def configuration(plan, base):
    """Every check is on; what is expected beside a 2xx is in `beyond_the_schema`."""
    phases = {name: {"enabled": name in plan.phases} for name in PHASES}
    phases["stateful"]["generation"] = {"max-examples": plan.walks}
    drawn = {"max-examples": plan.examples, "mode": plan.mode}
    return SchemathesisConfig.from_dict(
        {
            "seed": plan.seed,
            "base-url": base,
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 20,
            "generation": {**drawn, "no-shrink": True, "database": "none"},
            "checks": CHECKS,
            "phases": phases,
        }
    )


def run(grounds, persona, plan, tally, document):
    """Send one persona's cases; what the plan's bound of seconds cut off, the tally says."""
    schema = schemathesis.openapi.from_dict(document, config=configuration(plan, grounds.base))
    if plan.operations:
        schema = schema.include(operation_id=list(plan.operations))
    schema.hooks.register_hook_with_name(Sieve(f"{plan.seed} {persona}", plan.share), "filter_case")
    plan.covering.serve(schema)
    caller = Caller(grounds, persona, random.Random(plan.seed))
    began = time.monotonic()
    with caller.calling(schema):
        stream = from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                tally.add(persona, str(event.phase.value), event.recorder)
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                tally.errors.append(f"{persona}: {event}"[:600])
            elif isinstance(event, events.Interrupted):
                raise KeyboardInterrupt  # which the engine took for itself
            if time.monotonic() - began > plan.seconds:
                stream.stop()
                tally.cut.append(f"{persona} {plan.phases}: stopped after {plan.seconds:.0f} s")
                break
