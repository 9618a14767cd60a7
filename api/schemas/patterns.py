r"""What the texts that clients send must look like: patterns that judge, and that document.

The documented ones are ECMA-262, as OpenAPI wants it, and mean the same in Python. Quotes and
slashes are escaped by number, so that they survive in whatever source a generator writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL_OF_A_TEXT = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
# What `str.strip` takes away, beside controls.
_SPACE = r"\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NO_SURROGATE = r"\ud800-\udfff"

# Controls, line and paragraph separators, and surrogates, which are no characters at all.
CONTROLS = re.compile(f"[{_CONTROL}{_NO_SURROGATE}]")
CONTROLS_OF_A_TEXT = re.compile(f"[{_CONTROL_OF_A_TEXT}{_NO_SURROGATE}]")
NUL = re.compile(f"[\\x00{_NO_SURROGATE}]")

LINE = f"^[^{_CONTROL}]*[^{_CONTROL}{_SPACE}][^{_CONTROL}]*$"
"""One line with something in it."""
LINES = f"^([^{_CONTROL_OF_A_TEXT}]|\\x0d\\x0a)*[^\\x00-\\x1f\\x7f-\\x9f{_SPACE}]([^{_CONTROL_OF_A_TEXT}]|\\x0d\\x0a)*$"  # noqa: E501  # one pattern
"""Several lines with something in them."""
NO_NUL = r"^[^\x00]*$"
SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
LOCAL_DATE_TIME = f"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{TIME}$"
TIMEZONE = r"^[A-Za-z0-9_+-]+(\x2f[A-Za-z0-9_+-]+)*$"
_ATOM = rf"[^{_CONTROL}{_SPACE}@<>()\[\],;:\\\x22]"
_LABEL = rf"[^{_CONTROL}{_SPACE}@.<>()\[\],;:\\\x22]"
EMAIL = rf"^{_ATOM}+@{_LABEL}+(\.{_LABEL}+)+$"
USERNAME = "^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"
OF_INPUT = frozenset({LINE, LINES, EMAIL, USERNAME})
"""Those that what is stored need not match: an erased record shows empty texts."""

_ENTITY_TAG = r"(W\x2f)?\x22[\x21\x23-\x7e\x80-\xff]*\x22"
ENTITY_TAGS = rf"^(\*|[ \t,]*{_ENTITY_TAG}([ \t]*,[ \t,]*{_ENTITY_TAG})*([ \t]*,[ \t,]*)?)$"
"""`*`, or a list of entity tags (RFC 9110 sections 8.8.3 and 5.6.1.2); one way to read each."""
IDEMPOTENCY_KEY = r"^(\x22[\x20\x21\x23-\x7e]{1,255}\x22|[\x21\x23-\x7e]{1,255})$"
POINTER = r"^(\x2f([^~\x2f]|~[01])*)*$"
"""A JSON Pointer (RFC 6901 section 3)."""


def text(least: int, *, multiline: bool) -> str:
    """Give the pattern of a text; only one that may be empty may also be blank."""
    if least:
        return LINES if multiline else LINE
    return f"^[^{_CONTROL_OF_A_TEXT if multiline else _CONTROL}]*$"


def listed(one: str, most: int) -> str:
    """Give the pattern of 1 to `most` values with commas between them; `one` has no anchors."""
    return f"^{one}(,{one}){{0,{most - 1}}}$"


def among(names: Iterable[str]) -> str:
    """Give the pattern of one of these names."""
    return f"({'|'.join(re.escape(name) for name in names)})"


def one_of(pattern: str | None) -> str:
    """Give a documented pattern as it stands for one value between commas; None: any text."""
    if pattern is None or pattern == LINE:
        return LINE.replace(r"[^\x00", r"[^,\x00")[1:-1]
    return f"({pattern.removeprefix('^').removesuffix('$')})"
