"""Who may call an operation and what it takes, in words for the document and for the pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.authz.policy import RULES, Rule

if TYPE_CHECKING:
    from api.http.links import Target


def access_of(target: Target) -> str:
    """Who may call the operation, and with which scope of a token."""
    served = target.served
    if served.access == "public":
        return "Open to everybody; no token is read."
    reading = "read" if target.method == "GET" else "write"
    needs = f"Needs a token with the scope `{served.tag}:{reading}`"
    rule = None if served.action is None else RULES.get(served.action)
    return f"{needs}." if rule is None else f"{needs}. {_who(rule)}"


def _who(rule: Rule) -> str:
    who = [f"`{role}`" for role in sorted(rule.roles)]
    if rule.instructor:
        who.append("an instructor of the class")
    if rule.own:
        who.append("the student whose it is")
    words = f"Open to: {', '.join(who)}."
    if rule.public:
        words += " Where the organization has a public catalogue, to everybody, without a token."
    return words + (" To other members it does not exist." if rule.hidden else "")


def sends_of(target: Target, fixed: Mapping[str, Any] | None) -> str:
    """What a request of the operation holds; `fixed` are members that the relation gives."""
    condition = " with the `ETag` that was read as `If-Match`" if target.needs_version else ""
    body = target.served.body
    if body is None:
        return f"Nothing{condition}."
    given = dict(fixed or {})
    members = {
        member.data_key or name: member
        for name, member in body().fields.items()
        if not member.dump_only
    }
    is_whole = target.method != "PATCH" and not target.served.partial
    needed = [n for n, member in members.items() if is_whole and member.required and n not in given]
    parts = [
        ", ".join(f"`{name}`: `{json.dumps(value)}`" for name, value in given.items()),
        _listed(needed),
        _listed([n for n in members if n not in needed and n not in given], "if you like "),
    ]
    told = "; ".join(part for part in parts if part)
    return f"`{target.media_type}`{condition}: {told}."


def _listed(names: list[str], words: str = "") -> str:
    return words + ", ".join(f"`{name}`" for name in names) if names else ""
