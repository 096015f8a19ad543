"""A PostgreSQL server for all tests of this folder, and stores that either database has."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer

from filmgauge_host.telemetry.postgresql_store import PostgresqlStore
from filmgauge_host.telemetry.store import RecordStore


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    server = PostgresqlServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[], RecordStore | PostgresqlStore]:
    """What opens one and the same store, whenever it is called."""
    if request.param == "sqlite":
        return lambda: RecordStore(tmp_path / "records.sqlite")
    url = request.getfixturevalue("postgresql").new_url()
    return lambda: PostgresqlStore(url)
