from api.services.recent import Recent, forget_everything


def test_what_was_kept_is_found():
    recent = Recent(generation=4)

    assert recent.keep("a", 1) == 1

    assert recent.find("a") == 1
    assert recent.find("b") is None


def test_what_is_asked_for_outlives_what_is_not():
    recent = Recent(generation=2)
    for key in range(10):
        recent.keep(key, key)
        recent.find(0)

    assert recent.find(0) == 0
    assert recent.find(1) is None


def test_everything_is_forgotten_at_once():
    first, second = Recent(generation=1), Recent(generation=4)
    for key in ("a", "b"):
        first.keep(key, 1)
        second.keep(key, 1)

    forget_everything()

    assert [memory.find(key) for memory in (first, second) for key in ("a", "b")] == [None] * 4
