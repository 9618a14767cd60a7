"""Where clients begin: the root, the root of a version, and what codes and relations mean."""

from __future__ import annotations

from marshmallow import INCLUDE

from api.schemas.base import Representation
from api.schemas.fields import Boolean, Instant, Integer, ListOf, Part, Text
from api.schemas.hypermedia import Hypermedia, Rel


class VersionSchema(Representation):
    """One version of the interface."""

    name = Text(dump_only=True, metadata={"description": "Its name, as in every path."})
    status = Text(dump_only=True, metadata={"description": "`current`, `deprecated` or `ended`."})
    sunset_at = Instant(
        nullable=True, dump_only=True, metadata={"description": "When it ends; null if not known."}
    )


class RootSchema(Representation):
    """The one address that a client needs to know; everything else is linked."""

    title = Text(dump_only=True, metadata={"description": "The name of this service."})
    release = Text(dump_only=True, metadata={"description": "The release that serves."})
    versions = ListOf(
        Part(VersionSchema),
        dump_only=True,
        metadata={"description": "The versions of the interface that are served."},
    )


class VersionRootSchema(Representation):
    """What a version of the interface links to without an id."""

    version = Text(dump_only=True, metadata={"description": "The name of the version."})


class ProblemTypeSchema(Representation):
    """What a code of a problem means."""

    code = Text(dump_only=True, metadata={"description": "As in `code` of a problem."})
    title = Text(dump_only=True, metadata={"description": "As in `title` of a problem."})
    status = Integer(dump_only=True, metadata={"description": "The HTTP status."})
    cause = Text(dump_only=True, metadata={"description": "When it happens."})
    cure = Text(dump_only=True, metadata={"description": "What to do about it."})


class RelationCallSchema(Representation):
    """An operation that a relation leads to."""

    operation = Text(dump_only=True, metadata={"description": "Its operationId."})
    method = Text(dump_only=True, metadata={"description": "The method of HTTP."})
    path = Text(dump_only=True, metadata={"description": "The path, as a template."})
    summary = Text(dump_only=True, metadata={"description": "What it does."})
    access = Text(most=500, dump_only=True, metadata={"description": "Who may."})
    sends = Text(most=2000, dump_only=True, metadata={"description": "What a request holds."})


class RelationSchema(Representation):
    """What a relation of `_links` means."""

    name = Text(dump_only=True, metadata={"description": "As in `_links` and `_blocked`."})
    meaning = Text(dump_only=True, metadata={"description": "What is at the other end."})
    is_registered = Boolean(
        dump_only=True, metadata={"description": "Whether it is in IANA's registry."}
    )
    is_action = Boolean(
        dump_only=True,
        metadata={"description": "Whether it is only there when the call would succeed."},
    )
    operations = ListOf(
        Text(),
        dump_only=True,
        metadata={"description": "The operationIds that it leads to."},
    )
    calls = ListOf(
        Part(RelationCallSchema),
        dump_only=True,
        metadata={"description": "What each of them does, who may, and what to send."},
    )


class CatalogEntrySchema(Representation):
    """Links with one context (RFC 9264): beside `anchor`, a list of links for each relation."""

    anchor = Text(dump_only=True, metadata={"description": "What the links are about."})

    class Meta:
        unknown = INCLUDE


class ApiCatalogSchema(Representation):
    """The catalogue of the interfaces of this host (RFC 9727)."""

    linkset = ListOf(
        Part(CatalogEntrySchema),
        dump_only=True,
        metadata={"description": "An `anchor` each, with its links by relation."},
    )


SIGN_UP = Rel(name="users", operation="create_user", title="Sign up", judged=True)
LOG_IN = Rel(name="token", operation="create_token", title="Get a token for a password")
JOIN = Rel(
    name="accept-invitation",
    operation="create_invitation_acceptance",
    title="Become a member by an invitation's code",
)

ROOT = Hypermedia(
    schema=RootSchema,
    itself=Rel(name="self", operation="get_root"),
    rels=(
        Rel(name="v1", operation="get_version_root"),
        Rel(name="api-catalog", operation="get_api_catalog"),
        SIGN_UP,
        LOG_IN,
        Rel(name="tokens", operation="list_tokens"),
        Rel(name="me", operation="get_me"),
        JOIN,
        Rel(name="organizations", operation="list_organizations"),
    ),
    places=("service-desc", "service-doc", "status", "code-on-demand"),
)
VERSION_ROOT = Hypermedia(
    schema=VersionRootSchema,
    itself=Rel(name="self", operation="get_version_root"),
    rels=(
        Rel(name="up", operation="get_root"),
        SIGN_UP,
        LOG_IN,
        Rel(name="tokens", operation="list_tokens", query=("limit", "cursor", "sort")),
        Rel(name="me", operation="get_me"),
        JOIN,
        Rel(
            name="organizations",
            operation="list_organizations",
            query=("limit", "cursor", "sort", "slug"),
        ),
    ),
)
PROBLEM_TYPE = Hypermedia(
    schema=ProblemTypeSchema,
    itself=Rel(name="self", operation="get_problem_type", path={"code": "code"}),
    places=("service-doc",),
)
RELATION = Hypermedia(
    schema=RelationSchema,
    itself=Rel(name="self", operation="get_relation", path={"rel": "name"}),
    places=("service-doc",),
)
API_CATALOG = Hypermedia(schema=ApiCatalogSchema)
