"""A server that somebody else runs: who may act there, and what is left behind."""

from dataclasses import dataclass, field

import pytest

from tests.blackbox.world import Person


@dataclass
class Target:
    """Where it is, and what was given to look at it with.

    `tokens`: the first is that of whoever owns the school of the checks; the others are of people
    who are taken where nobody can sign up. `origin` is one that CORS allows there, `fault_path`
    one that fails on purpose.
    """

    base: str
    tokens: list
    origin: str | None = None
    fault_path: str | None = None
    is_patient: bool = True
    weakened: dict = field(default_factory=dict)

    def owner(self, client):
        return Person(client, self.tokens[0], target=self)

    def somebody(self, client, name):
        """The next person of those whose tokens were given; none who belongs anywhere else."""
        for token in self.tokens[1:]:
            self.tokens.remove(token)
            person = Person(client, token, target=self)
            me = person.get("/v1/me")
            if me.is_success and not me.json()["memberships"]:
                return person
        pytest.skip(
            f"it needs one more person ({name}): sign-up is closed there, and no --token is left "
            "of an account that is a member nowhere"
        )

    def look_at(self, answer):
        """Keep an answer whose tag is weak: the application has strong ones alone."""
        tag = answer.headers.get("ETag", "")
        if tag.startswith("W/"):
            self.weakened[described(answer)] = tag

    def leave(self, world):
        """Take away the schools and the accounts that were made."""
        for url in world.schools:
            world.owner.open("DELETE", url, if_match="*")
        for username in world.accounts:
            person = world.logged_in(username)
            if person is not None:
                forget(person)


def described(answer):
    """A weak tag in words."""
    tag, coding = answer.headers["ETag"], answer.headers.get("Content-Encoding", "none")
    via = answer.headers.get("Server") or answer.headers.get("Via") or "a proxy without a name"
    return f"{via} sent the ETag {tag} (content coding: {coding})"


def forget(person):
    """Delete an account, and what it alone owns."""
    me = person.get("/v1/me").json()
    for membership in me["memberships"]:
        if membership["role"] == "owner":
            url = f"/v1/organizations/{membership['organization_id']}"
            person.open("DELETE", url, if_match="*")
    person.open("DELETE", me["_links"]["user"]["href"])
