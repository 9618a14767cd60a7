import pytest

from homeroom_client import problems
from homeroom_client.exchange import KEPT, origin_of
from tests.clients.scripted import CUT, scripted
from tests.clients.speaking import Broken, Elsewhere, NoRepresentation, Refused

pytestmark = [pytest.mark.xdist_group("clients")]

OK = (200, {"ETag": '"v1"'}, {"state": "enrolled"})


def test_a_write_with_a_key_is_sent_again_with_the_same_key_when_its_answer_got_lost(speaking):
    replayed = (201, {"Idempotent-Replayed": "true"}, {"state": "enrolled"})
    with scripted({"/r": [CUT, CUT, replayed]}) as script:
        exchange = speaking(script)
        answer = exchange.write("POST", f"{script.address}/r", key="k1")

    assert answer.is_replayed
    assert [fields["Idempotency-Key"] for _, _, fields in script.asked] == ["k1"] * 3
    assert exchange.slept == [0.1, 0.2]


def test_a_write_without_a_key_is_sent_once_and_the_doubt_is_raised(speaking):
    with scripted({"/tokens": [CUT]}) as script:
        exchange = speaking(script)
        with pytest.raises(Broken):
            exchange.write("POST", f"{script.address}/tokens", key=None)

    assert len(script.asked) == 1
    assert exchange.slept == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_who_cannot_tell_what_was_done_is_asked_again_with_a_key_only(speaking, status):
    with scripted({"/r": [(status, {}, None), OK]}) as script:
        told = speaking(script).write("POST", f"{script.address}/r", key="k")
        assert told.document == {"state": "enrolled"}
    with scripted({"/r": [(status, {}, None), OK]}) as script, pytest.raises(Refused) as refused:
        speaking(script).write("POST", f"{script.address}/r", key=None)

    found = (refused.value.name, refused.value.status, refused.value.code)
    assert found == ("Problem", status, "about:blank")


@pytest.mark.parametrize(("status", "key"), [(429, None), (503, "k")])
def test_who_is_asked_to_wait_waits_as_long_and_asks_again(speaking, status, key):
    busy = (status, {"Retry-After": "2"}, {"code": "rate-limited"})
    with scripted({"/r": [busy, busy, OK]}) as script:
        exchange = speaking(script)
        told = exchange.write("POST", f"{script.address}/r", key=key)
        assert told.document == {"state": "enrolled"}

    assert exchange.slept == [2.0, 2.0]


def test_who_is_asked_to_wait_too_long_is_told_at_once(speaking):
    busy = (429, {"Retry-After": "3600"}, {"code": "rate-limited", "detail": "Slower."})
    with scripted({"/r": [busy]}) as script:
        exchange = speaking(script)
        with pytest.raises(Refused, match="Slower") as refused:
            exchange.read(f"{script.address}/r")

    assert refused.value.name == "RateLimited"
    assert exchange.slept == []


def test_an_answer_says_when_to_look_again_if_the_server_does(speaking):
    later = (202, {"Retry-After": "3"}, {"state": "queued"})
    with scripted({"/j": [later, OK]}) as script:
        exchange, url = speaking(script), f"{script.address}/j"
        told = [exchange.write("POST", url, key="k"), exchange.read(url)]

    assert [one.retry_after for one in told] == [3, None]


def test_an_answer_that_breaks_off_is_asked_for_again(speaking):
    half = (200, {"Content-Length": "99"}, b'{"state": "enr')
    with scripted({"/r": [half, OK]}) as script:
        assert speaking(script).read(f"{script.address}/r").document == {"state": "enrolled"}


def test_what_never_comes_is_given_up_after_five_attempts(speaking):
    busy = (503, {}, {"code": "upstream-unavailable"})
    with scripted({"/r": [busy]}) as script:
        exchange = speaking(script)
        with pytest.raises(Refused) as refused:
            exchange.read(f"{script.address}/r")

    assert refused.value.name == "UpstreamUnavailable"
    assert len(script.asked) == 5
    assert exchange.slept == [0.1, 0.2, 0.4, 0.8]


def test_where_nobody_listens_a_write_without_a_key_is_tried_again_in_python(in_python):
    """`fetch` does not tell that there was no connection, so the ES module must not."""
    with scripted({"/": [OK]}) as script:
        pass
    exchange = in_python(script)
    with pytest.raises(Broken):
        exchange.write("POST", f"{script.address}/")

    assert len(exchange.slept) == 4


def test_what_was_read_is_asked_for_by_its_tag_and_not_sent_again(speaking):
    with scripted({"/c": [OK, (304, {"ETag": '"v1"'}, None)]}) as script:
        exchange = speaking(script)
        first = exchange.read(f"{script.address}/c")
        again = exchange.read(f"{script.address}/c")

    assert again.document == first.document == {"state": "enrolled"}
    assert [fields.get("If-None-Match") for _, _, fields in script.asked] == [None, '"v1"']


def test_a_public_document_is_not_asked_for_as_long_as_it_is_fresh(speaking):
    fresh = {"ETag": '"v1"', "Cache-Control": "public, max-age=300"}
    with scripted({"/d": [(200, fresh, {})]}) as script:
        exchange = speaking(script)
        for now in (0.0, 299.0, 301.0):
            exchange.at(now)
            exchange.read(f"{script.address}/d")
        exchange.read(f"{script.address}/d", anew=True)

    assert len(script.asked) == 3


def test_a_public_document_that_is_still_right_is_fresh_again(speaking):
    fresh = {"ETag": '"v1"', "Cache-Control": "public, max-age=300"}
    with scripted({"/d": [(200, fresh, {}), (304, fresh, None)]}) as script:
        exchange = speaking(script)
        for now in (0.0, 301.0, 302.0, 600.0):
            exchange.at(now)
            exchange.read(f"{script.address}/d")

    assert len(script.asked) == 2


def test_what_a_write_changed_is_not_taken_from_what_is_kept(speaking):
    private = {"ETag": '"v1"', "Cache-Control": "private, no-cache"}
    with scripted({"/c": [(200, private, {"n": 1}), OK, OK]}) as script:
        exchange = speaking(script)
        exchange.read(f"{script.address}/c")
        exchange.write("PATCH", f"{script.address}/c", key="k")
        exchange.read(f"{script.address}/c")

    assert "If-None-Match" not in script.asked[-1][2]


def test_another_caller_does_not_see_what_the_one_before_read(speaking):
    public = {"ETag": '"v1"', "Cache-Control": "public, max-age=300"}
    with scripted({"/me": [OK], "/": [(200, public, {})]}) as script:
        exchange = speaking(script, token="hr_one")
        for path in ("/me", "/"):
            exchange.read(script.address + path)
        exchange.identify("hr_two")
        for path in ("/me", "/"):
            exchange.read(script.address + path)

    assert [path for _, path, _ in script.asked] == ["/me", "/", "/me"]
    assert "If-None-Match" not in script.asked[-1][2]


def test_the_token_goes_to_no_other_origin(speaking):
    with scripted({"/": [OK]}) as ours, scripted({"/": [OK]}) as other:
        exchange = speaking(ours, token="hr_secret")
        exchange.read(f"{ours.address}/")
        exchange.read(f"{other.address}/")

    assert ours.asked[0][2]["Authorization"] == "Bearer hr_secret"
    assert "Authorization" not in other.asked[0][2]


def test_no_more_is_kept_than_is_good(speaking):
    paths = {f"/{n}": [OK] for n in range(KEPT + 1)}
    with scripted(paths) as script:
        exchange = speaking(script)
        for path in [*paths, "/0", f"/{KEPT}"]:
            exchange.read(script.address + path)

    conditional = ["If-None-Match" in fields for _, _, fields in script.asked[-2:]]
    assert conditional == [False, True]


def test_a_page_for_people_is_no_representation(speaking):
    page = (200, {"Content-Type": "text/html"}, "hello")
    with scripted({"/docs": [page]}) as script, pytest.raises(NoRepresentation, match="text/html"):
        speaking(script).read(f"{script.address}/docs")


@pytest.mark.parametrize("said", [b"{", b"[]", b'"hello"', b"null", b"\xff", b""])
def test_what_is_no_json_object_is_no_representation(speaking, said):
    with scripted({"/": [(200, {}, said)]}) as script, pytest.raises(NoRepresentation):
        speaking(script).read(f"{script.address}/")


@pytest.mark.parametrize("said", [b"{", b"[]", b""])
def test_a_refusal_that_is_no_json_object_is_one_without_a_code(speaking, said):
    with scripted({"/": [(409, {}, said)]}) as script, pytest.raises(Refused) as refused:
        speaking(script).write("POST", f"{script.address}/", key="k")

    assert (refused.value.status, refused.value.code) == (409, "about:blank")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_followed_by_nobody_and_names_where_it_leads(speaking, method, status):
    there = {"Location": "/there"}
    with scripted({"/": [(status, there, None)], "/there": [OK]}) as script:
        exchange, url = speaking(script), f"{script.address}/"
        with pytest.raises(Elsewhere, match="/ redirects to /there"):
            exchange.read(url) if method == "GET" else exchange.write("POST", url, key="k")

    assert [path for _, path, _ in script.asked] == ["/"]


def test_a_page_of_a_proxy_is_a_refusal_without_a_code(speaking):
    page = (403, {"Content-Type": "text/html"}, "go away")
    with scripted({"/": [page]}) as script, pytest.raises(Refused, match="HTTP status 403"):
        speaking(script).read(f"{script.address}/")


def test_every_code_is_an_exception_of_its_own_and_a_newer_one_a_plain_problem(speaking):
    paths = {f"/{code}": [(409, {}, {"code": code})] for code in (*problems.CODES, "made-up")}
    found = {}
    with scripted(paths) as script:
        exchange = speaking(script)
        for path in paths:
            with pytest.raises(Refused) as refused:
                exchange.read(script.address + path)
            found[refused.value.code] = refused.value.name

    named = {code: code.title().replace("-", "") for code in problems.CODES}
    assert found == named | {"made-up": "Problem"}


def test_an_origin_has_a_port_whether_it_is_written_or_not():
    assert origin_of("https://a.example/x") == origin_of("https://a.example:443/y")
    assert origin_of("http://a.example/") != origin_of("https://a.example/")
