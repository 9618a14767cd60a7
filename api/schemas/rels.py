"""What each relation of `_links` means; `/rels/{rel}` and the Link header rest on this table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REGISTERED: Final = frozenset(
    {
        *("self", "first", "prev", "next", "edit", "up", "search"),
        *("deprecation", "successor-version"),
        *("service-desc", "service-doc", "api-catalog", "status"),
    }
)
"""The relations that we use of IANA's registry; the others are our own."""

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "self": "This representation.",
        "up": "What this is a part of.",
        "first": "The first page of this list, with the same filter and order.",
        "prev": "The page before this one.",
        "next": "The page after this one; without it this is the last.",
        "search": "This list with the parameters that narrow and order it.",
        "service-desc": "The OpenAPI document: every operation, schema and problem.",
        "service-doc": "The documentation, in which every operation can be tried.",
        "code-on-demand": "A client as an ES module, which follows links and forms from the root.",
        "api-catalog": "The interfaces of this host as a linkset (RFC 9727).",
        "status": "Whether the service is ready (RFC 8631).",
        "deprecation": "How to leave what is deprecated (RFC 9745).",
        "successor-version": "What does the same in the version that comes after (RFC 5829).",
        "v1": "Version 1 of the interface: where to go from the root.",
        "users": "Sign up: make an account with a user name and a password.",
        "user": "The account of the caller.",
        "token": "Get a token for a user name and a password.",
        "tokens": "The tokens of the caller.",
        "revoke": "Revoke the token: it opens nothing from then on.",
        "me": "The caller: user, token and memberships.",
        "organizations": "The organizations in which the caller is a member.",
        "organization": "The organization that this belongs to.",
        "create": "Make another thing of this list.",
        "edit": "Change this, with a patch.",
        "delete": "Remove this.",
        "students": "The students of the organization, as far as the caller may see them.",
        "student": "The student concerned.",
        "terms": "The terms of the organization.",
        "courses": "The courses of the organization.",
        "classes": "The classes of the organization.",
        "class": "The class that this belongs to.",
        "meeting-patterns": "When the class meets, week by week.",
        "sessions": "Every single meeting of the class, with its start and end.",
        "exports": "The exports of the organization, and where to ask for one.",
        "result": "The file that the job made.",
        "members": "The members of the organization, with their roles.",
        "invitations": "The invitations of the organization, open, accepted and expired.",
        "accept-invitation": "Become a member of an organization by the code of an invitation.",
        "open": "Let students register for the class.",
        "close": "Let nobody register any more; whoever has a place keeps it.",
        "cancel": "Cancel this for good: of a class every place ends, of a job nothing is made.",
        "register": "Register for the class, by taking a seat.",
        "join-waitlist": "Wait for a seat in the class, which is full.",
        "registrations": "Who has, had or awaits a place.",
        "registration": "The registration concerned.",
        "waitlist": "The line of the class, in order.",
        "events": "The seat ledger of the class: every change, in order.",
        "audit": "The ledger of the class replayed, and what it proves.",
        "transitions": "The history of the registration.",
        "drop": "Give the seat back, without a trace in the record.",
        "withdraw": "Give the seat back after the deadline for drops.",
        "leave": "Leave the line.",
        "accept": "Take the seat that is offered.",
        "decline": "Refuse the seat that is offered.",
        "approve": "Let a request through.",
        "reject": "Refuse a request, with a reason.",
        "remove": "Take the student out of the class, with a reason.",
        "complete": "Record that the student has finished the class.",
    }
)
