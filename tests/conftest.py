"""Every fixture comes from a plugin named for what it gives."""

pytest_plugins = [
    "tests.private_postgres",
    "tests.storage",
    "tests.apps",
    "tests.toys",
    "tests.blackbox.world",
]
