"""Every scalar member of a list's items narrows the list, or stands here with the reason."""

import pytest
from marshmallow import fields

from api.schemas import fields as members

SCALAR = (
    *(fields.String, fields.Integer, fields.Boolean, fields.Date),
    *(members.Instant, members.Enum, members.Id),
)
ALWAYS = {
    "organization_id": "the same in the whole list",
    "version": "for conditional requests alone",
    "description": "prose: found by its title",
}
OF_A_LIST = {
    "list_classes": {
        "timezone": "`effective_timezone` is the one that holds",
        "drop_until": "`effective_drop_until` is the one that holds",
        "withdraw_until": "`effective_withdraw_until` is the one that holds",
        "promotion_ends_at": "`effective_promotion_ends_at` is the one that holds",
        "over_allowance": "what staff let in above the limit; `seats_taken` tells it",
    },
    "list_organizations": {
        "min_gap_minutes": "a setting among few organizations of one's own",
        "max_live_classes_per_term": "the same",
        "max_waitlists_per_term": "the same",
    },
    "list_class_meeting_patterns": {
        "class_id": "the same in the whole list",
        "start_local": "a time of the day; a class has at most 20 patterns",
    },
    "list_class_sessions": {
        "class_id": "the same in the whole list",
        "local_start": "`starts_at` is the same moment",
        "duration_minutes": "from `starts_at` to `ends_at`",
    },
    "get_class_waitlist": {"class_id": "the same in the whole list"},
    "list_tokens": {"shown_prefix": "a token is told by its `label` or `id`"},
}
COUNTED = {
    "position": "counted anew for every answer, from a class's whole line",
    "length": "the same",
}


@pytest.fixture(scope="module")
def lists(targets):
    return {
        name: target.served for name, target in targets.items() if target.served.listing is not None
    }


def scalars(served):
    shown = served.returns.schema().dump_fields.items()
    return {name for name, field in shown if isinstance(field, SCALAR)}


def test_every_scalar_member_can_be_filtered_by(lists):
    for name, served in lists.items():
        excused = {**ALWAYS, **COUNTED, **OF_A_LIST.get(name, {})}

        assert scalars(served) - set(served.listing.filters) - set(excused) == set(), name


def test_no_excuse_outlives_its_member(lists):
    for name, excused in OF_A_LIST.items():
        assert set(excused) <= scalars(lists[name]) - set(lists[name].listing.filters), name


def test_every_list_takes_fields(lists):
    assert [name for name, served in lists.items() if not served.listing.members] == []
