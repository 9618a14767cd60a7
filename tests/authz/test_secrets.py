import re
import zlib

from hypothesis import given
from hypothesis import strategies as st

from api.authz import secrets

PREFIXES = st.sampled_from([secrets.TOKEN_PREFIX, secrets.INVITATION_PREFIX])
CHARACTERS = st.sampled_from(secrets.ALPHABET)


@given(PREFIXES)
def test_a_new_secret_has_the_form_that_scanners_look_for(prefix):
    secret = secrets.new_secret(prefix)

    assert re.fullmatch(rf"{prefix}[0-9A-Za-z]{{36}}", secret)
    assert secrets.is_well_formed(secret, prefix)
    assert not any(
        secrets.is_well_formed(secret, other)
        for other in (secrets.TOKEN_PREFIX, secrets.INVITATION_PREFIX)
        if other != prefix
    )


@given(PREFIXES, st.integers(0, 35), CHARACTERS)
def test_a_secret_with_one_wrong_character_is_refused_without_a_lookup(prefix, place, other):
    secret = secrets.new_secret(prefix)
    at = len(prefix) + place
    mistyped = secret[:at] + other + secret[at + 1 :]

    assert secrets.is_well_formed(mistyped, prefix) == (mistyped == secret)


@given(PREFIXES, st.text(max_size=60))
def test_any_other_text_is_no_secret(prefix, text):
    assert not secrets.is_well_formed(text, prefix)
    assert not secrets.is_well_formed(prefix + text, prefix) or len(text) == 36


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_the_check_is_the_crc32_written_in_base_62(text):
    digits = secrets.checksum(text)

    number = sum(
        secrets.ALPHABET.index(digit) * 62**place for place, digit in enumerate(reversed(digits))
    )
    assert (len(digits), number) == (6, zlib.crc32(text.encode()))


def test_secrets_differ_and_only_their_hash_and_beginning_are_kept():
    made = {secrets.new_secret(secrets.TOKEN_PREFIX) for _ in range(1000)}

    assert len(made) == 1000
    assert len({secrets.hash_of(secret) for secret in made}) == 1000
    assert all(len(secrets.hash_of(secret)) == 32 for secret in made)
    assert all(secret.startswith(secrets.shown_of(secret)) for secret in made)
    assert {len(secrets.shown_of(secret)) for secret in made} == {8}
