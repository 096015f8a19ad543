"""Records as files: read by other programs, exact, whole or not there at all."""

import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from mqtt_nodes import record
from patience import PATIENCE_S, until

from filmgauge.decoding.record_json import record_from_dict
from filmgauge.record.record import fields
from filmgauge_host import bdf
from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.export import CSV_COLUMNS
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.store_tables import DAILY, HOURLY, RECORDS, SUMMARISED, TABLES

if TYPE_CHECKING:
    import pandas

NOON_MS = 1_700_049_600_000  # 2023-11-15 12:00 UTC
_SUMMARIES = HOURLY, DAILY
DOCS = Path(__file__).parents[3] / "docs"


def reported(node: str, seq: int, boot: int = 1, after_s: int = 0, **values) -> ReceivedRecord:
    """A record every 60 s of a boot that began after_s behind noon."""
    known = {"current_pa": -1_500_000 - seq, "temperature_cdeg": 2150, "life": 7, **values}
    unix_ms = NOON_MS + 1000 * (after_s + 60 * seq)
    return ReceivedRecord(node, record(seq, boot, **known), unix_ms)


def everything() -> dict[str, int]:
    """Every field of a record with a value of its own, near its upper bound."""
    values = {name: high - at for at, (name, _, _, _, high) in enumerate(fields()) if high > 300}
    return values | {"boot": 3, "seq": 9, "life": 0xFFFF_FFFF, "limits": 0b11_00_01, "up_s": 540}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store r.sqlite: of node a two boots, a thousand seconds off between."""
    folder = tmp_path_factory.mktemp("export")
    with RecordStore(folder / "r.sqlite") as store:
        store.add([reported("a", seq) for seq in range(2500)])
        after_s = 2500 * 60 + 1000
        store.add([reported("a", seq, 2, after_s, voltage_uv=None) for seq in (0,)])
        store.add([reported("a", seq, 2, after_s) for seq in (1, 2, 4)])
        store.add([ReceivedRecord("b", record(**everything()), NOON_MS + 540_000, True)])
    return folder


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", "--store", str(folder / "r.sqlite"), *arguments])


def done(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def frame(text: str) -> "pandas.DataFrame":
    import pandas

    return pandas.read_csv(io.StringIO(text), parse_dates=["time", "received"])


def test_csv_has_every_record_and_every_quantity_exactly(folder: Path) -> None:
    import pandas

    said = done(folder)
    assert said == done(folder, "-")
    table = frame(said)
    assert list(table.columns) == list(CSV_COLUMNS)
    assert list(table.node.value_counts()) == [2504, 1]
    assert table.time[0] == pandas.Timestamp("2023-11-15 12:00", tz="UTC")
    assert table[table.node == "a"].time.is_monotonic_increasing
    assert list(table[table.node == "a"].seq) == [*range(2500), 0, 1, 2, 4]
    last = frame(done(folder, "--node", "b", "-")).iloc[0]
    keys = [key for _, key, *_ in fields()]
    cells = {key: None if pandas.isna(last[key]) else last[key] for key in keys}
    whole = {k: int(v) if isinstance(v, float) and v == int(v) else v for k, v in cells.items()}
    whole = {k: v.item() if hasattr(v, "item") else v for k, v in whole.items()}
    assert record_from_dict({"v": 4, **whole}) == record(**everything())
    # of it nothing has come live, and so only that it was not later is known
    assert last.time_quality == "latest"
    assert (last.history, last.received) == (
        1,
        pandas.Timestamp(NOON_MS + 540_000, unit="ms", tz="UTC"),
    )


def test_records_that_are_gone_by_age_are_said_to_be(tmp_path: Path) -> None:
    with RecordStore(tmp_path / "r.sqlite") as store:
        store.add([reported(node, 60 * seq) for node in ("a", "b") for seq in range(72)])
        store.add([reported("c", 60 * 71)])
        Retention(store, keep_raw_s=86400).run(NOON_MS + 3 * 86_400_000)
        assert [store.count(node) for node in ("a", "b", "c")] == [24, 24, 1]
    gone = (
        "filmgauge: single records of {} before 2023-11-17T12:00:00.000+00:00 are gone by age:"
        " only hours and days are left of them, in the store\n"
    )
    result = run(tmp_path, str(tmp_path / "all.csv"))
    assert result.exit_code == 0
    assert result.stderr == gone.format("a, b")
    assert result.stdout == f"49 records of 3 nodes in {tmp_path / 'all.csv'}\n"
    assert run(tmp_path, "--node", "b", "--to", "2023-11-16T00:00Z").stderr == gone.format(
        "b"
    ).replace("17T12", "16T00")
    for arguments in (
        ["--node", "c"],
        ["--from", "2023-11-17T12:00Z"],
        ["--to", "2023-11-15T00:00Z"],
    ):
        assert run(tmp_path, *arguments).stderr == ""
    words = ["replay", "a", "--store", str(tmp_path / "r.sqlite"), "--cell", "evp-li"]
    result = CliRunner().invoke(main, [*words, "--to", "2023-11-16T00:00Z"])
    assert result.exit_code != 0
    assert result.stderr.startswith("filmgauge: single records of a before 2023-11-16T00:00")


def test_columns_and_tables_are_documented() -> None:
    page = (DOCS / "store.md").read_text()
    tables = [table.name for table in TABLES]
    own = [name for table in TABLES for name in table.names if table not in (RECORDS, *_SUMMARIES)]
    names = {*CSV_COLUMNS, *bdf.DATED_COLUMNS, *tables, *own, *SUMMARISED}
    missing = sorted(name for name in names if f"`{name}`" not in page)
    assert not missing, f"docs/store.md says nothing of {missing}"


@pytest.mark.parametrize("name", ["a.bdf.csv", "a.csv"])
def test_battery_data_format_is_read_by_its_own_program(
    folder: Path, tmp_path: Path, name
) -> None:
    out = tmp_path / f"filmgauge__{name}"
    said = done(folder, "--node", "a", "--format", "bdf", str(out))
    assert said == f"2503 records of 1 node in {out}\n"
    import bdf as reference  # it takes two seconds, of those who run this only

    table = reference.read(out)
    report = reference.validate(table)
    assert report["ok"], report
    assert report["time_stats"]["monotonic"]
    assert len(table) == 2503
    time = table["Test Time / s"]
    # within a boot the node's clock, and between two how long it was off
    assert list(time.iloc[[0, 1, 2499, 2500, 2501, 2502]]) == [
        *(0, 60, 149_940),
        *(151_060, 151_120, 151_240),
    ]
    assert table["Current / A"].iloc[1] == pytest.approx(-1.500001e-6, rel=1e-12)
    assert table["Voltage / V"].iloc[0] == 2.104
    assert table["Unix Time / s"].iloc[0] == NOON_MS / 1000


def test_parquet_is_typed_and_the_same_as_csv(folder: Path, tmp_path: Path) -> None:
    import pandas

    out = tmp_path / "all.parquet"
    assert done(folder, str(out)) == f"2505 records of 2 nodes in {out}\n"
    typed, plain = pandas.read_parquet(out), frame(done(folder, "-"))
    assert list(typed.columns) == list(CSV_COLUMNS)
    assert str(typed.time.dtype) == "datetime64[ms, UTC]"
    assert str(typed.seq.dtype) == "int64"
    plain["history"] = plain["history"].astype(bool)
    pandas.testing.assert_frame_equal(typed, plain, check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (("--from", "2023-11-15T12:02:00+00:00", "--to", "2023-11-15T13:04:00+01:00"), [2, 3]),
        (("--to", "2023-11-15T12:01+00:00"), [0]),
        (("--from", "2023-11-17T05:56:40Z"), [0, 1, 2, 4]),
        (("--from", "7d"), []),
    ],
)
def test_a_span_of_time(folder: Path, options, seqs) -> None:
    table = frame(done(folder, "--node", "a", *options, "-"))
    assert list(table.seq) == seqs


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--node", "c", "-"), "there is no node 'c' in the store, but a, b"),
        (("--format", "bdf", "-"), "a file in Battery Data Format has one node: choose of a, b"),
        (("--format", "parquet", "-"), "--format parquet is no text: name a file to write it to"),
        (("--from", "1d", "--to", "2d", "-"), "--to must be later than --from"),
        (("--from", "soon", "-"), "'soon' must be a date such as"),
        (("--from", "2026", "-"), "'2026' must be a date such as 2026-01-31"),
        (("--to", "202601", "-"), "an age such as 12h or 7d"),
        (("--from", "7.", "-"), "an age such as 12h or 7d"),
        (("nowhere/a.csv",), "nowhere/a.csv cannot be written: No such file or directory"),
        (("--store", "none.sqlite", "-"), "there is no store none.sqlite"),
        (("--db", "postgresql://x/y", "-"), "--store and --db exclude each other"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(folder: Path, arguments, sentence) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == (1 if "written" in sentence else 2)
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    RecordStore(tmp_path / "r.sqlite").close()
    result = run(tmp_path, "-")
    assert (result.exit_code, result.stderr) == (2, "filmgauge: the store has no records\n")


def test_what_fails_leaves_the_file_of_before(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.bdf.csv"
    out.write_text("before")
    assert run(folder, str(out)).exit_code == 2  # of two nodes
    assert out.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == [out.name]


def test_a_reader_who_has_enough_is_no_error(folder: Path) -> None:
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "export"]
    command += ["--store", str(folder / "r.sqlite"), "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"node,time")
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("out", ["-", "pipe"])
def test_a_reader_who_pauses_does_not_hold_the_store(folder: Path, tmp_path: Path, out) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes((folder / "r.sqlite").read_bytes())
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "export", "--format", "csv"]
    command += ["--store", str(path), "-" if out == "-" else str(fifo)]
    with (
        RecordStore(path) as store,
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        source = process.stdout if out == "-" else fifo.open("rb")
        with source:
            first = source.readline()
            store.set_attribute("more", "written since")
            # which nobody can do whom a reader's transaction keeps from it
            until(lambda: checkpointed(path))
            text = first + source.read()
        assert process.wait(PATIENCE_S) == 0
    assert text.decode() == done(folder)


def checkpointed(path: Path) -> bool:
    """Return whether all that is in the log of a store can be brought into its file."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
