import importlib.util
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner

from api.cli import main
from homeroom_client import Homeroom

pytestmark = [pytest.mark.xdist_group("clients")]

HOMEROOM = Path(sys.executable).parent / "homeroom"
PASSWORD = "correct horse battery"


class Terminal:
    """A pseudo-terminal in which somebody types; what the program wrote is in `seen`."""

    def __init__(self, *arguments):
        kept = {name: value for name, value in os.environ.items() if "HOMEROOM" not in name}
        self.child = pexpect.spawn(
            str(HOMEROOM),
            ["browse", *arguments],
            env=kept | {"TERM": "dumb"},
            dimensions=(50, 120),
            timeout=20,
            encoding="utf-8",
        )
        self.seen = ""

    def reads(self, prompt="\n> "):
        """Wait for the prompt; gives the text before it."""
        self.child.expect_exact(prompt)
        text = self.child.before.replace("\r", "")
        self.seen += text
        return text

    def types(self, line, prompt="\n> "):
        """Type a line, and read what comes up to the next prompt."""
        self.child.sendline(line)
        return self.reads(prompt)

    def ends(self, line):
        """Type the last line; gives the exit status."""
        self.child.sendline(line)
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def terminal(plain):
    terminal = Terminal(plain.url)
    yield terminal
    terminal.child.close(force=True)


@pytest.fixture
def owner(plain):
    """Somebody with an organization; gives name, token and the organization."""
    name = f"owner-{secrets.token_hex(4)}"
    with Homeroom(plain.url) as home:
        home.sign_up(name, PASSWORD)
        token = home.log_in(name, PASSWORD)["token"]
        made = (
            home.root()
            .follow("organizations")
            .act("create", {"name": f"School of {name}", "slug": name, "timezone": "Europe/Vienna"})
        )
        yield name, token, made


def piped(url, *arguments, stdin="", status=0, **variables):
    """Run it in this process, without a terminal; gives standard output and standard error."""
    env = {"HOMEROOM_TOKEN": None, **variables}
    ran = CliRunner(env=env).invoke(main, ["browse", url, *arguments], input=stdin)
    assert ran.exit_code == status, (ran.output, ran.exception)
    return ran.stdout, ran.stderr


def test_somebody_signs_up_logs_in_and_makes_a_school_by_forms(terminal):
    name = f"walker-{secrets.token_hex(4)}"
    assert "Sign up" in terminal.reads()

    asked = terminal.types("users", "username = ")
    assert "characters" in asked
    terminal.types(name, "password = ")
    offered = terminal.types(PASSWORD, "another member, or Enter to send: ")
    assert "display_name" in offered
    terminal.types("display_name", "display_name = ")
    terminal.types("Wanda Walker", "another member, or Enter to send: ")
    account = terminal.types("")
    terminal.types(f"login {name}", "password: ")
    welcome = terminal.types(PASSWORD)
    terminal.types("root")
    terminal.types("organizations")
    hinted = terminal.types("create name='Night School' timezone=Europe/Vienna", "slug = ")
    school = terminal.types(name)

    assert "Wanda Walker" in account
    assert "You are logged in." in welcome
    assert "at most 40 characters" in hinted
    assert "Night School" in school.split("\n")[1]
    assert terminal.ends("quit") == 0
    assert PASSWORD not in terminal.seen


def test_the_way_leads_by_numbers_to_a_class_whose_blocked_actions_say_why(terminal, owner):
    _, token, _ = owner
    terminal.reads()
    terminal.types(f"login {token}")
    listed = terminal.types("organizations")
    number = next(line.split()[0] for line in listed.split("\n") if "School of" in line)
    terminal.types(number)
    terminal.types("classes")

    made = terminal.types("create title=Choir capacity=1 status=draft")
    refused = terminal.types("open capacity=0x")
    opened = terminal.types("open")
    blocked = terminal.types("join-waitlist")

    assert "Not now\n" in made
    assert "register" in made.partition("Not now\n")[2]
    assert "class-not-open" in made
    assert "capacity is integer" in refused
    assert "status                       open" in opened
    assert 'sends {"status":"closed"}' in opened
    assert "There is no join-waitlist here" in blocked


def test_a_value_that_does_not_fit_is_asked_for_again_and_ctrl_c_leaves_the_form(terminal, owner):
    _, token, _ = owner
    terminal.reads()
    for step in (f"login {token}", "organizations", "1", "classes"):
        terminal.types(step)

    terminal.types("create", "title = ")
    terminal.types("Yoga", "another member, or Enter to send: ")
    terminal.types("capacity", "capacity = ")
    again = terminal.types("many", "capacity = ")
    terminal.types("12", "another member, or Enter to send: ")
    terminal.child.sendintr()
    left = terminal.reads()

    assert "capacity is integer" in again
    assert "Nothing was done." in left
    assert "Yoga" not in terminal.types("again")


def test_history_leads_back(terminal, owner):
    _, token, _ = owner
    terminal.reads()
    for step in (f"login {token}", "organizations", "1", "students"):
        terminal.types(step)

    history = terminal.types("history")
    back = terminal.types("back 2")
    nowhere = terminal.types("back 9")

    assert [line.split()[1] for line in history.split("\n") if line[:4] == "back"] == [
        "1",
        "2",
        "3",
    ]
    assert "A list" in back
    assert "You have not been anywhere before that." in nowhere
    assert terminal.types("help").count("NUMBER") == 1
    assert terminal.ends("q") == 0


def test_a_list_is_searched_by_the_template_that_it_carries(terminal, owner):
    _, token, school = owner
    for title in ("Choir", "Chess"):
        school.follow("classes").act("create", {"title": title})
    terminal.reads()
    for step in (f"login {token}", "organizations", "1", "classes"):
        terminal.types(step)

    asked = terminal.types("search", "name=value …, or Enter: ")
    found = terminal.types("title=Chess")

    assert "title__contains" in asked
    assert "Chess" in found
    assert "Choir" not in found


def test_a_refusal_is_told_and_the_walk_goes_on(terminal):
    terminal.reads()

    refused = terminal.types("me")
    page = terminal.types("service-doc")
    lost = terminal.types("nowhere")
    quoted = terminal.types("search 'open")

    assert "authentication-required" in refused
    assert "is text/html" in page
    assert "There is no nowhere here" in lost
    assert "No closing quotation" in quoted
    assert "Homeroom" in terminal.types("")


def test_steps_on_the_command_line_end_in_one_json_document(plain, owner):
    name, token, school = owner

    out, _ = piped(
        plain.url, "--json", "--token", token, "organizations", f"search slug={name}", "1"
    )

    assert json.loads(out)["id"] == school["id"]


def test_lines_of_a_pipe_are_steps_and_the_token_may_come_from_the_environment(plain, owner):
    _, token, _ = owner
    steps = 'organizations\n1\nclasses\ncreate title=Choir waitlist=\'{"mode": "auto"}\'\n'

    out, _ = piped(plain.url, stdin=steps, HOMEROOM_TOKEN=token)

    assert out.startswith("Choir · draft\n")
    assert '"mode":"auto"' in out


def test_a_step_that_is_refused_ends_with_status_1_and_the_problem(plain):
    out, err = piped(plain.url, "--json", "me", status=1)

    assert json.loads(out)["code"] == "authentication-required"
    assert err == "homeroom: authentication-required: Authentication required\n"


def test_a_form_in_a_pipe_says_what_it_lacks(plain, owner):
    _, token, _ = owner

    _, err = piped(plain.url, "--token", token, "organizations", "create name=x", status=1)

    assert err == "homeroom: create needs slug, timezone: say slug=…\n"


def test_what_a_server_says_cannot_steer_the_terminal(plain, owner):
    _, token, school = owner
    with pytest.raises(Exception, match="validation-failed"):
        school.act("edit", {"name": "Evil \x1b[2J School"})
    school.follow("students").act(
        "create", {"given_name": "Al\u202eice", "family_name": "Right-to-left"}
    )

    out, _ = piped(plain.url, "--token", token, "organizations", "1", "students")

    assert "\u202e" not in out
    assert "Al\ufffdice" in out


def test_where_nobody_serves_it_says_so():
    _, err = piped("http://127.0.0.1:9", status=1)

    assert err.startswith("homeroom: ")
    assert "refused" in err


def test_help_does_not_import_the_client():
    program = (
        "import sys; from api.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print({'homeroom_client', 'httpx'} & sys.modules.keys())"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "browse" in ran.stdout
    assert ran.stdout.endswith("set()\n")


def test_without_the_client_it_says_what_is_lacking(monkeypatch):
    found = importlib.util.find_spec
    lacking = lambda name, *more: None if name == "homeroom_client" else found(name, *more)
    monkeypatch.setattr(importlib.util, "find_spec", lacking)

    ran = CliRunner().invoke(main, ["browse", "http://127.0.0.1:9"])

    assert (ran.exit_code, ran.output) == (
        1,
        "homeroom: browse needs homeroom-client: pip install --editable clients/python\n",
    )


def test_who_ends_their_own_token_is_a_stranger_at_the_root(plain, owner):
    name, _, _ = owner
    with Homeroom(plain.url) as home:
        token = home.log_in(name, PASSWORD, label="to be ended")["token"]

    out, _ = piped(plain.url, "--token", token, "me", "tokens", "search", "1", "revoke")

    assert "Sign up" in out
