"""What a node serves over GATT: values read by others, the log, commands and refusals."""

import asyncio
import json
import random
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gatt_central import (
    COMMAND,
    CONFIGURATION,
    CONFIGURE,
    CRASHES,
    DATA,
    ENERGY,
    FORGET,
    KEY,
    LEDGER,
    PIECE,
    PROFILE,
    REBOOT,
    RECORD,
    REPORT,
    REQUEST,
    RESET,
    SECURE,
    STATE,
    TIME,
    UPDATE,
    ZERO,
    Rig,
    frame,
    records_in,
)

from filmgauge.config import Config
from filmgauge.record.record import Record
from filmgauge_sim.board import bluetooth
from filmgauge_sim.board.bluetooth import Bluetooth, RadioError
from filmgauge_sim.nodes.boards import BOARDS, board_kind
from filmgauge_sim.nodes.flash_reader import state_in, store_records

RUNTIMES = pytest.mark.parametrize("runtime", ["cpython", "micropython32"])
OTHER_S = 900  # to change sample_s to
EVIL_KEY = "ee" * 16
Act = Callable[[Rig], Awaitable[Any]]


def changed(rig: Rig) -> dict[str, bytes]:
    """Return the files that a command may change."""
    found = {"/config.json": rig.file("/config.json"), "log": b"".join(rig.waiting())}
    for name in ("/commands/0", "/commands/1"):
        try:
            found[name] = rig.file(name)
        except Exception:  # it is not there
            found[name] = b""
    return found


@pytest.mark.parametrize(
    ("runtime", "heap_kb"), [("cpython", 128), ("micropython32", 128), ("micropython32", 106)]
)
def test_values_are_those_of_the_record_and_of_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Any, heap_kb: int
) -> None:
    """Also where the gauge has been let go for the report, to make room."""
    kind = replace(board_kind("stm32wb55"), heap_kb=heap_kb)
    monkeypatch.setitem(BOARDS, kind.name, kind)

    async def act(rig: Rig) -> dict[int, bytes]:
        visit = await rig.visit()
        numbers = (RECORD, LEDGER, ENERGY, STATE, CONFIGURATION, 0x2A19, 0x2A24, 0x2A25, 0x2A00)
        return {number: await visit.read(number) for number in numbers}

    with Rig(tmp_path, runtime) as rig:
        read = rig.go(act)
        (stored,) = rig.waiting()
        state = state_in(rig.node.board.rtc_memory) if rig.node.board.rtc_memory else None
    assert state is None  # this board has no such memory
    assert read[RECORD] == stored
    boot, seq, up_s, *_, life = Record.from_bytes(stored).values()
    assert read[STATE][:13] == struct.pack("<BIII", 4, life, boot, seq)
    now_s, unix_s, waiting = struct.unpack("<IIH", read[STATE][13:23])
    assert up_s <= now_s <= up_s + 10
    assert (unix_s, waiting, len(read[STATE])) == (0, 1, 53)
    assert struct.unpack("<III", read[STATE][23:35]) == (life, boot, seq)
    assert struct.unpack("<I", read[STATE][39:43]) == (0,)
    intervals = rig.node.description.intervals
    next_s = intervals.sample_s * intervals.report_every
    assert struct.unpack("<I", read[STATE][49:]) == (next_s,)
    lines = struct.unpack("<11q", read[LEDGER][2:])
    assert read[LEDGER][:2] == b"\x01\x0b"
    stored_nah = Record.from_bytes(stored).values()[5]
    assert round(sum(lines) / 3.6e6) == stored_nah
    available_nwh, full_nwh = struct.unpack("<BII", read[ENERGY])[1:]
    assert 0 < available_nwh < full_nwh < 100_000_000
    assert read[0x2A19] == bytes((60,))
    assert (read[0x2A24], read[0x2A25], read[0x2A00]) == (b"stm32wb", b"window-1", b"window-1")
    configuration = json.loads(read[CONFIGURATION])
    assert configuration["sample_s"] == rig.node.description.intervals.sample_s
    assert "command_key" not in configuration


@RUNTIMES
def test_commands_do_what_they_say(tmp_path: Path, runtime: Any) -> None:
    change = json.dumps({"sample_s": OTHER_S, "load_na": 1234, "shed": None}).encode()

    async def act(rig: Rig) -> list[Any]:
        visit = await rig.visit()
        seen: list[Any] = [await visit.tell(frame(TIME, 7, struct.pack("<I", 1_800_000_000)))]
        seen.append(struct.unpack("<I", (await visit.read(STATE))[17:21])[0] - 1_800_000_000)
        seen.append(await visit.tell(frame(REPORT, 8)))
        for at in range(0, len(change), 20):
            part = struct.pack("<HH", at, len(change)) + change[at : at + 20]
            seen.append(await visit.tell(frame(CONFIGURE, 9 + at, part)))
        seen.append(await visit.tell(frame(REBOOT, 1000)))
        await visit.connection.disconnect()
        await asyncio.sleep(2)
        visit = await rig.visit()  # of the next boot
        seen.append(await visit.read(CONFIGURATION))
        seen.append(struct.unpack("<I", (await visit.read(STATE))[39:43])[0])
        seen.append(await visit.tell(frame(TIME, 1000, struct.pack("<I", 1_800_000_000))))
        return seen

    with Rig(tmp_path, runtime) as rig:
        seen = rig.go(act)
        records = [Record.from_bytes(data).values() for data in rig.waiting()]
    assert seen[0] == (7, 0, "set")
    assert 0 <= seen[1] <= 2
    assert seen[2] == (8, 0, "the next wake reports")
    assert seen[3] == (9, 0, f"20 of {len(change)}")
    assert [reply[1] for reply in seen[3:-4]] == [0] * len(seen[3:-4])
    assert seen[-5][2] == "3 keys changed, used after the next boot"
    assert seen[-4] == (1000, 0, "reset after this wake")
    configuration = json.loads(seen[-3])
    assert (configuration["sample_s"], configuration["load_na"]) == (OTHER_S, 1234)
    assert "shed" not in configuration
    assert seen[-2] == 1000
    assert seen[-1] == (1000, 3, "counter must be above 1000, not 1000")
    assert [record[:2] for record in records] == [[1, 0], [2, 0]]


def test_a_report_that_was_asked_for_comes_at_the_next_wake(tmp_path: Path) -> None:
    async def act(rig: Rig) -> float:
        visit = await rig.visit()
        await visit.tell(frame(REPORT, 1))
        await visit.connection.disconnect()
        begun = asyncio.get_running_loop().time()
        await rig.visit()
        return asyncio.get_running_loop().time() - begun

    with Rig(tmp_path) as rig:
        sample_s = rig.node.description.intervals.sample_s
        assert rig.go(act) == pytest.approx(sample_s, abs=10)  # a wake, not a report


SET = struct.pack("<I", 1_800_000_000)
EVIL = json.dumps({"command_key": EVIL_KEY, "update_key": ""}).encode()
OPERATIONS = [
    (TIME, SET),
    (REPORT, b""),
    (ZERO, b""),
    (REBOOT, b""),
    (CONFIGURE, struct.pack("<HH", 0, len(EVIL)) + EVIL),
    (FORGET, struct.pack("<III", 0xFFFFFFFF, 99, 0)),
    (PROFILE, struct.pack("<HH", 0, 2000) + bytes(200)),
    (RESET, b""),
    (UPDATE, b"\0"),
    (PIECE, bytes(5)),
    (CRASHES, b""),
]


@RUNTIMES
@pytest.mark.parametrize("key", [KEY, ""])
def test_a_stranger_who_pairs_is_refused_whatever_he_asks_for(
    tmp_path: Path, runtime: Any, key: str
) -> None:
    """With a key of his own, and without MAC and counter."""

    async def act(rig: Rig) -> list[Any]:
        visit = await rig.visit()
        await visit.connection.pair()
        before, replies = changed(rig), []
        for operation, payload in OPERATIONS:
            replies.append(await visit.tell(frame(operation, 9, payload, EVIL_KEY), SECURE))
            replies.append(await visit.tell(bytes((1, operation)) + payload, SECURE))
        assert before == changed(rig)
        assert (await visit.read(STATE))[17:21] == bytes(4)  # nor has it the time
        return replies

    bounds = {"ble_connected_ms": 600000, "update_key": "cd" * 32, "command_key": key}
    with Rig(tmp_path, runtime, configuration=bounds, capacitance_uf=1e6) as rig:
        replies = rig.go(act)
    assert [reply[:2] for reply in replies[::2]] == [(0, 2)] * len(OPERATIONS)
    assert {reply[:2] for reply in replies[1::2]} <= {(0, 1), (0, 2)}


@RUNTIMES
def test_an_encrypted_link_brings_the_frames_of_the_open_one(tmp_path: Path, runtime: Any) -> None:
    """Each of them once: not again in the other characteristic."""

    async def act(rig: Rig) -> list[Any]:
        visit = await rig.visit()
        before = changed(rig)
        seen: list[Any] = [await visit.tell(frame(TIME, 5, SET), SECURE), before == changed(rig)]
        await visit.connection.pair()
        for counter, place in ((5, SECURE), (5, COMMAND), (6, COMMAND), (6, SECURE)):
            reply = await visit.tell(frame(TIME, counter, SET), place)
            seen.append(reply)
        await asyncio.sleep(1)
        await visit.connection.disconnect()
        visit = await rig.visit()  # at the next report, with the bond alone
        await visit.connection.encrypt()
        seen.append(await visit.tell(frame(TIME, 7, SET), SECURE))
        return seen

    with Rig(tmp_path, runtime) as rig:
        seen = rig.go(act)
    assert seen[:2] == [(0, -5, ""), True]
    assert seen[2::2] == [(5, 0, "set"), (6, 0, "set"), (7, 0, "set")]
    assert [reply[:2] for reply in seen[3::2]] == [(5, 3), (6, 3)]


def test_a_bond_outlives_a_power_cut(tmp_path: Path) -> None:
    async def pairs(rig: Rig) -> None:
        visit = await rig.visit()
        await visit.connection.pair()
        await asyncio.sleep(1)
        await visit.connection.disconnect()
        await asyncio.sleep(2)

    async def comes_back(rig: Rig) -> Any:
        visit = await rig.visit()
        await visit.connection.encrypt()
        return await visit.tell(frame(TIME, 5, SET), SECURE)

    with Rig(tmp_path) as rig:
        rig.go(pairs)
        rig.node.cut_power()
        assert rig.go(comes_back) == (5, 0, "set")


def test_a_change_right_behind_a_pairing_stays_and_so_does_the_bond(tmp_path: Path) -> None:
    """Both are in the same pages, and the stack keeps its secrets in an interrupt."""
    text = b'{"sample_s": %d}' % OTHER_S
    change = frame(CONFIGURE, 5, struct.pack("<HH", 0, len(text)) + text)

    async def act(rig: Rig) -> list[Any]:
        visit = await rig.visit()
        await visit.connection.pair()
        seen: list[Any] = [await visit.tell(change)]
        await asyncio.sleep(1)
        await visit.connection.disconnect()
        await asyncio.sleep(2)
        seen.append(json.loads(rig.file("/config.json"))["sample_s"])
        rig.node.cut_power()
        visit = await rig.visit()
        await visit.connection.encrypt()
        seen.append(await visit.tell(frame(TIME, 6, SET), SECURE))
        return seen

    with Rig(tmp_path) as rig:
        seen = rig.go(act)
    assert seen[0][:2] == (5, 0)
    assert seen[1:] == [OTHER_S, (6, 0, "set")]


REFUSALS = [
    (
        "a wrong key",
        frame(TIME, 9, struct.pack("<I", 1_800_000_000), "11" * 16),
        2,
        "MAC is wrong",
    ),
    ("a flipped bit", bytes((1, 2, 9)) + frame(TIME, 9)[3:], 2, "MAC is wrong"),
    ("a short frame", frame(TIME, 9)[:21], 1, "frame must have 22 to 256 bytes, not 21"),
    ("an oversized frame", frame(CONFIGURE, 9, bytes(300)), 1, "22 to 256 bytes, not 288"),
    ("another version", b"\x02" + frame(TIME, 9)[1:], 1, "version must be 1, not 2"),
    ("nothing", b"", 1, "22 to 256 bytes, not 0"),
]


@pytest.mark.parametrize(
    ("what", "data", "status", "text"), REFUSALS, ids=[r[0] for r in REFUSALS]
)
def test_what_is_refused_changes_nothing(
    tmp_path: Path, what: str, data: bytes, status: int, text: str
) -> None:
    async def act(rig: Rig) -> Any:
        visit = await rig.visit(mtu=400)
        before = changed(rig)
        reply = await visit.tell(data)
        return reply, before == changed(rig), struct.unpack("<I", (await visit.read(STATE))[39:43])

    with Rig(tmp_path) as rig:
        reply, same, counter = rig.go(act)
    assert reply[:2] == (0, status)
    assert text in reply[2]
    assert (same, counter) == (True, (0,))


CANNOT = [
    ("an unknown operation", 77, b"", 4, "there is no operation 77"),
    ("a time before such nodes", TIME, bytes(4), 5, "time must be 1577836800 or later, not 0"),
    ("a payload too long", REPORT, b"x", 1, "payload must be empty, not 1 bytes"),
    ("a zero without a switch", ZERO, b"", 5, "cannot show its sensor's zero"),
    ("a part from the middle", CONFIGURE, struct.pack("<HH", 4, 9) + b"x", 1, "offset must be 0"),
    ("too long a change", CONFIGURE, struct.pack("<HH", 0, 2049) + b"x", 1, "total must be 2 to"),
    ("no JSON", CONFIGURE, struct.pack("<HH", 0, 2) + b"{]", 5, "configuration is not JSON"),
    ("no such key", CONFIGURE, struct.pack("<HH", 0, 7) + b'{"a":1}', 5, "has no key a"),
    (
        "a value out of bounds",
        CONFIGURE,
        struct.pack("<HH", 0, 14) + b'{"sample_s":0}',
        5,
        "sample_s must be 1 to 86400, not 0",
    ),
    ("half a place in the log", FORGET, bytes(7), 1, "payload must have 12 bytes, not 7"),
]


def test_what_the_node_cannot_do_is_told_and_the_counter_is_used_up(tmp_path: Path) -> None:
    async def act(rig: Rig) -> list[Any]:
        visit = await rig.visit()
        before = rig.file("/config.json"), rig.waiting()
        replies = []
        for counter, (_, operation, payload, _, _) in enumerate(CANNOT, 1):
            replies.append(await visit.tell(frame(operation, counter, payload)))
        assert before == (rig.file("/config.json"), rig.waiting())
        return replies

    with Rig(tmp_path, configuration={"ble_connected_ms": 120000}) as rig:
        replies = rig.go(act)
    for counter, (reply, (what, _, _, status, text)) in enumerate(
        zip(replies, CANNOT, strict=True), 1
    ):
        assert reply[:2] == (counter, status), what
        assert text in reply[2], what


def test_a_frame_acts_once_even_across_boots(tmp_path: Path) -> None:
    async def first(rig: Rig) -> Any:
        visit = await rig.visit()
        return await visit.tell(frame(REPORT, 5)), await visit.tell(frame(REPORT, 5))

    async def again(rig: Rig) -> Any:
        visit = await rig.visit()
        return [await visit.tell(frame(REPORT, counter)) for counter in (5, 4, 6)]

    with Rig(tmp_path) as rig:
        one, two = rig.go(first)
        rig.node.cut_power()
        old, older, new = rig.go(again)
    assert one[1] == new[1] == 0
    assert two == old == (5, 3, "counter must be above 5, not 5")
    assert older[1] == 3


@RUNTIMES
def test_a_silent_peer_and_one_that_stays_too_long_are_left(tmp_path: Path, runtime: Any) -> None:
    async def act(rig: Rig) -> list[float]:
        loop = asyncio.get_running_loop()
        lasted = []
        for talks in (False, True):
            visit = await rig.visit()
            ended = loop.create_future()
            visit.connection.on(
                "disconnection", lambda reason, ended=ended: ended.set_result(reason)
            )
            await visit.read(RECORD)
            begun = loop.time()
            while talks and not ended.done():
                await asyncio.wait([ended, asyncio.ensure_future(visit.read(RECORD))], timeout=1)
                await asyncio.sleep(0.5)
            assert await ended == 0x13
            lasted.append(loop.time() - begun)
        return lasted

    bounds = {"ble_idle_ms": 3000, "ble_connected_ms": 20000}
    with Rig(tmp_path, runtime, configuration=bounds) as rig:
        silent_s, talking_s = rig.go(act)
    assert silent_s == pytest.approx(3, abs=0.2)
    assert 15 < talking_s < 20  # less what the discovery took


@RUNTIMES
def test_the_log_comes_in_order_and_forget_removes_what_has_arrived(
    tmp_path: Path, runtime: Any
) -> None:
    async def act(rig: Rig) -> Any:
        await asyncio.sleep(4000)
        visit = await rig.visit()
        every = await visit.log()
        some = await visit.log(count=3)
        left = visit.left
        boot, seq, *_, life = Record.from_bytes(some[-1]).values()
        rest = await visit.log(life, boot, seq)
        none = await visit.log(life, 99, 0)
        other = await visit.log(life ^ 1, 99, 0, count=3)
        assert other == some
        reply = await visit.tell(frame(FORGET, 1, struct.pack("<III", life, boot, seq)))
        state = await visit.read(STATE)
        return every, some, left, rest, none, reply, state, await visit.log()

    with Rig(tmp_path, runtime, report_every=1, sample_s=60, hours=3, capacitance_uf=1e5) as rig:
        every, some, left, rest, none, reply, state, after = rig.go(act)
        stored = rig.waiting()
    assert len(every) >= 67
    assert every[:3] == some
    assert left == len(every) - 3
    assert rest == every[3:]
    assert none == []
    assert reply == (1, 0, "3 removed")
    assert after == every[3:] == stored[: len(after)]
    boot, seq, *_, life = Record.from_bytes(after[0]).values()
    assert struct.unpack("<HIII", state[21:35]) == (len(after), life, boot, seq)


@RUNTIMES
def test_a_stack_that_is_full_is_asked_again(
    tmp_path: Path, runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    stock = Bluetooth.notify

    def notify(self: Bluetooth, *arguments: Any) -> None:
        nonlocal refused
        try:
            stock(self, *arguments)
        except RadioError:
            refused += 1
            raise

    monkeypatch.setattr(bluetooth, "_QUEUE_BYTES", 100)  # of a connection event
    monkeypatch.setattr(Bluetooth, "notify", notify)

    async def act(rig: Rig) -> Any:
        await asyncio.sleep(1500)
        visit = await rig.visit(mtu=100)
        return await visit.log()

    with Rig(tmp_path, runtime, report_every=1, sample_s=60, hours=1, capacitance_uf=1e5) as rig:
        got = rig.go(act)
        stored = rig.waiting()
    assert len(got) >= 25
    assert got == stored[: len(got)]
    assert refused > len(got)


def test_a_log_request_of_a_wrong_length_is_told(tmp_path: Path) -> None:
    async def act(rig: Rig) -> Any:
        visit = await rig.visit()
        for data in (b"", bytes(9), bytes(300)):
            await visit.write(REQUEST, data)
            await asyncio.sleep(0.2)
        return visit.replies, visit.pieces

    with Rig(tmp_path) as rig:
        replies, pieces = rig.go(act)
    assert pieces == []
    texts = [f"log request must have 14 bytes, not {length}" for length in (0, 9, 20)]
    assert replies == [(0, 1, text) for text in texts]


def test_a_thousand_records_come_through_broken_connections(tmp_path: Path) -> None:
    """Interrupted at random and resumed after what came: none is lost, none comes twice."""
    count = 1000
    made = [Record(boot=1, seq=seq, up_s=60 * seq, soc_ppm=seq).to_bytes() for seq in range(count)]
    noise = random.Random(5)

    async def act(rig: Rig) -> tuple[list[bytes], int]:
        got: list[bytes] = []
        visits = 0
        while True:
            visit = await rig.visit(mtu=noise.choice((23, 100, 185, 247)))
            visits += 1
            boot, seq, *_, life = Record.from_bytes(got[-1]).values() if got else (0, 0, 0)
            await visit.write(REQUEST, struct.pack("<IIIH", life, boot, seq, 65535))
            until = asyncio.get_running_loop().time() + noise.uniform(0.1, 0.4)
            while asyncio.get_running_loop().time() < until:
                if visit.pieces and visit.pieces[-1][0] == 0xFF:
                    return got + records_in(visit.pieces), visits
                await asyncio.sleep(0.05)
            await visit.connection.disconnect()
            got += records_in(visit.pieces)

    with Rig(
        tmp_path,
        hours=48,
        loss=0.1,
        report_every=1,
        flash_blocks=256,
        capacitance_uf=1e6,
        backlog=1024,
    ) as rig:
        rig.go(lambda _: asyncio.sleep(10))  # it has booted once
        store_records(rig.node.flash, made)
        rig.node.cut_power()
        got, visits = rig.go(act)
    assert visits > 3
    assert got[:count] == made
    places = [tuple(Record.from_bytes(data).values()[:2]) for data in got]
    assert places == sorted(set(places))


def test_hundreds_of_fuzzed_writes_change_nothing(tmp_path: Path) -> None:
    noise = random.Random(11)

    async def act(rig: Rig) -> int:
        visit = await rig.visit(mtu=300)
        before = changed(rig)
        for number in range(400):
            place = noise.choice((COMMAND, COMMAND, SECURE, REQUEST, RECORD, DATA, STATE))
            data = bytearray(
                frame(noise.randrange(8), noise.randrange(1 << 32), noise.randbytes(9))
            )
            if noise.random() < 0.5:
                data = bytearray(noise.randbytes(noise.randrange(280)))
            else:
                data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
            if place == REQUEST and len(data) == 10:
                data.append(0)
            await visit.write(place, bytes(data))
            if number % 50 == 0:
                await visit.read(RECORD)
        assert before == changed(rig)
        return (await visit.tell(frame(TIME, 1, struct.pack("<I", 1_800_000_000))))[1]

    bounds = {"ble_connected_ms": 600000}
    with Rig(tmp_path, configuration=bounds, capacitance_uf=1e6) as rig:
        assert rig.go(act) == 0
        assert "Traceback" not in rig.node.console.read_text()


def test_a_change_that_loses_its_power_is_whole_or_was_not(tmp_path: Path) -> None:
    """Power is cut at requests of the board from a command's first to its answer."""
    text = b'{"sample_s": %d}' % OTHER_S
    change = frame(CONFIGURE, 9, struct.pack("<HH", 0, len(text)) + text)

    async def whole(rig: Rig) -> int:
        visit = await rig.visit()
        first = rig.node.board.requests
        await visit.write(COMMAND, change)
        assert json.loads(rig.file("/config.json"))["sample_s"] == OTHER_S
        return rig.node.board.requests - first

    async def act(rig: Rig, cut: int) -> tuple[bytes, Any]:
        visit = await rig.visit()
        before = rig.file("/config.json")
        rig.node.board.cut_at_request = rig.node.board.requests + cut
        try:
            await asyncio.wait_for(visit.write(COMMAND, change), 5)
        except (TimeoutError, asyncio.CancelledError):
            pass  # it is gone
        await asyncio.sleep(2)
        while visit.connection in rig.central.connections.values():
            await asyncio.sleep(1)
        after = rig.file("/config.json")
        again = await rig.visit()
        return (before, after), await again.tell(change)

    with Rig(tmp_path / "whole") as rig:
        requests = rig.go(whole)
    outcomes = set()
    for cut in (4, 7, *range(10, requests, requests // 14), requests - 2):
        with Rig(tmp_path / str(cut)) as rig:
            given_s = rig.node.description.intervals.sample_s
            (before, after), reply = rig.go(lambda rig, cut=cut: act(rig, cut))
        changed = json.loads(after).get("sample_s") == OTHER_S
        if not changed:
            assert after == before
        assert Config.from_json(after).sample_s == (OTHER_S if changed else given_s)
        used_up = reply[1] == 3
        assert used_up or reply[1] == 0
        assert used_up or not changed  # what has acted never acts again
        outcomes.add((changed, used_up))
    assert outcomes >= {(False, False), (False, True), (True, True)}
