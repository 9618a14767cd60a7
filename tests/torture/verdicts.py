"""What the server said to a text, held against what was due."""

import json

from tests.fuzz.beyond_the_schema import unexplained
from tests.torture.ground import JSON_PATCH, MERGE

MALFORMED = (400, "malformed-json")
NO_PATCH = (400, "malformed-patch")
INVALID = (422, "validation-failed")
TAKEN = (200, None)
CONFLICTS = {
    # A replacement without a status would make a draft of a class that is open.
    ("replace_class", (409, "state-conflict")),
    # Three at once: nothing is exported there meanwhile.
    ("create_export", (409, "state-conflict")),
}
READ = frozenset(
    {
        "i_number_double_huge_neg_exp",
        "i_number_real_underflow",
        "i_number_too_big_pos_int",
        "i_structure_UTF-8_BOM_empty_object",
    }
)
"""Those that are read of the texts of which the grammar lets a parser choose; every other is
malformed. So it is by every operation and on both databases."""


def said(answer):
    """Give the status and, of a refusal, the code."""
    is_refusal = answer.status_code >= 400
    return answer.status_code, answer.json()["code"] if is_refusal else None


def is_read(text):
    """Tell whether a text is to be read as JSON; names that repeat, RFC 8259 leaves open."""
    if text.expect == "either":
        return text.name in READ
    return text.expect == "accept" and not text.repeats_a_name


def due_to(text, door, schema):
    """Give what is due to a text at a door: by the text, the media type and the value it says."""
    if not is_read(text):
        return MALFORMED
    value = json.loads(text.body.removeprefix(b"\xef\xbb\xbf"))
    if schema.is_valid(value):
        return TAKEN
    is_no_patch = door.media_type == MERGE and not isinstance(value, dict)
    return NO_PATCH if is_no_patch or door.media_type == JSON_PATCH else INVALID


def fault_of(text, door, due, answer):
    """Say what is wrong with the answer to a text; None where it is as it should be."""
    verdict = said(answer)
    if due != TAKEN:
        return None if verdict == due else f"{door}: {text.name}: {verdict}, and {due} is due"
    if verdict == INVALID and not unexplained(door.operation_id, answer.json()):
        # The schema allows it, and what JSON Schema cannot say does not.
        return None
    if (door.operation_id, verdict) in CONFLICTS:
        return None
    return None if verdict[0] in (200, 201, 202, 204) else f"{door}: {text.name}: {verdict}"


def fault_of_refusal(member, sent, answer):
    """Say what is wrong where a string had to be refused: its member is named, and no other."""
    places = {error.get("pointer") for error in answer.json().get("errors", ())}
    if (said(answer), places) == (INVALID, {member.pointer}):
        return None
    return f"{member}: {sent!r} was answered {said(answer)} {places}"


def fault_of_another(member, sent, answer):
    """Say what is wrong where a string had to be refused because another thing has it."""
    told = (*said(answer), answer.json().get("pointer"))
    is_due = told == (409, "duplicate-name", f"#/{member.name}")
    return None if is_due else f"{member}: {sent!r} again was answered {told}"


def fault_of_text(member, expected, answer, taken):
    """Say what is wrong where a string had to be taken, as `expected`.

    `taken` are the keys of those before it: where a member is unique, the same again is refused.
    """
    status, code = said(answer)
    if member.is_unique and member.door.method == "POST" and member.key(expected) in taken:
        return fault_of_another(member, expected, answer)
    if status not in (200, 201):
        return f"{member}: {expected!r} was answered {status} {code}"
    if not member.is_shown:
        return None
    shown = member.of(answer.json())
    return None if shown == expected else f"{member}: {expected!r} came back as {shown!r}"
