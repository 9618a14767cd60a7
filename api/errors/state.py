"""Refusals that come from the state of what the request names."""

from __future__ import annotations

from api.errors.refusal import Conflict, Gone, Stale, Unconditional


class PatchTestFailed(Conflict):
    """A `test` operation of the JSON Patch did not hold."""

    code = "patch-test-failed"
    title = "A test of the patch failed"
    cure = "Read the resource again and decide anew."


class StateConflict(Conflict):
    """The state that the resource is in does not allow this change."""

    code = "state-conflict"
    title = "The present state does not allow this"
    cure = "Read the resource again; its `_links` are what it allows now."


class OfferExpired(Conflict):
    """The offer of a seat was accepted at or after the moment at which it expired."""

    code = "offer-expired"
    title = "The offer has expired"
    cure = "Join the waitlist again."


class CapacityBelowTaken(Conflict):
    """The new capacity is less than the seats taken, and the request does not say what then."""

    code = "capacity-below-taken"
    title = "The capacity is below the seats taken"
    cure = "Send `?shrink=keep` to move nobody, or `?shrink=displace_last` to queue the last ones."


class LastOwner(Conflict):
    """An organization always has at least one owner."""

    code = "last-owner"
    title = "The last owner cannot leave"
    cure = "Make another member an owner first."


class ResourceInUse(Conflict):
    """Something still refers to the resource."""

    code = "resource-in-use"
    title = "The resource is in use"
    cure = "Remove what refers to it first, by `counts`; cancel a class by `_links.cancel`."


class DuplicateName(Conflict):
    """A value that must be unique is taken."""

    code = "duplicate-name"
    title = "The name is taken"
    cure = "Choose another value for the member that `pointer` names."


class VersionSunset(Gone):
    """The operation, or the version of the interface, was deprecated and has ended since."""

    code = "version-sunset"
    title = "This has ended"
    cure = "Follow `_links.successor-version`; the page behind `_links.deprecation` says how."


class StaleVersion(Stale):
    """`If-Match` names another version than the present one, or `If-None-Match: *` met one."""

    code = "stale-version"
    title = "The version is stale"
    cure = "Read the resource again, apply the change to what you see, send its `ETag`."


class PreconditionRequired(Unconditional):
    """Changing this resource needs `If-Match`, so that no change of somebody else is lost."""

    code = "precondition-required"
    title = "If-Match is required"
    cure = "Send the `ETag` of the representation that you changed as `If-Match`."
