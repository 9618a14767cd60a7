from api.services.recent import Recent


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
