"""`filmgauge flash --erase`: nothing is left but the counters that the node's keys go with."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from flashed_board import OPTIONS, Silent, flash, flashed_board, kept, make_board, wanted
from mqtt_brokers import Broker

from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal
from filmgauge_host.errors import InputError
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_host.serial.flash_session import FlashOptions
from filmgauge_host.serial.used_keys import UsedKeys
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.board.serial_board import SerialBoard
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.flash_reader import stored_number

ERASE = replace(OPTIONS, erase=True)
KEY, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
KEYS = pytest.mark.parametrize(
    ("journal", "key"), [("/counter", "ble_key"), ("/commands", "command_key")]
)


def slot(number: int, sequence: int = 1) -> bytes:
    """Return a slot of a journal of one number, as firmware/filmgauge/store has it."""
    buffer = bytearray(4 + OVERHEAD)
    struct.pack_into("<I", buffer, HEAD_SIZE, number)
    seal(buffer, 4, sequence)
    return bytes(buffer)


def number_in(flash: Flash, journal: str) -> int:
    """Return the number in a journal, or in the pages that a board has for it."""
    return stored_number(flash, journal)


def names(flash: Flash) -> set[str]:
    return set(listing(flash, "/")) - {".", ".."}


def test_retained_memory_is_forgotten(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted("esp32-c3", embedded.url)
    with flashed_board("esp32-c3", tmp_path, whole) as board:
        flash(board, whole)
        again = flash(board, whole).record
        assert again is not None
        assert again["seq"] > 0  # this port remembers through every reset
        anew = flash(board, whole, ERASE).record
    assert anew is not None
    assert (anew["boot"], anew["seq"], anew["faults"]) == (1, 0, "none")
    assert anew["life"] not in (0, again["life"])


def test_no_number_is_encrypted_twice_with_a_key(embedded: Broker, tmp_path: Path) -> None:
    keys = {"ble_key": KEY, "ble_advertise_ms": 100, "ble_interval_ms": 20}
    whole = wanted("stm32wb55", embedded.url, **keys)
    with flashed_board("stm32wb55", tmp_path, whole) as board:
        flash(board, whole)
        used = number_in(board.board.flash, "/counter")
        assert used > 100
        anew = flash(board, whole, ERASE).record
        reserved = number_in(board.board.flash, "/counter")
    assert reserved > used
    assert anew is not None
    assert anew["faults"] == "none"  # it was asked for


def nothing_on_it(kind: str, folder: Path, whole: Wanted) -> SerialBoard:
    """Return a board that nobody has given anything but firmware, which one whose storage is to
    be divided must not have either."""
    if BOARDS[kind].flash.page_in_ram:
        return make_board(kind, folder)
    return flashed_board(kind, folder, kept(whole))


BOTH = {"ble_key": KEY, "command_key": KEY, "ble_advertise_ms": 100, "ble_interval_ms": 20}


@pytest.mark.parametrize("kind", ["esp32-c3", "stm32wb55", "pico-w"])
def test_a_board_with_nothing_on_it_is_new_where_its_keys_are(
    kind: str, embedded: Broker, tmp_path: Path
) -> None:
    """Somebody has erased the whole chip: the tool finds nothing, and counters are gone for good
    unless no board has had these keys. Here it finds the firmware at most, which tells nothing
    of them."""
    whole = wanted(kind, embedded.url, **(BOTH if kind == "stm32wb55" else {"command_key": KEY}))
    told = {}
    for is_new in (True, False):
        options = replace(OPTIONS, keys_are_new=is_new)
        with nothing_on_it(kind, tmp_path / str(is_new), whole) as board:
            record = flash(board, whole, options).record
            assert record is not None
            told[is_new] = record["faults"]
            if is_new:
                continue
            again = flash(board, whole, replace(options, erase=True)).record  # the same keys
            assert again is not None
            assert "counter" in again["faults"].split("+")
            keys = {key: OTHER for key in ("ble_key", "command_key") if key in str(whole.config)}
            config = json.dumps({**json.loads(whole.config or b""), **keys}).encode()
            mended = flash(board, replace(whole, config=config), replace(options, erase=True))
            assert mended.record is not None
            assert mended.record["faults"] == "none"
    assert told == {True: "none", False: "life+counter"}


class CutOff(Silent):
    """Ends the flashing while it copies."""

    def progress(self, what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt


def options(used: UsedKeys, whole: Wanted, erase: bool) -> FlashOptions:
    """Return what the command gives."""
    assert whole.config is not None
    values = json.loads(whole.config)
    return replace(
        OPTIONS,
        erase=erase,
        keys_are_new=used.are_new(values),
        before_it_runs=lambda: used.add(values),
    )


@pytest.mark.parametrize("kind", ["esp32-c3", "stm32wb55"])
def test_what_is_cut_off_and_run_again_costs_no_key(
    kind: str, embedded: Broker, tmp_path: Path
) -> None:
    whole = wanted(kind, embedded.url, **(BOTH if kind == "stm32wb55" else {"command_key": KEY}))
    used = UsedKeys(tmp_path)
    with nothing_on_it(kind, tmp_path / "board", whole) as board:
        for erase in (False, True):
            with pytest.raises(KeyboardInterrupt):
                flash(board, whole, options(used, whole, erase), CutOff())
            assert used.are_new(json.loads(whole.config or b"")) != erase
            record = flash(board, whole, options(used, whole, erase)).record
            assert record is not None
            assert record["faults"] == "none"
            assert not used.are_new(json.loads(whole.config or b""))
        assert fetch(board.board.flash, "/new") == b""


def test_a_board_that_was_to_be_new_is_not_so_for_other_keys(
    embedded: Broker, tmp_path: Path
) -> None:
    """The first flashing was cut off; then come keys under which messages were counted."""
    whole = wanted("esp32-c3", embedded.url, command_key=KEY)
    with nothing_on_it("esp32-c3", tmp_path, whole) as board:
        with pytest.raises(KeyboardInterrupt):
            flash(board, whole, OPTIONS, CutOff())
        other = replace(whole, config=with_key(whole, "command_key", OTHER))
        record = flash(board, other, replace(OPTIONS, keys_are_new=False)).record
        assert record is not None
        assert record["faults"] == "life+counter"
        assert "new" not in names(board.board.flash)


@pytest.mark.parametrize("kind", ["esp32-c3", "stm32wb55"])
def test_the_counter_of_commands_stays(kind: str, embedded: Broker, tmp_path: Path) -> None:
    whole = wanted(kind, embedded.url, command_key=KEY)
    board = flashed_board(kind, tmp_path, whole)
    install(board.board.flash, {"/commands/0": slot(77, 2), "/commands/1": slot(76)})
    with board:
        flash(board, whole, ERASE)
        assert number_in(board.board.flash, "/commands") == 77


@KEYS
def test_a_counter_that_cannot_be_read_costs_its_key(
    journal: str, key: str, embedded: Broker, tmp_path: Path
) -> None:
    whole = wanted("esp32-c3", embedded.url, **{key: KEY})
    with flashed_board("esp32-c3", tmp_path, whole) as board:
        flash(board, whole)
        board.pull()
        install(board.board.flash, {f"{journal}/0": slot(300)[:-1] + b"?"})
        before = names(board.board.flash)
        board.plug()
        same = replace(whole, config=with_key(whole, key, KEY.upper()))
        with pytest.raises(InputError, match=f"{journal} on the board cannot be read, and {key}"):
            flash(board, same, ERASE)
        assert names(board.board.flash) >= before - {"reported", "trial"}
        other = replace(whole, config=with_key(whole, key, OTHER))
        assert flash(board, other, ERASE).record is not None
        assert journal[1:] not in names(board.board.flash)


@KEYS
def test_a_key_that_nobody_can_read_counts_as_the_same(
    journal: str, key: str, embedded: Broker, tmp_path: Path
) -> None:
    whole = wanted("esp32-c3", embedded.url, **{key: KEY})
    board = flashed_board("esp32-c3", tmp_path, whole)
    damaged = {f"{journal}/0": b"torn", "/config.json": b"{"}
    install(board.board.flash, {**damaged, "/main.py": b""})  # it stays at its prompt
    with board:
        with pytest.raises(InputError, match=f"neither {journal} on the board nor the {key}"):
            flash(board, whole, ERASE)
        assert flash(board, replace(whole, config=with_key(whole, key, "")), ERASE).record


def test_without_a_configuration_nothing_is_erased(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted("esp32-c3", embedded.url)
    with flashed_board("esp32-c3", tmp_path, whole) as board:
        with pytest.raises(InputError, match=r"no config\.json yet"):
            flash(board, replace(whole, config=None), ERASE)
        assert fetch(board.board.flash, "/config.json") == whole.config


def with_key(whole: Wanted, key: str, value: str) -> bytes:
    """Return the configuration with another key."""
    assert whole.config is not None
    return json.dumps({**json.loads(whole.config), key: value}).encode()
