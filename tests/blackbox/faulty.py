"""The one-port program with one resource more, which fails in words that nobody may see."""

import sys

import asgi
from api import startup


def fail():
    raise RuntimeError("SELECT secret FROM /etc/shadow")


def application_of(settings):
    app = startup.application_of(settings)
    app.add_url_rule("/v1/failures", "failure", fail)
    return app


asgi.application_of = application_of
asgi.main(sys.argv[1:])
