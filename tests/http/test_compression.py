import gzip

import pytest

from api.http import compression

BODY = b'{"title":"Algebra"}' * 100


def test_a_compressed_body_unpacks_to_itself():
    packed = compression.gzip(BODY)

    assert gzip.decompress(packed) == BODY
    assert len(packed) < len(BODY) / 5


def test_equal_bodies_give_equal_bytes_without_a_time():
    packed = compression.gzip(BODY)

    assert packed == compression.gzip(BODY)
    assert packed[4:8] == bytes(4)


@pytest.mark.parametrize(
    ("accept_encoding", "size", "due"),
    [
        ("gzip", 1024, True),
        ("gzip", 1023, False),
        ("identity", 5000, False),
        (None, 5000, False),
    ],
)
def test_only_a_kibibyte_or_more_is_compressed_for_whoever_takes_it(accept_encoding, size, due):
    assert compression.is_due(accept_encoding, size) is due
