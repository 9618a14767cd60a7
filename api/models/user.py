"""Users and their tokens; both are global, outside every organization."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json


class User(Base):
    """Somebody, or some program, that can hold a token. No password: an operator made it."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # Already folded: the rule for usernames leaves nothing else.
    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Token(Base):
    """A bearer token: its SHA-256 and the few characters by which its owner knows it."""

    __tablename__ = "tokens"
    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(unique=True)
    shown_prefix: Mapped[str]
    label: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]


_IS_NEWS = or_(Token.last_used_on.is_(None), Token.last_used_on < bindparam("day", type_=Date()))
MARK_USED = (
    update(Token)
    .where(
        Token.id.in_(
            select(Token.id)
            .where(Token.id.in_(bindparam("ids", expanding=True)), _IS_NEWS)
            # Whoever holds one of them revokes it, or writes the same.
            .with_for_update(skip_locked=True)
        )
    )
    .values(last_used_on=bindparam("day", type_=Date()))
)
"""Say of the tokens `ids` that they were used on `day`, unless that is known or they are locked."""
