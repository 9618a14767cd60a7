"""What a token can be issued for: reading or writing, by the tag of the operations."""

from __future__ import annotations

import enum


class Scope(enum.StrEnum):
    """`<tag>:read` for the safe methods of a tag's operations, `<tag>:write` for the others."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    CATALOGUE_READ = "catalogue:read"
    CATALOGUE_WRITE = "catalogue:write"
    REGISTRATIONS_READ = "registrations:read"
    REGISTRATIONS_WRITE = "registrations:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
