"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.models.base import Identifier, Instant, Json, SortedText
from api.models.schema_info import stand_at

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OLDEST_RELEASE = "0.1.0"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("stream_kind", sa.String(32), nullable=False),
        sa.Column("stream_id", Identifier, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization_id", Identifier, nullable=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("type", SortedText, nullable=False),
        sa.Column("actor_id", Identifier, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.Column("registration_id", Identifier, nullable=True),
        sa.Column("student_id", Identifier, nullable=True),
        sa.Column("from_state", sa.String(32), nullable=True),
        sa.Column("to_state", sa.String(32), nullable=True),
        sa.Column("ticket", sa.Integer(), nullable=True),
        sa.Column("seat_delta", sa.Integer(), nullable=True),
        sa.Column("capacity_after", sa.Integer(), nullable=True),
        sa.Column("over_after", sa.Integer(), nullable=True),
        sa.Column("reason_code", SortedText, nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "stream_kind <> 'class' OR"
            " (hash IS NOT NULL AND prev_hash IS NOT NULL AND seat_delta IS NOT NULL)",
            name=op.f("ck_events_classes_are_chained"),
        ),
        sa.CheckConstraint(
            "stream_kind IN ('class', 'org', 'room', 'user')",
            name=op.f("ck_events_stream_kind_known"),
        ),
        sa.CheckConstraint(
            "seat_delta BETWEEN -1 AND 1", name=op.f("ck_events_one_seat_at_a_time")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_events_seq_from_one")),
        sa.PrimaryKeyConstraint("stream_kind", "stream_id", "seq", name=op.f("pk_events")),
    )
    op.create_index(
        "ix_events_registration",
        "events",
        ["registration_id", "seq"],
        unique=False,
        sqlite_where=sa.text("registration_id IS NOT NULL"),
        postgresql_where=sa.text("registration_id IS NOT NULL"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("name", SortedText, nullable=False),
        sa.Column("name_fold", SortedText, nullable=False),
        sa.Column("slug", SortedText, nullable=False),
        sa.Column("timezone", SortedText, nullable=False),
        sa.Column("public_catalog", sa.Boolean(), nullable=False),
        sa.Column("conflict_policy", sa.String(32), nullable=False),
        sa.Column("min_gap_minutes", sa.Integer(), nullable=False),
        sa.Column("max_live_classes_per_term", sa.Integer(), nullable=True),
        sa.Column("max_waitlists_per_term", sa.Integer(), nullable=True),
        sa.Column("instructor_may_override", Json, nullable=False),
        sa.Column("archived_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "conflict_policy IN ('block', 'warn', 'ignore')",
            name=op.f("ck_organizations_conflict_policy_known"),
        ),
        sa.CheckConstraint(
            "max_live_classes_per_term BETWEEN 1 AND 100",
            name=op.f("ck_organizations_classes_in_range"),
        ),
        sa.CheckConstraint(
            "max_waitlists_per_term BETWEEN 1 AND 100",
            name=op.f("ck_organizations_waitlists_in_range"),
        ),
        sa.CheckConstraint(
            "min_gap_minutes BETWEEN 0 AND 240", name=op.f("ck_organizations_min_gap_in_range")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_table(
        "promotions_due",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("class_id", Identifier, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions_due")),
    )
    op.create_index(
        op.f("ix_promotions_due_class_id"), "promotions_due", ["class_id"], unique=False
    )
    op.create_index(
        op.f("ix_promotions_due_created_at"), "promotions_due", ["created_at"], unique=False
    )
    op.create_table(
        "schema_info",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", SortedText, nullable=False),
        sa.Column("oldest_release", SortedText, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_schema_info_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_info")),
    )
    op.create_table(
        "streams",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=True),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("floor_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('org', 'room', 'user')", name=op.f("ck_streams_kind_known")),
        sa.CheckConstraint(
            "floor_seq BETWEEN 0 AND last_seq", name=op.f("ck_streams_floor_below_head")
        ),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_streams")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "users",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("username", SortedText, nullable=False),
        sa.Column("display_name", SortedText, nullable=True),
        sa.Column("email", SortedText, nullable=True),
        sa.Column("password_hash", SortedText, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "courses",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("code", SortedText, nullable=False),
        sa.Column("code_fold", SortedText, nullable=False),
        sa.Column("title", SortedText, nullable=False),
        sa.Column("title_fold", SortedText, nullable=False),
        sa.Column("description", SortedText, nullable=True),
        sa.Column("credits_milli", sa.Integer(), nullable=True),
        sa.Column("external_id", SortedText, nullable=True),
        sa.Column("external_id_fold", SortedText, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "credits_milli BETWEEN 0 AND 100000", name=op.f("ck_courses_credits_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_courses_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint(
            "organization_id", "code_fold", name=op.f("uq_courses_organization_id_code_fold")
        ),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_courses_organization_id_external_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_courses_organization_id_id")),
    )
    op.create_index(
        op.f("ix_courses_organization_id_code_id"),
        "courses",
        ["organization_id", "code", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_courses_organization_id_created_at_id"),
        "courses",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_courses_organization_id_title_id"),
        "courses",
        ["organization_id", "title", "id"],
        unique=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", Identifier, nullable=False),
        sa.Column("method", SortedText, nullable=False),
        sa.Column("path", SortedText, nullable=False),
        sa.Column("key", SortedText, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("student_id", Identifier, nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", SortedText, nullable=True),
        sa.Column("location", SortedText, nullable=True),
        sa.Column("etag", SortedText, nullable=True),
        sa.Column("event_stream_kind", sa.String(32), nullable=True),
        sa.Column("event_stream_id", Identifier, nullable=True),
        sa.Column("event_seq", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "method", "path", "key", name=op.f("pk_idempotency_keys")
        ),
    )
    op.create_index(
        op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False
    )
    op.create_table(
        "members",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("user_id", Identifier, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'registrar', 'instructor', 'student')",
            name=op.f("ck_members_role_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_members_organization_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_members_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "user_id", name=op.f("uq_members_organization_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_members_organization_id_created_at_id"),
        "members",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("name", SortedText, nullable=False),
        sa.Column("name_fold", SortedText, nullable=False),
        sa.Column("external_id", SortedText, nullable=True),
        sa.Column("external_id_fold", SortedText, nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("drop_until", Instant, nullable=True),
        sa.Column("withdraw_until", Instant, nullable=True),
        sa.Column("promotion_ends_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "drop_until <= withdraw_until", name=op.f("ck_terms_drop_before_withdraw")
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_terms_ends_after_its_start")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_terms_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_terms_organization_id_external_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_terms_organization_id_id")),
    )
    op.create_index(op.f("ix_terms_ends_on"), "terms", ["ends_on"], unique=False)
    op.create_index(
        op.f("ix_terms_organization_id_created_at_id"),
        "terms",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_terms_organization_id_starts_on_id"),
        "terms",
        ["organization_id", "starts_on", "id"],
        unique=False,
    )
    op.create_table(
        "tokens",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("user_id", Identifier, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("shown_prefix", SortedText, nullable=False),
        sa.Column("label", SortedText, nullable=True),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_index(op.f("ix_tokens_expires_at"), "tokens", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_tokens_user_id_created_at_id"),
        "tokens",
        ["user_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "classes",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("term_id", Identifier, nullable=True),
        sa.Column("course_id", Identifier, nullable=True),
        sa.Column("external_id", SortedText, nullable=True),
        sa.Column("external_id_fold", SortedText, nullable=True),
        sa.Column("title", SortedText, nullable=False),
        sa.Column("title_fold", SortedText, nullable=False),
        sa.Column("section", SortedText, nullable=True),
        sa.Column("section_fold", SortedText, nullable=True),
        sa.Column("description", SortedText, nullable=True),
        sa.Column("location", SortedText, nullable=True),
        sa.Column("location_fold", SortedText, nullable=True),
        sa.Column("instructors", Json, nullable=False),
        sa.Column("prices", Json, nullable=False),
        sa.Column("roster_visible_to_students", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("windows", Json, nullable=False),
        sa.Column("approval_required", sa.Boolean(), nullable=False),
        sa.Column("timezone", SortedText, nullable=True),
        sa.Column("effective_timezone", SortedText, nullable=False),
        sa.Column("drop_until", Instant, nullable=True),
        sa.Column("effective_drop_until", Instant, nullable=True),
        sa.Column("withdraw_until", Instant, nullable=True),
        sa.Column("effective_withdraw_until", Instant, nullable=True),
        sa.Column("promotion_ends_at", Instant, nullable=True),
        sa.Column("effective_promotion_ends_at", Instant, nullable=True),
        sa.Column("waitlist_enabled", sa.Boolean(), nullable=False),
        sa.Column("waitlist_capacity", sa.Integer(), nullable=True),
        sa.Column("waitlist_mode", sa.String(32), nullable=False),
        sa.Column("waitlist_offer_ttl_seconds", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("over_allowance", sa.Integer(), nullable=False),
        sa.Column("seats_taken", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("eligible_waiting", sa.Integer(), nullable=False),
        sa.Column("next_ticket", sa.Integer(), nullable=False),
        sa.Column("promotion_pending", sa.Boolean(), nullable=False),
        sa.Column("next_due_at", Instant, nullable=True),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("last_decided_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'closed', 'cancelled', 'ended')",
            name=op.f("ck_classes_status_known"),
        ),
        sa.CheckConstraint(
            "waitlist_mode IN ('offer', 'auto')", name=op.f("ck_classes_waitlist_mode_known")
        ),
        sa.CheckConstraint(
            "capacity BETWEEN 0 AND 100000", name=op.f("ck_classes_capacity_in_range")
        ),
        sa.CheckConstraint(
            "capacity IS NULL OR seats_taken <= capacity + over_allowance",
            name=op.f("ck_classes_not_oversold"),
        ),
        sa.CheckConstraint(
            "drop_until <= withdraw_until", name=op.f("ck_classes_drop_before_withdraw")
        ),
        sa.CheckConstraint(
            "eligible_waiting BETWEEN 0 AND waiting", name=op.f("ck_classes_eligible_are_waiting")
        ),
        sa.CheckConstraint("last_seq >= 0", name=op.f("ck_classes_seq_not_negative")),
        sa.CheckConstraint("next_ticket >= 1", name=op.f("ck_classes_tickets_from_one")),
        sa.CheckConstraint("over_allowance >= 0", name=op.f("ck_classes_allowance_not_negative")),
        sa.CheckConstraint("seats_taken >= 0", name=op.f("ck_classes_seats_not_negative")),
        sa.CheckConstraint(
            "waitlist_capacity BETWEEN 0 AND 100000", name=op.f("ck_classes_waitlist_in_range")
        ),
        sa.CheckConstraint(
            "waitlist_offer_ttl_seconds BETWEEN 300 AND 1209600",
            name=op.f("ck_classes_offer_ttl_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "course_id"],
            ["courses.organization_id", "courses.id"],
            name=op.f("fk_classes_organization_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "term_id"],
            ["terms.organization_id", "terms.id"],
            name=op.f("fk_classes_organization_id_term_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_classes_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classes")),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_classes_organization_id_external_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_classes_organization_id_id")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(op.f("ix_classes_next_due_at"), "classes", ["next_due_at"], unique=False)
    op.create_index(
        op.f("ix_classes_organization_id_course_id_created_at_id"),
        "classes",
        ["organization_id", "course_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_classes_organization_id_created_at_id"),
        "classes",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_classes_organization_id_term_id_created_at_id"),
        "classes",
        ["organization_id", "term_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_classes_organization_id_title_id"),
        "classes",
        ["organization_id", "title", "id"],
        unique=False,
    )
    op.create_table(
        "students",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("given_name", SortedText, nullable=False),
        sa.Column("given_name_fold", SortedText, nullable=False),
        sa.Column("family_name", SortedText, nullable=False),
        sa.Column("family_name_fold", SortedText, nullable=False),
        sa.Column("email", SortedText, nullable=True),
        sa.Column("email_fold", SortedText, nullable=True),
        sa.Column("external_id", SortedText, nullable=True),
        sa.Column("external_id_fold", SortedText, nullable=True),
        sa.Column("member_id", Identifier, nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("groups", Json, nullable=False),
        sa.Column("guard_version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'erased')", name=op.f("ck_students_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "member_id"],
            ["members.organization_id", "members.id"],
            name=op.f("fk_students_organization_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_students_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_students")),
        sa.UniqueConstraint(
            "organization_id", "email_fold", name=op.f("uq_students_organization_id_email_fold")
        ),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_students_organization_id_external_id")
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_students_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "member_id", name=op.f("uq_students_organization_id_member_id")
        ),
    )
    op.create_index(
        op.f("ix_students_organization_id_created_at_id"),
        "students",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_students_organization_id_family_name_id"),
        "students",
        ["organization_id", "family_name", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_students_organization_id_given_name_id"),
        "students",
        ["organization_id", "given_name", "id"],
        unique=False,
    )
    op.create_table(
        "invitations",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("student_id", Identifier, nullable=True),
        sa.Column("email", SortedText, nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", Identifier, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("accepted_at", Instant, nullable=True),
        sa.Column("accepted_by", Identifier, nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'registrar', 'instructor', 'student')",
            name=op.f("ck_invitations_role_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "student_id"],
            ["students.organization_id", "students.id"],
            name=op.f("fk_invitations_organization_id_student_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_invitations_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitations_code_hash")),
    )
    op.create_index(op.f("ix_invitations_expires_at"), "invitations", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_invitations_organization_id_created_at_id"),
        "invitations",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "meeting_patterns",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("class_id", Identifier, nullable=False),
        sa.Column("weekdays", Json, nullable=False),
        sa.Column("start_local", SortedText, nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=False),
        sa.Column("except_dates", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 1440",
            name=op.f("ck_meeting_patterns_duration_in_range"),
        ),
        sa.CheckConstraint(
            "from_date <= to_date", name=op.f("ck_meeting_patterns_ends_after_its_start")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["classes.organization_id", "classes.id"],
            name=op.f("fk_meeting_patterns_organization_id_class_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_patterns")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_meeting_patterns_organization_id_id")
        ),
    )
    op.create_index(
        op.f("ix_meeting_patterns_organization_id_class_id_created_at_id"),
        "meeting_patterns",
        ["organization_id", "class_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "registrations",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("class_id", Identifier, nullable=False),
        sa.Column("student_id", Identifier, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("offer_expires_at", Instant, nullable=True),
        sa.Column("release_on_promotion", Json, nullable=False),
        sa.Column("skip_reason", SortedText, nullable=True),
        sa.Column("overrides", Json, nullable=False),
        sa.Column("conflict_override", sa.Boolean(), nullable=False),
        sa.Column("previous_id", Identifier, nullable=True),
        sa.Column("decided_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'offered') = (offer_expires_at IS NOT NULL)",
            name=op.f("ck_registrations_offers_expire"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'waitlisted', 'offered', 'enrolled', 'completed', 'dropped',"
            " 'withdrawn', 'removed', 'rejected', 'declined', 'expired', 'left', 'cancelled')",
            name=op.f("ck_registrations_state_known"),
        ),
        sa.CheckConstraint("ticket >= 1", name=op.f("ck_registrations_tickets_from_one")),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["classes.organization_id", "classes.id"],
            name=op.f("fk_registrations_organization_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "student_id"],
            ["students.organization_id", "students.id"],
            name=op.f("fk_registrations_organization_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("class_id", "ticket", name=op.f("uq_registrations_class_id_ticket")),
    )
    op.create_index(
        "ix_registrations_line",
        "registrations",
        ["class_id", sa.literal_column("priority DESC"), "ticket"],
        unique=False,
        sqlite_where=sa.text("state = 'waitlisted'"),
        postgresql_where=sa.text("state = 'waitlisted'"),
    )
    op.create_index(
        "ix_registrations_offers",
        "registrations",
        ["class_id", "offer_expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(
        op.f("ix_registrations_organization_id_class_id_created_at_id"),
        "registrations",
        ["organization_id", "class_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registrations_organization_id_created_at_id"),
        "registrations",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registrations_organization_id_student_id_created_at_id"),
        "registrations",
        ["organization_id", "student_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_registrations_live",
        "registrations",
        ["class_id", "student_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'waitlisted', 'offered', 'enrolled')"),
        postgresql_where=sa.text("state IN ('pending', 'waitlisted', 'offered', 'enrolled')"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("class_id", Identifier, nullable=False),
        sa.Column("pattern_id", Identifier, nullable=True),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("local_start", SortedText, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('scheduled', 'cancelled')", name=op.f("ck_sessions_status_known")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_sessions_ends_after_its_start")),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["classes.organization_id", "classes.id"],
            name=op.f("fk_sessions_organization_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "pattern_id"],
            ["meeting_patterns.organization_id", "meeting_patterns.id"],
            name=op.f("fk_sessions_organization_id_pattern_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_organization_id_class_id_starts_at_id"),
        "sessions",
        ["organization_id", "class_id", "starts_at", "id"],
        unique=False,
        postgresql_include=["ends_at", "status"],
    )
    op.create_index(
        op.f("ix_sessions_organization_id_pattern_id"),
        "sessions",
        ["organization_id", "pattern_id"],
        unique=False,
    )
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    # Their indexes go with them; the order is that of the foreign keys.
    for table in (
        "sessions",
        "registrations",
        "meeting_patterns",
        "invitations",
        "students",
        "classes",
        "tokens",
        "terms",
        "members",
        "idempotency_keys",
        "courses",
        "users",
        "streams",
        "schema_info",
        "promotions_due",
        "organizations",
        "events",
    ):
        op.drop_table(table)
