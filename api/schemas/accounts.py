"""Users, tokens and the caller as clients see them."""

from __future__ import annotations

from typing import Any

from api.authz.scopes import Scope
from api.models.organization import Role
from api.schemas import patterns
from api.schemas.base import Representation
from api.schemas.fields import (
    Date,
    Email,
    Enum,
    Id,
    Instant,
    Integer,
    ListOf,
    Part,
    Secret,
    Text,
)
from api.schemas.hypermedia import Hypermedia, Rel
from api.schemas.limits import Matching
from api.services.guessable import SHORTEST
from api.services.tokens import LONGEST_LIFETIME

USERNAME = Matching("[a-z0-9][a-z0-9._-]{2,63}", "Use 3 to 64 of a-z, 0-9, '.', '_' and '-'.")


class Username(Text):
    """A user name: folded to lower case, then held against the pattern."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"pattern": patterns.USERNAME, **options.get("metadata", {})}
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        folded: str = USERNAME(super()._deserialize(value, attr, data, **options).casefold())
        return folded


class UserSchema(Representation):
    """Somebody, or some program, that can log in."""

    id = Id("usr", dump_only=True, metadata={"description": "Stable identifier."})
    username = Username(dump_only=True, metadata={"description": "The name to log in with."})
    display_name = Text(
        1, 200, nullable=True, metadata={"description": "What others read; null for none."}
    )
    email = Email(nullable=True, metadata={"description": "Where to write to; null for none."})
    password = Secret(
        SHORTEST, 1024, metadata={"description": "A new password, used exactly as sent."}
    )
    current_password = Secret(
        1, 1024, metadata={"description": "The present password, needed to set a new one."}
    )
    created_at = Instant(dump_only=True, metadata={"description": "When the account was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


class SignUpSchema(Representation):
    """A new account."""

    username = Username(
        required=True,
        metadata={"description": "Lower-case letters, digits, `.`, `_` and `-`; case is folded."},
    )
    password = Secret(
        SHORTEST,
        1024,
        required=True,
        metadata={"description": "At least 8 characters, used as sent. Common ones are refused."},
    )
    display_name = Text(1, 200, nullable=True, metadata={"description": "What others read."})
    email = Email(nullable=True, metadata={"description": "Where to write to."})


class TokenSchema(Representation):
    """A bearer token, without its secret."""

    id = Id("tok", dump_only=True, metadata={"description": "Stable identifier."})
    label = Text(1, 100, nullable=True, metadata={"description": "What its owner calls it."})
    shown_prefix = Text(
        1, 16, dump_only=True, metadata={"description": "The characters that it begins with."}
    )
    scopes = ListOf(
        Text(1, 64),
        dump_only=True,
        metadata={"description": "What the token may be used for; an open set."},
    )
    expires_in_seconds = Integer(
        60,
        int(LONGEST_LIFETIME.total_seconds()),
        load_only=True,
        metadata={"description": "Seconds until it expires; 30 days by default."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was issued."})
    expires_at = Instant(dump_only=True, metadata={"description": "When it ends."})
    last_used_on = Date(
        nullable=True,
        dump_only=True,
        metadata={"description": "The day (UTC) of its last use, told a moment later; or null."},
    )


class IssuedTokenSchema(TokenSchema):
    """A token with its secret, as it is shown once."""

    token = Text(
        1, 64, dump_only=True, metadata={"description": "The secret; it is never shown again."}
    )


class CredentialsSchema(TokenSchema):
    """What a token is issued for: a password here or in Basic, and what the token is to be."""

    username = Text(1, 64, metadata={"description": "User name, unless sent as Basic."})
    password = Secret(1, 1024, metadata={"description": "Password, unless sent as Basic."})
    scopes = ListOf(
        Enum(Scope),
        least=1,
        most=len(Scope),
        metadata={"description": "What the token may be used for; all by default."},
    )


class MembershipSchema(Representation):
    """The caller in one organization."""

    id = Id("mem", dump_only=True, metadata={"description": "The member."})
    organization_id = Id("org", dump_only=True, metadata={"description": "The organization."})
    role = Enum(Role, dump_only=True, metadata={"description": "What the caller is there."})
    student_id = Id(
        "stu", nullable=True, dump_only=True, metadata={"description": "Their student record."}
    )


class OwnStudentSchema(Representation):
    """A student that the caller is."""

    id = Id("stu", dump_only=True, attribute="student_id", metadata={"description": "The student."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Where."})


def _itself(row: Any) -> Any:
    return row


def _students(row: Any) -> list[Any]:
    return [membership for membership in row.memberships if membership.student_id is not None]


class MeSchema(Representation):
    """The caller: user, token, memberships and students."""

    user = Part(
        UserSchema, dump_only=True, metadata={"derived": _itself, "description": "The user."}
    )
    token_id = Id("tok", dump_only=True, metadata={"description": "The token of this request."})
    scopes = ListOf(
        Text(1, 64),
        dump_only=True,
        metadata={"description": "What the token may be used for; an open set."},
    )
    token_expires_at = Instant(dump_only=True, metadata={"description": "When the token ends."})
    memberships = ListOf(
        Part(MembershipSchema),
        dump_only=True,
        metadata={"description": "Organizations, with the caller's role in each."},
    )
    students = ListOf(
        Part(OwnStudentSchema),
        dump_only=True,
        metadata={"derived": _students, "description": "The students that the caller is."},
    )


USER_PATH = {"user_id": "id"}
TOKEN_PATH = {"token_id": "id"}

USER = Hypermedia(
    schema=UserSchema,
    itself=Rel(name="self", operation="get_user", path=USER_PATH),
    rels=(
        Rel(name="edit", operation="update_user", path=USER_PATH, judged=True),
        Rel(name="delete", operation="delete_user", path=USER_PATH, judged=True),
    ),
)
TOKEN = Hypermedia(
    schema=TokenSchema,
    itself=Rel(name="self", operation="get_token", path=TOKEN_PATH),
    rels=(Rel(name="revoke", operation="delete_token", path=TOKEN_PATH, judged=True),),
)
ISSUED_TOKEN = Hypermedia(schema=IssuedTokenSchema, itself=TOKEN.itself, rels=TOKEN.rels)
ME = Hypermedia(
    schema=MeSchema,
    itself=Rel(name="self", operation="get_me"),
    rels=(
        Rel(name="user", operation="get_user", path=USER_PATH),
        Rel(name="tokens", operation="list_tokens"),
        Rel(name="organizations", operation="list_organizations"),
    ),
)
