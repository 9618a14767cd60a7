import threading
import time

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.low_level import ARGON2_VERSION

from api.services.passwords import AT_ONCE, DECOY, Passwords


@pytest.fixture(scope="module")
def passwords():
    return Passwords()


@pytest.mark.parametrize("stored", ["a new one", "the decoy"])
def test_passwords_are_kept_by_argon2id_with_the_parameters_of_the_standard(passwords, stored):
    hashed = DECOY if stored == "the decoy" else passwords.hash("correct horse battery staple")

    parameters = extract_parameters(hashed)

    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (
        2,
        19 * 1024,
        1,
    )
    assert (parameters.version, parameters.salt_len, parameters.hash_len) == (
        ARGON2_VERSION,
        16,
        32,
    )
    assert not passwords.is_outdated(hashed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x" * 72 + "a", "x" * 72 + "b"),
        ("ü" * 500 + "a", "ü" * 500 + "b"),
        ("Å", "A\u030a"),
        ("ﬁsh and chips", "fish and chips"),
        ("password ", "password"),
        ("Password", "password"),
    ],
)
def test_every_character_of_a_password_counts_as_it_was_sent(passwords, one, other):
    stored = passwords.hash(one)

    assert passwords.matches(stored, one)
    assert not passwords.matches(stored, other)


def test_the_same_password_is_kept_differently_each_time(passwords):
    assert passwords.hash("password") != passwords.hash("password")


def test_without_a_stored_hash_nothing_matches_not_even_the_decoys_password(passwords):
    assert not passwords.matches(None, "a password that nobody has")
    assert not passwords.matches("no hash at all", "password")


def test_a_hash_with_other_parameters_is_outdated(passwords):
    weak = PasswordHasher(1, 8 * 1024, 1).hash("password")

    assert passwords.matches(weak, "password")
    assert passwords.is_outdated(weak)


def test_only_a_few_passwords_are_hashed_at_a_time():
    running, most, gate = [], [], threading.Lock()

    class Slow:
        def hash(self, password):
            with gate:
                running.append(password)
                most.append(len(running))
            time.sleep(0.01)
            with gate:
                running.remove(password)
            return ""

    passwords = Passwords(hasher=Slow())
    threads = [threading.Thread(target=passwords.hash, args=(str(n),)) for n in range(AT_ONCE * 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == AT_ONCE
