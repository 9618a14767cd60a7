"""What the server said to a text, held against what was due."""

import json

MALFORMED = (400, "malformed-json")
PARSED = {(422, "validation-failed"), (400, "malformed-patch"), (422, "patch-failed")}
EMPTY = ({}, [])


def said(answer):
    """Give the status and, of a refusal, the code."""
    is_refusal = answer.status_code >= 400
    return answer.status_code, answer.json()["code"] if is_refusal else None


def fault_of(text, answer):
    """Say what is wrong with the answer to a text of JSON; None where it is as it should be."""
    verdict = said(answer)
    is_malformed = verdict == MALFORMED
    if text.expect == "reject" or text.repeats_a_name:
        return None if is_malformed else f"{text.name}: {verdict}, and it is no JSON"
    if is_malformed:
        return f"{text.name}: refused as malformed" if text.expect == "accept" else None
    if verdict in PARSED or (verdict[0] in (200, 204) and is_empty(text)):
        return None
    return f"{text.name}: {verdict}"


def is_empty(text):
    """Tell whether a text says nothing, so that a change by it is none."""
    return json.loads(text.body.removeprefix(b"\xef\xbb\xbf")) in EMPTY


def fault_of_member(member, sent, expected, answer):
    """Say what is wrong with the answer to a string in a member of a new thing."""
    status, code = said(answer)
    if not member.is_shown and expected is not None and status in (200, 201, 409):
        return None
    if status == 201:
        shown = answer.json()[member.name]
        return None if shown == expected else f"{member}: {sent!r} came back as {shown!r}"
    places = {error.get("pointer") for error in answer.json().get("errors", ())}
    if code == "duplicate-name":
        places = {answer.json()["pointer"]}
        return (
            None
            if places == {f"#/{member.name}"} and member.name in UNIQUE
            else f"{member}: {code}"
        )
    if expected is None and (status, places) == (422, {f"#/{member.name}"}):
        return None
    return f"{member}: {sent!r} was answered {status} {code} {places}"


UNIQUE = frozenset({"code", "external_id"})
"""Members of which two strings may come to the same in their normal form."""
