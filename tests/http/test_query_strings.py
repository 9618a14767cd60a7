import pytest

from api.errors import InvalidParameter
from api.http.query_strings import require_utf8


@pytest.mark.parametrize(
    "query", [b"", b"a=1&b=", b"a=%C3%A9&b=%e2%82%ac", "a=é".encode(), b"a=%zz", b"a=100%"]
)
def test_utf_8_is_let_pass(query):
    require_utf8(query)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        (b"x=%ff", "x"),
        (b"a=1&name=%C3%28", "name"),
        (b"x=\xff", "x"),
        (b"x=%ED%A0%80", "x"),
        (b"%ff=1", "\ufffd"),
    ],
)
def test_bytes_that_are_no_utf_8_are_refused_by_name(query, parameter):
    with pytest.raises(InvalidParameter) as refused:
        require_utf8(query)

    assert refused.value.members["errors"][0]["parameter"] == parameter
    assert refused.value.members["errors"][0]["code"] == "bad-format"
