import pytest

from api.errors import NotAcceptable, UnsupportedMediaType
from api.http import negotiation
from api.http.negotiation import JSON, JSON_PATCH, MERGE_PATCH

HTML = "text/html"


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        " ",
        "*/*",
        "application/*",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;q=0.1",
        "application/problem+json",
        "text/html, application/problem+json;q=0.5",
        "image/png, */*;q=0.001",
        'text/plain;title="a,b", application/json',
        "nonsense, application/json",
        "application/json;q=0, application/json",
    ],
)
def test_whoever_accepts_json_or_problems_gets_json(accept):
    assert negotiation.choose(accept, (JSON,)) == JSON


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        "application/json;q=0",
        "application/json;q=0, */*;q=0",
        "application/json;q=0.0, */*",
        "application/jsonp",
        "application/xml, text/*",
        "nonsense",
        "application/json;q=2",
        "application/json oops",
    ],
)
def test_whoever_accepts_neither_is_told_what_there_is(accept):
    with pytest.raises(NotAcceptable) as refused:
        negotiation.choose(accept, (JSON,))

    assert refused.value.members["available"] == [JSON, "application/problem+json"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", HTML),
        ("text/html;q=0.5, application/json;q=0.9", JSON),
        ("text/*, application/json", JSON),
        ("*/*", JSON),
        ("text/html", HTML),
        ("text/html;q=0, */*", JSON),
    ],
)
def test_the_preferred_type_wins_and_on_equal_terms_the_first_offered(accept, chosen):
    assert negotiation.choose(accept, (JSON, HTML)) == chosen


def test_what_is_no_json_is_not_replaced_by_a_problem():
    with pytest.raises(NotAcceptable) as refused:
        negotiation.choose("application/problem+json", ("text/event-stream",))

    assert refused.value.members["available"] == ["text/event-stream"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'APPLICATION/json;charset="UTF-8"',
        "application/json; profile=x",
        "application/json ;",
    ],
)
def test_a_body_of_an_accepted_type_in_utf_8_is_taken(content_type):
    assert negotiation.body_type(content_type, (JSON,)) == JSON


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded",
        "json",
        "application/json charset=utf-8",
    ],
)
def test_any_other_body_is_refused_with_what_works(content_type):
    with pytest.raises(UnsupportedMediaType) as refused:
        negotiation.body_type(content_type, (JSON,))

    assert refused.value.members["headers"] == {"Accept": JSON}


def test_a_refused_patch_says_accept_patch():
    with pytest.raises(UnsupportedMediaType) as refused:
        negotiation.body_type("text/plain", (MERGE_PATCH, JSON_PATCH))

    assert refused.value.members["headers"] == {"Accept-Patch": f"{MERGE_PATCH}, {JSON_PATCH}"}


def test_a_coded_body_is_refused_and_identity_is_not():
    negotiation.refuse_coding(None)
    negotiation.refuse_coding("Identity")

    with pytest.raises(UnsupportedMediaType) as refused:
        negotiation.refuse_coding("gzip")

    assert refused.value.members["headers"] == {"Accept-Encoding": "identity"}


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("x-gzip", True),
        ("br, gzip, deflate", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("br;q=0", False),
        ("*;q=0", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=9", False),
    ],
)
def test_gzip_is_sent_only_to_whoever_takes_it(accept_encoding, accepted):
    assert negotiation.accepts_gzip(accept_encoding) is accepted


def test_a_hostile_header_is_read_in_linear_time():
    accept = 'a/b;x="' + "\\" * 8000

    with pytest.raises(NotAcceptable):
        negotiation.choose(accept, (JSON,))
