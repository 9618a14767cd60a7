"""Every fixture comes from a plugin named for what it gives."""

import gc
import signal

pytest_plugins = [
    "tests.private_postgres",
    "tests.storage",
    "tests.apps",
    "tests.toys",
    "tests.blackbox.world",
]


def pytest_configure():
    """Let programs be interrupted: a shell has what runs behind it ignore that, children too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """What was imported stays: looking it over at each collection was a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
