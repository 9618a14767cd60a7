"""What an answer of the generated client must be: an object of a type, or a problem with a code."""

from typing import Any, TypeVar

from homeroom_sdk.models import Problem
from homeroom_sdk.types import Response

Typed = TypeVar("Typed")


def typed(answer: Response[Any], kind: type[Typed], status: int) -> Typed:
    """The object of an answer, which must have this type and status."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.content!r}"
    assert isinstance(answer.parsed, kind), f"{type(answer.parsed)} is no {kind}"
    return answer.parsed


def refused(answer: Response[Any], status: int, code: str) -> Problem:
    """The problem of an answer, which must have this status and code."""
    problem = typed(answer, Problem, status)
    assert (problem.status, problem.code) == (status, code), problem
    assert problem.title
    assert problem.request_id
    return problem
