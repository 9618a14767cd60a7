"""The one-port program (role `all`); with `--demo` it first migrates and fills the database."""

import dataclasses
import os
import sys

from api.cli import main as command
from api.http.requests import BODY_BYTES
from api.models import migrate
from api.server import Lifecycle, listen, serve
from api.startup import application_of, settings_of


def main(arguments: list[str]) -> None:
    """Serve until a signal says otherwise.

    Raises:
        SystemExit: a setting, the port or the database is not to be had; the text says what to do.
    """
    settings = settings_of(os.environ)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as reason:
        sys.exit(f"homeroom: {settings.host}:{settings.port}: {reason}; choose another with PORT=…")

    def fill() -> None:
        # In this process: every further start of Python would delay the first answer.
        migrate.upgrade(settings.database_url)
        command(["seed", "--demo"], standalone_mode=False)

    host, port = listener.getsockname()[:2]
    settings = dataclasses.replace(settings, port=port)
    app = application_of(settings, fill) if "--demo" in arguments else application_of(settings)
    homeroom = app.extensions["homeroom"]
    address = settings.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def ready() -> None:
        print(f"Homeroom serves {address}", flush=True)
        print(f"  try it in the browser: {address}/docs", flush=True)

    serve(
        app,
        Lifecycle(stopping=homeroom.stopping, close=homeroom.close),
        listener=listener,
        threads=settings.threads,
        body_bytes=BODY_BYTES,
        ready=ready,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
