"""Both clients' way of speaking HTTP, by one vocabulary, so that a case is written once."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from homeroom_client import File, Patience, Problem, Redirected, Unreadable
from homeroom_client.exchange import Exchange

PROGRAM = Path(__file__).with_name("exchange.mjs")


class Refused(Exception):
    """What was answered is a problem: the name of its class, its status and its code."""

    def __init__(self, name, status, code, text):
        super().__init__(text)
        self.name, self.status, self.code = name, status, code


class Broken(Exception):
    """No answer came, and nobody can tell what was done."""


class NoRepresentation(Exception):
    """What is there is for people."""


class Elsewhere(Exception):
    """The server says to ask somewhere else."""


@dataclass(frozen=True)
class Told:
    """What was read or done."""

    document: object
    is_replayed: bool
    retry_after: float | None


class PythonExchange:
    """The one of `homeroom_client`; it takes no pause, and notes them."""

    def __init__(self, http, url, token=None):
        self.slept, self.now = [], 0.0
        patience = Patience(sleep=self.slept.append, spread=lambda: 1.0)
        self._speaks = Exchange(
            http=http, origins={url}, token=token, patience=patience, clock=lambda: self.now
        )
        self.identify = self._speaks.identify

    def read(self, url, *, anew=False, media_type=None):
        """Read what is there."""
        return self._told(lambda: self._speaks.read(url, anew=anew, media_type=media_type))

    def fetch(self, url, media_type=None):
        """Take what is there as a file."""
        return self._raising(lambda: self._speaks.fetch(url, media_type))

    def write(self, method, url, *, key=None):
        """Change what is there."""
        return self._told(lambda: self._speaks.write(method, url, key=key))

    def at(self, seconds):
        """Have its clock show this."""
        self.now = seconds

    def _told(self, act):
        answer = self._raising(act)
        return Told(answer.document, answer.is_replayed, answer.retry_after)

    def _raising(self, act):
        try:
            return act()
        except Problem as fault:
            name = type(fault).__name__
            raise Refused(name, fault.status, fault.code, str(fault)) from fault
        except Redirected as fault:
            raise Elsewhere(str(fault)) from fault
        except Unreadable as fault:
            raise NoRepresentation(str(fault)) from fault
        except httpx.TransportError as fault:
            raise Broken(str(fault)) from fault


class NodeExchange:
    """The one of `/client.js`, in a process of Node.js that is told what to do."""

    def __init__(self, process, url, token=None):
        self._process = process
        self.slept = []
        self._do("begin", url=url, token=token)

    def read(self, url, *, anew=False, media_type=None):
        """Read what is there."""
        given = {} if media_type is None else {"mediaType": media_type}
        return self._told("read", url=url, anew=anew, **given)

    def fetch(self, url, media_type=None):
        """Take what is there as a file."""
        given = {} if media_type is None else {"mediaType": media_type}
        said = self._do("fetch", url=url, **given)
        return File(media_type=said["mediaType"], name=said["name"], body=bytes(said["body"]))

    def write(self, method, url, *, key=None):
        """Change what is there."""
        return self._told("write", method=method, url=url, key=key)

    def identify(self, token):
        """Speak for somebody else."""
        self._do("identify", token=token)

    def at(self, seconds):
        """Have its clock show this."""
        self._do("clock", seconds=seconds)

    def _told(self, what, **given):
        answer = self._do(what, **given)
        after = answer["retryAfter"]
        seconds = None if after is None else after / 1000
        return Told(answer["document"], answer["isReplayed"], seconds)

    def _do(self, what, **given):
        self._process.stdin.write(json.dumps([what, given]) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        self.slept[:] = said["slept"]
        if fault := said.get("fault"):
            raise self._raised(**fault)
        return said.get("answer")

    def _raised(self, kind, text, **members):
        if kind == "Problem":
            return Refused(text=text, **members)
        known = {"Unreadable": NoRepresentation, "Redirected": Elsewhere, "Broken": Broken}
        return known[kind](text)


@contextmanager
def node_process(node):
    """Run the program that a NodeExchange tells what to do."""
    process = subprocess.Popen(
        [node, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.stdin.close()
        process.wait(timeout=10)
