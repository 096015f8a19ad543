"""`filmgauge node status` and `log` on virtual boards whose firmware has run."""

import csv
import json
import zlib
from pathlib import Path

import pytest
from patience import until
from wired_board import FLOWING_UA, answered, look_inside, section, wired

from filmgauge.decoding.record_json import record_from_dict
from filmgauge.record.record import Record
from filmgauge_host.serial.archive import HEAD_BYTES, index_length, members
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.nodes.flash_reader import backlog


def test_a_node_that_runs_is_looked_into_and_goes_on(tmp_path: Path, bytecode) -> None:
    node = section(report_every=1, sample_s=60)
    with wired(tmp_path, bytecode, node, speed=600.0) as board:
        until(lambda: board.boots >= 4)
        first = answered(tmp_path, "status")
        boots = board.boots
        until(lambda: board.boots >= boots + 3)
        second = answered(tmp_path, "status")
        log = answered(tmp_path, "log")
        out = tmp_path / "kept.bdf.csv"
        exported = look_inside(tmp_path, "log", "--out", out)
        assert exported.exit_code == 0, exported.output
        flash = board.board.flash
    assert first["problems"] == []
    assert first["node"] == "bench"
    assert first["sensors"] == ["INA228 revision 1 at 0x40, counting", "TMP117 revision 0 at 0x48"]
    readings = first["readings"]
    assert readings["current_ua"] == pytest.approx(FLOWING_UA, abs=1e-3)
    assert readings["temperature_c"] == pytest.approx(22.0, abs=0.02)
    assert 1.5 < readings["voltage_v"] < 2.5
    assert 0 < first["heap_free"] < 300_000
    assert 0 < first["flash_free"] < first["flash_size"] == 128 * 4096
    state = first["state"]
    assert (state["source"], state["boot"]) == ("memory", 1)
    assert state["wakes"] >= 2
    assert state["ledger_uah"]["opening"] == pytest.approx(5.505, rel=0.01)
    assert sum(state["ledger_uah"].values()) == pytest.approx(state["stored_uah"], abs=0.01)
    # It went on as the same boot, and nothing was lost: no gap is told.
    assert second["state"]["boot"] == 1
    assert second["state"]["wakes"] > state["wakes"]
    assert second["state"]["ledger_uah"]["gap"] == 0
    # The flash itself is the witness of what `log` has read.
    files = [fetch(flash, f"/backlog/{name}") for name in backlog(flash)]
    kept = [Record.from_bytes(data) for data in files if data]  # one may be just begun
    told = [record_from_dict(row) for row in log["records"]]
    assert len(told) >= 3
    assert kept[: len(told)] == told
    # An interruption in mid-wake costs the record of that wake, nothing else: two came before.
    seqs = [record.seq for record in told]
    assert seqs == sorted(set(seqs))
    assert seqs[-1] - len(seqs) + 1 <= 2
    assert not any(record.faults for record in told)
    with out.open() as file:
        rows = list(csv.DictReader(file))
    known = [record for record in told if record.voltage_uv is not None]
    assert len(rows) >= len(known)
    for row, record in zip(rows, known, strict=False):
        assert float(row["Voltage / V"]) == record.voltage_uv / 1e6
        assert float(row["Current / A"]) == pytest.approx(record.current_pa / 1e12)


def test_a_harvesting_board_tells_what_its_journal_has(tmp_path: Path, bytecode) -> None:
    with wired(tmp_path, bytecode, section("stm32wb55"), main_py=b""):
        told = answered(tmp_path, "status")
    assert told["state"] is None
    assert told["problems"] == ["the node remembers nothing yet"]
    assert told["board"] == "stm32wb"
    assert told["readings"]["current_ua"] == pytest.approx(FLOWING_UA, abs=1e-3)


def test_text_for_people(tmp_path: Path, bytecode) -> None:
    with wired(tmp_path, bytecode, section(), main_py=b""):
        ran = look_inside(tmp_path, "status")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("bench: filmgauge ")
    assert "TMP117 revision 0 at 0x48" in ran.stdout
    assert "-2.2020 uA, 22.00 degC" in ran.stdout


def test_a_node_in_trouble_still_tells_what_it_can(tmp_path: Path, bytecode) -> None:
    with wired(tmp_path, bytecode, section(), main_py=b"", profile_bin=b"torn", config_json=None):
        told = answered(tmp_path, "status")
    assert told["configuration"] is None
    assert len(told["problems"]) == 2
    assert "profile must have" in " ".join(told["problems"])


def test_a_board_without_the_firmware_is_one_sentence(tmp_path: Path) -> None:
    with wired(tmp_path, {}, section(), main_py=b""):
        ran = look_inside(tmp_path, "status")
    assert ran.exit_code == 1
    assert ran.stderr == (
        "filmgauge: no firmware of filmgauge is on this board: filmgauge flash puts it there\n"
    )


@pytest.mark.parametrize("damage", ["no archive", "module", "lazy module"])
def test_damaged_firmware_is_one_sentence(damage: str, tmp_path: Path, bytecode) -> None:
    data = bytearray(bytecode["/app.bin"])
    if damage == "no archive":
        data[:4] = b"torn"
    else:
        length = index_length(bytes(data[:HEAD_BYTES]))
        assert length is not None
        name = "filmgauge/board/__init__" if damage == "module" else "filmgauge/config_copy"
        at = members(bytes(data[HEAD_BYTES : HEAD_BYTES + length]))[f"{name}.mpy"].offset
        data[at : at + 4] = b"torn"
    record = b'{"type":"OSError","at":"launch:1"}'
    record += zlib.crc32(record).to_bytes(4, "little")
    files = {**bytecode, "/app.bin": bytes(data), "/crash.0": record}
    with wired(tmp_path, files, section(), main_py=b""):
        ran = look_inside(tmp_path, "status")
    assert ran.exit_code == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "the firmware on this board is damaged or of another version (" in ran.stderr
    assert "failed before: OSError at launch:1): filmgauge flash puts it there" in ran.stderr


def test_a_profile_that_is_missing_is_named(tmp_path: Path, bytecode) -> None:
    with wired(tmp_path, bytecode, section(), main_py=b"", profile_bin=None):
        told = answered(tmp_path, "status")
    assert told["problems"][0] == "there is no profile: filmgauge flash brings it"


def test_no_port_and_no_name_are_one_sentence(tmp_path: Path) -> None:
    ran = look_inside(tmp_path, "status")
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (1, 1)
    ran = look_inside(tmp_path, "log", "--out", tmp_path / "kept.xlsx")
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "kept.xlsx").exists()


def test_a_record_that_is_torn_is_told_and_the_others_are_read(tmp_path: Path, bytecode) -> None:
    record = Record(boot=1, seq=0, up_s=5, voltage_uv=2_000_000, current_pa=-1_000_000)
    files = dict(bytecode)
    files["/backlog/00000000"] = record.to_bytes()
    files["/backlog/00000001"] = record.to_bytes()[:-1] + b"\0"
    with wired(tmp_path, files, section(), main_py=b""):
        ran = look_inside(tmp_path, "log")
    assert ran.exit_code == 1
    assert record_from_dict(json.loads(ran.stdout)) == record
    assert "record 00000001: record has a wrong checksum" in ran.stderr
