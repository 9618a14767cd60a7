"""The one-port program with one resource more, which fails in words that nobody may see."""

import sys

import asgi
from api import startup


def with_fault(app):
    """The application, with an address that fails."""
    app.add_url_rule("/v1/failures", "failure", fail)
    return app


def fail():
    raise RuntimeError("SELECT secret FROM /etc/shadow")


if __name__ == "__main__":
    asgi.application_of = lambda *given: with_fault(startup.application_of(*given))
    asgi.main(sys.argv[1:])
