"""Texts that parsers and forms stumble over, collected by others, and what is due to each."""

import base64
import gzip
import json
import unicodedata
from dataclasses import dataclass

import pytest

from tests.given_data import TORTURE

# As in the schemas: what no text holds, and what a text of several lines may hold of it.
FORBIDDEN = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"}
LINE_BREAKS = {"\n", "\t", "\u2028", "\u2029"}


@dataclass(frozen=True)
class Text:
    """One body, and what the grammar of JSON (RFC 8259) says of it: accept, reject or either."""

    name: str
    expect: str
    body: bytes

    @property
    def kind(self):
        """The class of the text: what it is about, and what is due to it."""
        return self.expect, self.name.split("_")[1]

    @property
    def repeats_a_name(self):
        found = []

        def hook(pairs):
            found.append(len(dict(pairs)) < len(pairs))
            return dict(pairs)

        try:
            json.loads(self.body, object_pairs_hook=hook)
        except (ValueError, RecursionError):
            return False
        return any(found)


def rows_of(name, is_needed):
    """Read the rows of one file; where it is absent, a test is left out that does not need it."""
    file = TORTURE / f"{name}.jsonl.gz"
    if not file.exists():
        give_up = pytest.fail if is_needed else pytest.skip
        give_up(f"the texts are not here: no file {file.name} below HOMEROOM_TEST_DATA")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def json_texts(is_needed):
    return [
        Text(row["name"], row["expect"], base64.b64decode(row["bytes_b64"]))
        for row in rows_of("json_parsing", is_needed)
    ]


def naughty_strings(is_needed):
    return [row["s"] for row in rows_of("naughty_strings", is_needed)]


def sliced(texts, turn):
    """Take one text of each class, another at every turn."""
    classes = {}
    for text in texts:
        classes.setdefault(text.kind, []).append(text)
    return [members[turn % len(members)] for members in classes.values()]


def normal(text):
    """Give the form in which a text is kept."""
    return unicodedata.normalize("NFC", text).strip()


def due(sent, member):
    """Tell what a text member makes of a string; None where it is refused."""
    is_multiline = member.multiline
    text = sent.replace("\r\n", "\n") if is_multiline else sent
    forbidden = FORBIDDEN - LINE_BREAKS if is_multiline else FORBIDDEN
    if forbidden & set(text):
        return None
    shown = normal(text)
    return shown if 1 <= len(shown) <= member.most else None
