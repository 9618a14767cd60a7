"""The second fence between organizations: no statement reads their rows without naming whose.

The first is the policy's where clauses, the third the composite foreign keys.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Engine, event

from api.models.base import db

Answer = Literal["fail", "log"]

ACROSS: Mapping[str, str] = MappingProxyType(
    {
        "sweeper": "takes what is due by the clock, whoever's it is, and then works class by class",
        "worker": "takes the next job, whoever's it is, and then works in its organization",
        "verify": "checks every class of the database, for the operator",
        "relay": "moves events on by stream, whoever's they are",
        "token": "finds the caller before any organization is known",
    }
)
"""Why a statement may look across organizations; it says which by `across(statement, reason)`."""

_OPTION = "across_organizations"
_log = logging.getLogger(__name__)


class Unscoped(Exception):
    """A statement on rows of organizations named none: a bug."""


def across(reason: str) -> dict[str, str]:
    """The execution options of a statement that may look across organizations.

    Raises:
        KeyError: the reason is not one of those in `ACROSS`.
    """
    return {_OPTION: reason} if ACROSS[reason] else {}


def watch(engine: Engine, answer: Answer) -> None:
    """Fail or log, from now on, each statement that names a tenant's table and no tenant."""

    def look(*of: Any) -> None:
        _, _, statement, _, context, _ = of
        if names_its_organization(statement) or _OPTION in context.execution_options:
            return
        if answer == "fail":
            raise Unscoped(statement)
        _report(statement)

    event.listen(engine, "before_cursor_execute", look, named=False)


# Once for each text: a statement of a hot path would fill the log.
@lru_cache(maxsize=4096)
def _report(statement: str) -> None:
    _log.error("a statement names no organization: %s", statement)


# The verdict on a text is kept: nearly all texts are built once, at import.
@lru_cache(maxsize=4096)
def names_its_organization(statement: str) -> bool:
    """Whether the statement leaves the tables of organizations alone, or says whose rows."""
    return "organization_id" in statement or _tenant_table().search(statement) is None


@cache
def _tenant_table() -> re.Pattern[str]:
    tables = [
        table.name for table in db.metadata.sorted_tables if "organization_id" in table.columns
    ]
    # Behind these words stands a table; a column or an index may be called the same.
    return re.compile(r"(?:\bFROM|\bJOIN|\bUPDATE|\bINTO|,)\s+(?:" + "|".join(tables) + r")\b")
