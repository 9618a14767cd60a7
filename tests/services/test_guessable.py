import unicodedata

import pytest

from api.errors import ValidationFailed
from api.services.guessable import SHORTEST, common, require_unguessable

# Most typed first, as surveys of leaked passwords have had it for years.
NOTORIOUS = ("password", "12345678", "iloveyou", "sunshine", "princess", "qwertyuiop", "trustno1")


def test_the_list_holds_far_more_than_the_standard_asks_for():
    assert len(common()) >= 3_000
    assert set(NOTORIOUS) <= common()
    assert min(map(len, common())) == SHORTEST


@pytest.mark.parametrize(
    "password",
    [*NOTORIOUS, "PassWord", "TRUSTNO1", unicodedata.normalize("NFD", "Iloveyou")],
)
def test_a_common_password_is_refused_however_it_is_written(password):
    with pytest.raises(ValidationFailed) as refused:
        require_unguessable(password, "somebody")

    (fault,) = refused.value.members["errors"]
    assert (fault["code"], fault["pointer"]) == ("not-a-choice", "#/password")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada.lovelace", "ada.lovelace"),
        ("ada.lovelace", "Ada.Lovelace"),
        ("ada.lovelace", "ada.lovelace1815!"),
        ("ada2027", "ada-12345"),
        ("somebody", "Homeroom2027"),
        ("20270115", "20270115"),
    ],
)
def test_the_name_with_digits_around_it_is_refused(username, password):
    with pytest.raises(ValidationFailed):
        require_unguessable(password, username)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("somebody", "correct horse battery staple"),
        ("ada", "ada reads a book at night"),
        ("homeroom-fan", "a homeroom of my own"),
        # Nothing but digits is left of this name, which makes no other number like it.
        ("20270115", "93847561"),
        ("somebody", "Å" * 8),
        ("somebody", "x" * 1024),
    ],
)
def test_any_other_password_will_do(username, password):
    require_unguessable(password, username)
