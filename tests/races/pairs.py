"""Races and their twins, as their marks pair them."""

import ast
from dataclasses import dataclass, field

ON_SQLITE = ("test_lost_update", "test_twin_the_default_engine_loses_updates")
"""The twin of every race on SQLite: see `complaints`."""

BACKENDS = ["sqlite", "postgresql"]


@dataclass
class Pairing:
    """The tests of one module: the twins that each race names, every twin, and the rest."""

    name: str
    races: dict = field(default_factory=dict)
    twins: dict = field(default_factory=dict)
    others: list = field(default_factory=list)


def pairing_of(name, source):
    """Read the marks of a module's tests."""
    found = Pairing(name)
    for function in ast.parse(source).body:
        if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
            continue
        marks = dict(_marks(function))
        backends = _backends(marks)
        if "race" in marks:
            found.races[function.name] = (marks["race"], backends)
        if "twin" in marks:
            found.twins[function.name] = backends
        if not {"race", "twin"} & marks.keys():
            found.others.append(function.name)
    return found


def complaints(pairing, *, are_all_races):
    """What is wrong with the pairs of a module; `are_all_races`: it holds nothing else.

    A race needs a twin on PostgreSQL. On SQLite all are kept apart by the same: a write has the
    gate and BEGIN IMMEDIATE before its first statement, so it meets nobody. One twin takes that
    away once for all.
    """
    found = []
    named = {twin for twins, _ in pairing.races.values() for twin in twins}
    for race, (twins, backends) in pairing.races.items():
        if not twins:
            found.append(f"{race} names no twin")
        unknown = [twin for twin in twins if twin not in pairing.twins]
        found += [f"{race} names {twin}, which is no twin here" for twin in unknown]
        seen_on = {on for twin in twins for on in pairing.twins.get(twin, ())}
        if "postgresql" in backends and "postgresql" not in seen_on:
            found.append(f"{race} has no twin on PostgreSQL")
    found += [f"{twin} is the twin of no race" for twin in pairing.twins if twin not in named]
    found += [f"{both} is race and twin" for both in pairing.races if both in pairing.twins]
    if are_all_races:
        found += [f"{other} is neither race nor twin" for other in pairing.others]
    return [f"{pairing.name}: {complaint}" for complaint in found]


def _marks(function):
    """Each mark that says something here, with its arguments."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = ast.unparse(call.func if call else decorator).removeprefix("pytest.mark.")
        arguments = call.args if call else []
        is_backend = name == "parametrize" and ast.unparse(arguments[0]) == "'backend'"
        if is_backend:
            # Among them may be a `pytest.param`.
            yield name, ["backend", _texts(arguments[1])]
        elif name in {"race", "twin"}:
            yield name, [ast.literal_eval(argument) for argument in arguments]


def _texts(node):
    found = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return [name for name in BACKENDS if name in found]


def _backends(marks):
    return marks["parametrize"][1] if "parametrize" in marks else BACKENDS
