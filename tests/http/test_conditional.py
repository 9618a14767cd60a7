import pytest

from api.errors import InvalidHeader, PreconditionRequired, StaleVersion
from api.http import conditional

TAG = '"v12-0123456789abcdef"'
GZIPPED = '"v12-0123456789abcdef:gzip"'
OTHER = '"v12-fedcba9876543210"'


def test_a_tag_holds_the_version_and_sixteen_digits_of_the_bytes():
    tag = conditional.etag(12, b"{}")

    assert tag.startswith('"v12-')
    assert len(tag) == len(TAG)
    assert tag == conditional.etag(12, b"{}")
    assert tag != conditional.etag(12, b"{ }")
    assert tag != conditional.etag(13, b"{}")


def test_the_compressed_form_has_a_tag_of_its_own():
    assert conditional.of_gzip(TAG) == GZIPPED


@pytest.mark.parametrize(
    "header",
    [TAG, GZIPPED, OTHER, "*", " * ", f'"v1-0", {TAG}', f'W/"v1-0",{TAG}', f",,{TAG} ,"],
)
def test_a_write_passes_when_the_header_names_the_version_in_any_form(header):
    conditional.require_version(header, 12)

    assert conditional.matches_version(header, 12)


@pytest.mark.parametrize(
    "header",
    ['"v11-0123456789abcdef"', '"v121-0123456789abcdef"', '"v1"', '""', '"12"', '"xv12-"'],
)
def test_a_write_with_another_version_is_stale(header):
    with pytest.raises(StaleVersion) as refused:
        conditional.require_version(header, 12)

    assert refused.value.detail == "The resource is at version 12."


def test_a_weak_tag_never_passes_and_is_told_why():
    with pytest.raises(StaleVersion) as refused:
        conditional.require_version(f"W/{TAG}", 12)

    assert "weak" in refused.value.detail


def test_a_missing_header_is_refused_only_where_it_is_required():
    conditional.require_version(None, 12, required=False)

    with pytest.raises(PreconditionRequired):
        conditional.require_version(None, 12)


def test_a_header_that_is_not_required_is_honoured_all_the_same():
    with pytest.raises(StaleVersion):
        conditional.require_version(TAG, 13, required=False)


@pytest.mark.parametrize(
    "header",
    ["", "v12", "v12-0123456789abcdef", '"open', '"a" "b"', '"a\n"', "w/" + TAG, ",", f"*, {TAG}"],
)
def test_a_malformed_list_of_tags_is_refused_by_name(header):
    with pytest.raises(InvalidHeader) as refused:
        conditional.parse("If-Match", header)

    assert refused.value.members["errors"][0]["header"] == "If-Match"
    assert refused.value.members["errors"][0]["code"] == "bad-format"


def test_a_comma_inside_a_tag_does_not_end_it():
    assert conditional.parse("If-Match", '"a,b", "c"').tags == ('"a,b"', '"c"')


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", GZIPPED, f"W/{GZIPPED}", f'"x", {TAG}', "*"])
@pytest.mark.parametrize("current", [TAG, GZIPPED])
def test_whoever_has_the_representation_in_any_coding_gets_not_modified(header, current):
    assert conditional.not_modified(header, current)


@pytest.mark.parametrize("header", [OTHER, '"v13-0123456789abcdef"', '"v12"'])
def test_a_foreign_tag_gets_the_representation(header):
    assert not conditional.not_modified(header, TAG)


def test_only_an_asterisk_asks_for_a_creation():
    assert conditional.forbids_existing("*")
    assert not conditional.forbids_existing(TAG)
    assert not conditional.forbids_existing(None)


def test_a_long_hostile_list_is_refused_quickly():
    with pytest.raises(InvalidHeader):
        conditional.parse("If-None-Match", '"a",' * 4000 + "x")
