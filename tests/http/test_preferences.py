import pytest

from api.http.preferences import Preferences, parse


@pytest.mark.parametrize(
    ("prefer", "preferences"),
    [
        (None, Preferences()),
        ("", Preferences()),
        ("return=minimal", Preferences(minimal=True)),
        ("Return = Minimal", Preferences(minimal=True)),
        ('return="minimal"', Preferences(minimal=True)),
        ("return=representation", Preferences(representation=True)),
        ("respond-async", Preferences(respond_async=True)),
        ("respond-async, wait=10", Preferences(respond_async=True)),
        ("return=minimal, return=representation", Preferences(minimal=True)),
        ("return=minimal; x=1, respond-async", Preferences(minimal=True, respond_async=True)),
        ("return=everything", Preferences()),
        ("handling=strict, nonsense", Preferences()),
        ('x="return=minimal, y", respond-async', Preferences(respond_async=True)),
        ("=,;;@", Preferences()),
    ],
)
def test_known_preferences_are_read_and_others_ignored(prefer, preferences):
    assert parse(prefer) == preferences


def test_only_what_was_asked_and_done_is_confirmed():
    asked = parse("return=minimal, respond-async")

    assert asked.applied(minimal=True) == "return=minimal"
    assert asked.applied(minimal=True, respond_async=True) == "return=minimal, respond-async"
    assert asked.applied() is None
    assert parse("return=representation").applied() == "return=representation"
    assert parse("return=representation").applied(minimal=True) is None
    assert Preferences().applied(minimal=True, respond_async=True) is None
