"""`scripts/conformance` against servers as they are deployed, and what it leaves behind there."""

import subprocess

import pytest

from tests.blackbox.deployed import WHOLE, assert_all_passed, lines_of
from tests.cli.commands import run, run_json
from tests.servers.programs import ROOT

LONG = pytest.mark.everywhere


@LONG
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("before", ["behind_nginx", "alone"])
def test_all_checks_pass_and_nothing_is_left_behind(before, request):
    with request.getfixturevalue(before)() as there:
        status, told = there.looked_at(*WHOLE)
        living = there.count("organizations WHERE archived_at IS NULL")
        accounts = there.count("users")

    # Long forms keep it.
    print(told)
    assert_all_passed(status, told)
    assert (living, accounts) == (0, 1)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_a_server_does_not_offer_is_left_out_by_name(alone):
    closed = {"HOMEROOM_RATE_LIMIT": "600/minute", "HOMEROOM_REGISTRATION_RATE_LIMIT": "off"}
    with alone(**closed) as there:
        status, told = there.looked_at("-k", "check_1_ or check_5 or check_34 or check_38")

    verdicts = lines_of(told)
    assert status == 0, told
    # Though what is left to ask falls from answer to answer.
    assert verdicts[1] == "pass"
    for number, option in {5: "--origin", 34: "--fault-path", 38: "HOMEROOM_RATE_LIMIT"}.items():
        assert verdicts[number].startswith("left out: ")
        assert option in verdicts[number]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_where_nobody_may_sign_up_the_people_are_those_whose_tokens_are_given(alone):
    with alone(signups=0, HOMEROOM_OPEN_SIGNUP="off") as there:
        for name in ("operator", "helper"):
            run(there.url, "users", "create", name, "--no-password")
            there.tokens.append(run_json(there.url, "tokens", "issue", name)["token"])
        status, told = there.looked_at("-k", "check_12 or check_25 or check_40")
        accounts = there.count("users")

    verdicts = lines_of(told)
    assert status == 0, told
    # Check 12 comes first, and needs one person beside the owner.
    assert verdicts[12] == "pass"
    for number, who in {25: "registrar", 40: "owner"}.items():
        assert verdicts[number].startswith(f"left out: it needs one more person ({who})")
    assert accounts == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["http://127.0.0.1:9", "--token", "x"], "does not answer as Homeroom does"),
        (["http://127.0.0.1:9"], "--token"),
    ],
)
def test_a_look_at_nothing_says_so(arguments, complaint):
    told = subprocess.run(
        [ROOT / "scripts" / "conformance", *arguments],
        capture_output=True,
        check=False,
        text=True,
    )

    assert (told.returncode, complaint in told.stderr) == (2, True)
