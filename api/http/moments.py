"""What a problem says of a deadline to people: by the wall clock of the class, with its zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opens_at": "It opens on {}.",
        "closed_at": "The deadline was {}.",
        "offer_expires_at": "The offer ended on {}.",
    }
)
"""By the member of a problem that holds the instant."""


def with_deadline(detail: str, members: Mapping[str, Any]) -> str:
    """The detail of a problem with its deadline in words, if it has one.

    `members` holds Python values, with the IANA name of the zone as `timezone` beside an instant.
    """
    zone = members.get("timezone")
    if zone is None:
        return detail
    words = [
        sentence.format(_wall_clock(members[name], zone))
        for name, sentence in SENTENCES.items()
        if members.get(name) is not None
    ]
    return " ".join([f"{detail}.", *words]) if words else detail


def _wall_clock(moment: datetime, zone: str) -> str:
    """An instant as `2026-12-01 09:00 Europe/Berlin (UTC+01:00)`, with seconds if it has any."""
    local, name = _at(moment, ZoneInfo(zone)), zone
    if local is None:
        local, name = moment.astimezone(UTC), "UTC"
    clock = f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"
    offset = f"{local:%z}"
    return f"{clock} {name} (UTC{offset[:3]}:{offset[3:5]})"


def _at(moment: datetime, zone: tzinfo) -> datetime | None:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        # The last evening of the calendar may have no local time.
        return None
