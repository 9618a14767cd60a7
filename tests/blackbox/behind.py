"""nginx with the configuration of deploy/, before a server that is started for it."""

import os
import re
import secrets
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

import httpx
import pytest

from api.server import listen
from tests.servers.programs import ROOT

DEPLOY = ROOT / "deploy"
LISTENS, PASSES = "127.0.0.1:8080", "127.0.0.1:8000"
SECONDS = 10
BESIDE_THE_PATH = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian has servers, which only root finds."""
NOT_HANDED_OUT = range(20_000, 30_000)
"""Ports that no system gives to who asks for any: nobody else comes to have one by chance."""


def found():
    """The program, or a reason not to run what needs it."""
    program = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], *BESIDE_THE_PATH]))
    if program is None:
        pytest.skip("there is no nginx on this machine (Debian: apt install nginx-light)")
    return program


def free_port():
    """A port for a program that must be told one."""
    while True:
        with suppress(OSError), listen("127.0.0.1", secrets.choice(NOT_HANDED_OUT)) as it:
            return it.getsockname()[1]


@contextmanager
def nginx(folder, port, *, before, scheme="http", cache=None, **changes):
    """nginx on `port`, passing on to the port `before`; `changes` are directives set otherwise.

    `scheme` is what clients come by; `cache` a folder to keep answers in, for whoever asks.
    """
    program = found()
    (folder / "temp").mkdir(parents=True)
    for file in DEPLOY.glob("*.conf"):
        (folder / file.name).write_text(file.read_text())
    main = folder / "nginx.conf"
    text = main.read_text().replace(f'"http://{LISTENS}"', f'"{scheme}://{LISTENS}"')
    assert f'"{scheme}://{LISTENS}"' in text
    main.write_text(
        configured(text if cache is None else caching(text, cache), port, before, changes)
    )
    # Started by root its workers would be somebody who may not enter the folder.
    who = "user root; " if os.geteuid() == 0 else ""
    said = folder / "stderr"
    with said.open("wb") as stderr:
        process = subprocess.Popen(
            [program, "-p", folder, "-c", main, "-g", f"{who}daemon off;"], stderr=stderr
        )
    try:
        wait_for(process, port, said)
        yield process
    finally:
        end(process)


def end(process):
    process.terminate()
    try:
        process.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def configured(text, port, before, changes):
    """The configuration of deploy/ with other ports, and some directives with other values."""
    text = text.replace("worker_processes auto", "worker_processes 1")
    for standing, wanted in ((LISTENS, port), (PASSES, before)):
        assert standing in text
        text = text.replace(standing, f"127.0.0.1:{wanted}")
    for name, value in changes.items():
        text, count = re.subn(rf"(?m)^(\s*{name}) [^;]*;", rf"\1 {value};", text)
        assert count, name
    return text


def caching(text, folder):
    """The configuration with a cache that all who ask share, and which says what it did."""
    http, place = "access_log off;", "location / {"
    assert text.count(http) == text.count(place) == 1
    path = f"proxy_cache_path {folder} keys_zone=shared:1m;"
    use = "proxy_cache shared; add_header X-Cache-Status $upstream_cache_status always;"
    return text.replace(http, f"{http} {path}").replace(place, f"{place} {use}")


def wait_for(process, port, said):
    end = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, said.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS)
        except httpx.TransportError:
            assert time.monotonic() < end, "nginx does not answer"
            time.sleep(0.02)
