"""The store in PostgreSQL: several writers, a server that goes and comes, and who may not."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from alert_bed import UnjudgingEngine
from click.testing import CliRunner
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until
from postgresql_server import PostgresqlServer
from store_records import report, sent

from filmgauge_host.cli.app import main
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry import postgresql_connection
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.postgresql_store import PostgresqlReader, PostgresqlStore
from filmgauge_host.telemetry.received_record import Row
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store import Outcome, RecordStore
from filmgauge_host.telemetry.writer_number import NumberTakenError


@pytest.fixture
def url(postgresql: PostgresqlServer) -> str:
    return postgresql.new_url()


def test_writers_have_each_record_once_between_them(url) -> None:
    reports = [report(seq, node) for node in ("a", "b", "c") for seq in range(200)]
    batches = [reports[at : at + 50] for at in range(0, len(reports), 50)]
    ready = threading.Barrier(3)

    def write(_writer: int) -> list[Outcome]:
        with PostgresqlStore(url) as store:
            ready.wait(60)
            return [each for batch in batches for each in store.add(batch)]

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(write, range(3)))
    for found in zip(*outcomes, strict=True):
        assert sorted(each.value for each in found) == ["duplicate", "duplicate", "new"]
    with PostgresqlReader(url) as reader:
        assert [item for name in reader.nodes() for item in reader.records(name)] == reports
        assert reader.lives("a") == {0: True}


def test_a_store_of_the_version_before_loses_nothing(postgresql, url) -> None:
    reports = [report(seq) for seq in range(9)]
    with PostgresqlStore(url) as store:
        store.add(reports)
    schema = url.rpartition("%3D")[2]
    for name in ("refused", "restarts"):
        postgresql.execute(f"ALTER TABLE {schema}.records DROP COLUMN {name}")
    postgresql.execute(f"UPDATE {schema}.attributes SET value = '5' WHERE name = 'version'")
    with pytest.raises(InputError, match="has a store of version 5; this filmgauge reads 6"):
        PostgresqlReader(url)
    for _ in range(2):
        with PostgresqlStore(url) as store:
            assert list(store.records("bench")) == reports
            assert store.add(reports[:1]) == [Outcome.DUPLICATE]


def test_writers_have_sessions_of_their_own_and_keep_them(url) -> None:
    with PostgresqlStore(url) as first, PostgresqlStore(url) as second:
        assert first.identity != second.identity
        first.set_attribute("session", "begun")
        assert (first.attribute("session"), second.attribute("session")) == ("begun", None)
        before = second.identity
        second.close()
        until(lambda: len(locks(url)) == 1)
        with PostgresqlStore(url) as third:
            assert third.identity == before
    until(lambda: not locks(url))
    with PostgresqlStore(url) as again:
        assert again.identity == first.identity
        assert again.attribute("session") == "begun"


@pytest.fixture
def mortal(postgresql: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """The server, which a test may kill."""
    yield postgresql
    if not postgresql.is_alive:
        postgresql.start()


def test_a_server_that_comes_back_has_what_was_acknowledged_and_takes_the_rest(mortal) -> None:
    with PostgresqlStore(mortal.new_url()) as store:
        identity = store.identity
        assert store.add([report(seq) for seq in range(3)]) == [Outcome.NEW] * 3
        mortal.kill()
        for _ in range(2):
            with pytest.raises(StorageError, match="database postgres of postgres"):
                store.add([report(3)])
        with pytest.raises(StorageError):
            store.check_exists()
        mortal.start()
        store.check_exists()
        assert store.add([report(2), report(3)]) == [Outcome.DUPLICATE, Outcome.NEW]
        assert [item.key[2] for item in store.records("bench")] == [0, 1, 2, 3]
        assert store.identity == identity


def test_a_failed_batch_stores_nothing_and_says_so(postgresql, url) -> None:
    with PostgresqlStore(url) as store:
        store.add([report(1)])
        schema = url.rpartition("%3D")[2]
        postgresql.execute(f"ALTER TABLE {schema}.records ADD CHECK (seq <> 3)")
        with pytest.raises(StorageError, match="violates check constraint"):
            store.add([report(2), report(3)])
        assert store.rows == store.count("bench") == 1
        assert store.add([report(2)]) == [Outcome.NEW]


def test_a_reader_changes_nothing_and_sees_one_moment(url) -> None:
    with PostgresqlStore(url) as store, PostgresqlReader(url) as reader:
        store.add([report(0)])
        with reader.snapshot():
            assert reader.count("bench") == 1
            store.add([report(1)])
            assert reader.count("bench") == 1
            with pytest.raises(StorageError, match="read-only"):
                reader.select("DELETE FROM records RETURNING node")


def refused(url: str, kind: type[FilmgaugeError] = InputError) -> str:
    with pytest.raises(kind) as error:
        PostgresqlStore(url)
    return str(error.value)


def test_who_cannot_write_is_told_why(postgresql, url) -> None:
    with pytest.raises(InputError, match="has no store of filmgauge"):
        PostgresqlReader(url)
    assert 'role "nobody-there" does not exist' in refused(
        url.replace("postgres@", "nobody-there@")
    )
    assert 'database "other" does not exist' in refused(url.replace("/postgres?", "/other?"))
    postgresql.execute("CREATE ROLE guest LOGIN")
    assert "no schema has been selected" in refused(url.replace("postgres@", "guest@"))
    with PostgresqlStore(url):
        pass
    schema = url.rpartition("%3D")[2]
    postgresql.execute(f"GRANT USAGE ON SCHEMA {schema} TO guest")
    assert "permission denied for table attributes" in refused(url.replace("postgres@", "guest@"))
    postgresql.execute(f"UPDATE {schema}.attributes SET value = '99' WHERE name = 'version'")
    assert "has a store of version 99; this filmgauge reads 6" in refused(url)
    assert "--db is no address of a database" in refused("postgresql://[")
    assert "postgresql://user@host/name" in refused("host=h name=x")
    assert "the host of --db must be" in refused("postgresql://ä..b/x")


def test_the_rights_of_the_page_are_enough_and_each_that_is_missing_is_named(
    postgresql, url
) -> None:
    with PostgresqlStore(url):
        pass
    schema = url.rpartition("%3D")[2]
    for statement in (
        "CREATE ROLE small LOGIN",
        "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
        "GRANT CONNECT ON DATABASE postgres TO small",
        f"GRANT USAGE ON SCHEMA {schema} TO small",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO small",
    ):
        postgresql.execute(statement)
    small = url.replace("postgres@", "small@")
    try:
        assert refused(small).endswith("the login needs TEMPORARY on the database")
        postgresql.execute("GRANT TEMPORARY ON DATABASE postgres TO small")
        with PostgresqlStore(small) as store:
            assert store.add([report(0)]) == [Outcome.NEW]
        postgresql.execute(f"UPDATE {schema}.attributes SET value = '5' WHERE name = 'version'")
        assert refused(small).endswith(
            "must be owner of table records: the login needs to own the tables once, which are of"
            " version 5"
        )
    finally:
        postgresql.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")


@pytest.mark.parametrize("sign", ["%zz", " ", "@", "/", "/1@", "@/", "#/", "%"])
@pytest.mark.parametrize(
    "address", ["postgresql://u:{}@127.0.0.1:1/x", "host=127.0.0.1 port=1 password={}"]
)
def test_no_part_of_a_password_is_printed(address, sign) -> None:
    ran = CliRunner().invoke(main, ["export", "--db", address.format(f"s3cr{sign}part"), "x.csv"])
    assert ran.exit_code
    assert ran.output.startswith("filmgauge: ")
    assert "s3cr" not in ran.output
    assert "part" not in ran.output


def test_a_server_that_is_not_up_may_be_so_later(mortal) -> None:
    url = mortal.new_url()
    with PostgresqlStore(url):
        pass
    mortal.kill()
    secret = url.replace("postgres@", "postgres:s3cret@")
    said = refused(secret, StorageError)
    assert said.startswith("database postgres of postgres at ")
    assert "s3cret" not in said
    with pytest.raises(StorageError):
        PostgresqlReader(url)
    mortal.start()
    with PostgresqlStore(url):
        pass


def test_a_store_of_another_version_is_waited_for_while_we_run(mortal) -> None:
    url = mortal.new_url()
    schema = url.rpartition("%3D")[2]
    with PostgresqlStore(url) as store:
        mortal.execute(f"UPDATE {schema}.attributes SET value = '99' WHERE name = 'version'")
        mortal.kill()
        mortal.start()
        for attempt in (store.check_exists, lambda: store.add([report(0)])):
            with pytest.raises(StorageError, match="has a store of version 99"):
                attempt()
        mortal.execute(f"UPDATE {schema}.attributes SET value = '6' WHERE name = 'version'")
        assert store.add([report(0)]) == [Outcome.NEW]


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let nobody else read or write the records of a store."""
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def frozen(select: Callable[[str], list[Row]]) -> Iterator[None]:
    """Let the server's process behind a connection stand still."""
    ((process,),) = select("SELECT pg_backend_pid()")
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_lock_that_another_program_holds_is_an_error_and_not_waited_for(
    url, monkeypatch
) -> None:
    monkeypatch.setattr(postgresql_connection, "_LOCK_S", 0.1)
    with PostgresqlStore(url) as store:
        with locked(url):
            for attempt in (lambda: store.add([report(0)]), lambda: store.count("bench")):
                with pytest.raises(StorageError, match="due to lock timeout"):
                    attempt()
        assert store.add([report(0)]) == [Outcome.NEW]
        assert store.count("bench") == 1


def test_the_server_ends_what_takes_too_long(url) -> None:
    with PostgresqlStore(url) as store:
        for select in (store.select, super(PostgresqlStore, store).select):
            assert select("SHOW statement_timeout") == [("15s",)]
            assert select("SHOW lock_timeout") == [("5s",)]


def test_a_server_that_is_frozen_is_an_error_and_asked_anew_later(url, monkeypatch) -> None:
    with PostgresqlStore(url) as store:
        reading, writing = store.select, super(PostgresqlStore, store).select
        for select, attempt in (
            (reading, lambda: store.count("bench")),
            (writing, lambda: store.add([report(0)])),
        ):
            with frozen(select), monkeypatch.context() as bounds:
                bounds.setattr(postgresql_connection, "ANSWER_S", 0.2)
                with pytest.raises(StorageError, match="has not answered for"):
                    attempt()
        assert store.add([report(0)]) == [Outcome.NEW]
        assert store.count("bench") == 1


@contextmanager
def reconnected(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresqlStore]:
    """Open a writer with another connection than the one which the server takes to be alive, and
    whose process stands still meanwhile."""
    until(lambda: not locks(url))
    with PostgresqlStore(url) as store:
        with frozen(super(PostgresqlStore, store).select):
            with monkeypatch.context() as bounds:
                bounds.setattr(postgresql_connection, "ANSWER_S", 0.2)
                with pytest.raises(StorageError, match="has not answered for"):
                    store.add([report(0)])
            store.check_exists()
            with PostgresqlStore(url) as second:
                assert second.identity != store.identity
        yield store


def locks(url: str) -> list[Row]:
    """Return the processes of the server that hold a number for a writer: it lets go of one a
    little later than its connection is closed."""
    with psycopg.connect(url) as other:
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        return other.execute(query).fetchall()


def test_a_number_that_the_server_held_for_a_dead_connection_is_held_again(
    url, monkeypatch
) -> None:
    with reconnected(url, monkeypatch) as store:
        own = super(PostgresqlStore, store).select("SELECT pg_backend_pid()")
        until(lambda: store.check_exists() or own[0] in locks(url))
        store.check_exists()
        with PostgresqlStore(url) as second:
            assert second.identity != store.identity
    until(lambda: not locks(url))
    with PostgresqlStore(url) as again:
        assert again.identity == store.identity


def test_a_monitor_whose_number_another_has_got_ends(url, monkeypatch) -> None:
    with reconnected(url, monkeypatch) as store:
        until(lambda: not locks(url))
        with PostgresqlStore(url) as second:
            assert second.identity == store.identity
            ingest = Ingest(parse_address("mqtt://127.0.0.1:1"), store)
            ingest.start()
            until(lambda: ingest.failure)
            with pytest.raises(NumberTakenError, match="on this host has become writer 0"):
                ingest.close()
            assert store.add([report(0)]) == [Outcome.NEW]


def test_closing_ends_what_waits_for_an_answer(url) -> None:
    with PostgresqlStore(url):
        pass
    reader = PostgresqlReader(url)
    with frozen(reader.select), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.nodes)
        until(waiting.running)
        reader.close()
        with pytest.raises(StorageError, match="closed"):
            waiting.result(PATIENCE_S)
    with pytest.raises(StorageError, match="is closed"):
        reader.nodes()


def test_an_export_is_the_same_from_both(url, tmp_path) -> None:
    records = [sent(seq, 60 * seq) for seq in range(50)]
    with PostgresqlStore(url) as one, RecordStore(tmp_path / "r.sqlite") as other:
        one.add(records)
        other.add(records)
    texts = []
    for store in (("--db", url), ("--store", str(tmp_path / "r.sqlite"))):
        result = CliRunner().invoke(main, ["export", *store, "-"])
        assert result.exit_code == 0, result.output
        texts.append(result.stdout)
    assert texts[0] == texts[1]
    assert texts[0].count("\n") == 51


def test_what_comes_while_the_server_is_away_is_acknowledged_when_it_is_stored(
    mortal, url, embedded
) -> None:
    publisher = Publisher(embedded.url)
    with PostgresqlStore(url) as store, Ingest(parse_address(embedded.url), store) as ingest:
        assert ingest.wait_connected(PATIENCE_S)
        publisher.records("bench", range(3))
        until(lambda: store.count("bench") == 3)
        mortal.kill()
        publisher.records("bench", range(3, 6))
        until(lambda: "database postgres of postgres" in ingest.unstored)
        mortal.start()
        until(lambda: not ingest.unstored)
        until(lambda: store.count("bench") == 6)
        assert [item.key[2] for item in store.records("bench")] == list(range(6))
        assert ingest.nodes()["bench"].statistics.duplicated == 0
    publisher.close()


def test_a_locked_database_is_told_and_the_broker_stays_connected(
    url, embedded, monkeypatch
) -> None:
    monkeypatch.setattr(postgresql_connection, "_LOCK_S", 0.1)
    publisher, engine = Publisher(embedded.url), UnjudgingEngine()
    with (
        PostgresqlStore(url) as store,
        Ingest(parse_address(embedded.url), store) as ingest,
        AlertThread(engine, ingest),
    ):
        assert ingest.wait_connected(PATIENCE_S)
        with locked(url):
            publisher.records("bench", range(3))
            until(lambda: "due to lock timeout" in ingest.unstored)
            until(lambda: "due to lock timeout" in engine.situation.store)
            # Nobody is silent of whom nothing can be stored.
            assert not engine.situation.connected
            assert ingest.connected
        until(lambda: not ingest.unstored and engine.situation.connected)
        until(lambda: store.count("bench") == 3)
        assert ingest.nodes()["bench"].statistics.duplicated == 0
    publisher.close()


def test_the_monitor_stores_in_the_database(url, embedded) -> None:
    watch = ["monitor", "--db", url, "--broker", embedded.url, "--json", "--for", "1s"]
    assert CliRunner().invoke(main, watch).exit_code == 0  # the session begins
    publisher = Publisher(embedded.url)
    publisher.records("bench", range(3))
    publisher.close()
    result = CliRunner().invoke(main, watch)
    assert result.exit_code == 0, result.output
    with PostgresqlReader(url) as reader:
        assert [item.key[2] for item in reader.records("bench")] == [0, 1, 2]
