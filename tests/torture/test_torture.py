"""Bodies that are no JSON, or hardly, and strings that break programs: refused, or kept whole."""

import re
from collections import defaultdict
from itertools import count

from tests.torture.ground import PUBLIC, body_schema, doors, formed_members, text_members
from tests.torture.texts import due, json_texts, naughty_strings, normal, sliced
from tests.torture.verdicts import (
    TAKEN,
    due_to,
    fault_of,
    fault_of_another,
    fault_of_refusal,
    fault_of_text,
)

EVERY = 118
"""Of the naughty strings each member, or the first of each form, gets one in so many here; in the
soak every member gets all of them."""
REASONS = "reason_code"


def test_every_text_is_answered_as_is_due_and_what_is_refused_leaves_no_trace(
    victim, is_whole, record
):
    texts = json_texts(is_whole)

    faults = [
        fault
        for turn, door in enumerate(doors(victim.document))
        for fault in faults_at(victim, door, texts if is_whole else sliced(texts, turn), record)
    ]

    assert faults == [], "\n".join(faults[:100])
    record["tests that held"] += 1


def faults_at(victim, door, texts, record):
    schema = body_schema(victim.document, door)
    dues = [(text, due_to(text, door, schema)) for text in texts]
    record["texts on operations"] += len(dues)
    record["operations and media types"] += 1
    refused = [(text, due) for text, due in dues if due != TAKEN]
    victim.prepare(door, len(dues))
    before = victim.stored()
    yield from heard(victim, door, refused)
    if victim.stored() != before:
        yield f"{door}: what was refused is half-written"
    yield from heard(victim, door, [(text, due) for text, due in dues if due == TAKEN])


def heard(victim, door, dues):
    for text, due_to_it in dues:
        fault = fault_of(text, door, due_to_it, victim.send(door, text.body))
        if fault is not None:
            yield fault


def test_a_naughty_string_comes_back_normal_and_trimmed_or_is_refused_at_its_place(
    victim, is_whole, record
):
    strings, shift = naughty_strings(is_whole), count()
    every = 1 if is_whole else EVERY

    faults = [
        fault
        for door in doors(victim.document)
        for member in members_of(victim, door)
        for fault in faults_of(victim, member, strings[next(shift) % every :: every], record)
    ]

    assert faults == [], "\n".join(faults[:100])
    record["tests that held"] += 1


def test_a_naughty_string_where_a_form_is_asked_for_has_it_or_is_refused_at_its_place(
    victim, is_whole, record
):
    strings, shift = naughty_strings(is_whole), count()
    every = 1 if is_whole else EVERY
    met, taken = set(), defaultdict(set)

    def is_due(member):
        is_new = member.form not in met
        met.add(member.form)
        return is_whole or is_new

    faults = [
        fault
        for door in doors(victim.document)
        for member in members_of(victim, door, formed_members)
        if is_due(member)
        for fault in faults_of_a_form(
            victim, member, strings[next(shift) % every :: every], taken[member.name], record
        )
    ]

    assert faults == [], "\n".join(faults[:100])
    record["tests that held"] += 1


def members_of(victim, door, listed=text_members):
    """List members of a door, in a school where nobody has called it."""
    members = listed(victim.document, door)
    if members:
        victim.move()
    return members


def faults_of(victim, member, strings, record):
    record["members"] += 1
    record["strings in members"] += len(strings)
    victim.prepare(member.door, len(strings))
    yield from faults_of_refused(
        victim, member, [sent for sent in strings if due(sent, member) is None]
    )
    taken = set()
    for sent in strings:
        expected = due(sent, member)
        if expected is not None:
            fault = fault_of_one(victim, member, (sent, expected), taken)
            taken.add(member.key(expected))
            if fault is not None:
                yield fault


def faults_of_refused(victim, member, strings):
    """Send strings that have to be refused, and see that nothing is left of them."""
    before = victim.stored()
    for sent in strings:
        fault = fault_of_refusal(member, sent, victim.send_member(member, sent))
        if fault is not None:
            yield fault
    if victim.stored() != before:
        yield f"{member}: what was refused is half-written"


def faults_of_a_form(victim, member, strings, taken, record):
    """Send strings of which the schema says too little to foretell which are taken."""
    record["members of a form"] += 1
    record["strings in members of a form"] += len(strings)
    victim.prepare(member.door, len(strings))
    has_form = re.compile(member.form).fullmatch
    yield from faults_of_refused(
        victim, member, [sent for sent in strings if not has_form(normal(sent))]
    )
    for sent in filter(lambda sent: has_form(normal(sent)), strings):
        before, answer = victim.stored(), victim.send_member(member, sent)
        if answer.is_success:
            taken.add(member.key(normal(sent)))
            record[f"strings that a {member.name} took"] += 1
            fault = fault_of_text(member, member.shown(normal(sent)), answer, ())
        else:
            fault = fault_of_no(member, sent, answer, taken)
            if victim.stored() != before:
                yield f"{member}: {sent!r} was refused, and is half-written"
        if fault is not None:
            yield fault


def fault_of_no(member, sent, answer, taken):
    """Say what is wrong where a string of the right form was refused."""
    if member.key(normal(sent)) in taken:
        # Names of users and slugs stand once in the whole of Homeroom.
        return fault_of_another(member, sent, answer)
    # A word may look like the name of a time zone, and be none.
    return fault_of_refusal(member, sent, answer)


def fault_of_one(victim, member, string, taken):
    """Send one string that has to be taken, and read again what it came to."""
    sent, expected = string
    if member.name == REASONS:
        return fault_of_a_reason(victim, member, sent, expected)
    answer = victim.send_member(member, sent)
    fault = fault_of_text(member, expected, answer, taken)
    if fault is not None or answer.status_code == 409 or member.door.operation_id in PUBLIC:
        return fault
    kept = victim.read(answer.headers.get("Location") or victim.path(member.door))
    if member.is_shown and member.of(kept) != expected:
        return f"{member}: {sent!r} is stored as {member.of(kept)!r}"
    return None


def fault_of_a_reason(victim, member, sent, expected):
    """Say why a student comes or goes, and read it in the ledger of the registration."""
    is_leaving = member.door.operation_id == "create_registration_transition"
    known = {"registration_id": victim.registered()} if is_leaving else {}
    answer = victim.send_member(member, sent, **known)
    fault = fault_of_text(member, expected, answer, ())
    if fault is not None:
        return fault
    registration = answer.json()["id"]
    told = victim.read(f"/v1/registrations/{registration}/transitions")["items"][-1]
    if not is_leaving:
        victim.drop(registration)
    return None if told[REASONS] == expected else f"{member}: {sent!r} is stored as {told}"
