"""What twins take away: constraints, in a database of the test's own."""

import pytest
from sqlalchemy import text


@pytest.fixture
def without(fresh_database):
    """Give the test's own database, PostgreSQL's, once it has lost constraints, named by table."""

    def lose(**constraints):
        with fresh_database.write() as tx:
            for table, names in constraints.items():
                for name in names:
                    tx.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        return fresh_database

    return lose
