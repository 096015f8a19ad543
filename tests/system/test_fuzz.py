"""A hundred thousand writes of an enemy, straight into what the node makes of them."""

import hashlib
import hmac
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peer_contexts import CONFIG, KEY, peer_with

from filmgauge.config import Config
from filmgauge.store.counters import StoredNumber
from filmgauge.uplink.actions import Actions, CommandPort
from filmgauge.uplink.ble.log_transfer import LogTransfer
from filmgauge.uplink.commands import LONGEST, Refused

FRAMES = 60_000
OPERATIONS = 25_000
REQUESTS = 15_000
RECORDS = 20


def sealed(body: bytes) -> bytes:
    mac = hmac.new(bytes.fromhex(KEY), b"window-1\0" + body, hashlib.sha256).digest()
    return body + mac[:16]


def enemy_frames(noise: random.Random) -> Iterator[bytes]:
    """Frames without the key: noise, cut, stretched, and whole ones with a changed bit."""
    while True:
        operation, counter = noise.randrange(8), noise.randrange(1 << 32)
        whole = bytearray(sealed(struct.pack("<BBI", 1, operation, counter) + noise.randbytes(20)))
        kind = noise.randrange(4)
        if kind == 0:
            yield noise.randbytes(noise.randrange(300))
        elif kind == 1:
            whole[noise.randrange(len(whole))] ^= 1 << noise.randrange(8)
            yield bytes(whole)
        elif kind == 2:
            yield bytes(whole[: noise.randrange(len(whole))])
        else:
            yield bytes(whole) + noise.randbytes(noise.randrange(1, 300))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_frames_without_the_key_change_nothing(here: Path) -> None:
    noise = random.Random(1)
    peer = peer_with("backlog", RECORDS)
    port = CommandPort(peer, StoredNumber("commands"))
    before = files(here)
    statuses: dict[int, int] = {}
    for _, data in zip(range(FRAMES), enemy_frames(noise), strict=False):
        counter, status, text = port.execute(data)
        assert (counter, bool(text)) == (0, True)
        statuses[status] = statuses.get(status, 0) + 1
        if len(data) > LONGEST:
            assert (status, "22 to 256 bytes" in text) == (1, True)
    assert set(statuses) == {1, 2}
    assert (files(here), peer.requests, peer.unix_s()) == (before, 0, 0)


def test_operations_with_any_payload_leave_a_whole_node(here: Path) -> None:
    """What is sent with the key: every refusal has a reason, the configuration stays one."""
    noise = random.Random(2)
    (here / "config.json").write_bytes(CONFIG % KEY.encode())
    peer = peer_with("backlog", RECORDS)
    actions = Actions(peer, "config.json")
    refused = 0
    reasons: set[str] = set()
    statuses: set[int] = set()
    for _ in range(OPERATIONS):
        operation = noise.choice((1, 2, 3, 4, 5, 5, 5, 6, noise.randrange(256)))
        payload = noise.randbytes(noise.choice((0, 4, 5, 8, noise.randrange(240))))
        if operation == 5 and noise.random() < 0.5:
            text = noise.choice(CHANGES)
            at = noise.randrange(len(text))
            if noise.random() < 0.5:
                text = text[:at] + bytes((noise.randrange(256),)) + text[at + 1 :]
            payload = struct.pack("<HH", 0, len(text)) + text
        if operation == 6 and noise.random() < 0.999:
            payload = struct.pack("<III", 0, 0, noise.randrange(1 << 32))
        try:
            assert actions.do(operation, payload)
        except Refused as error:
            refused += 1
            reasons.add(error.reason)
            statuses.add(error.status)
    assert "" not in reasons
    assert statuses == {1, 4, 5}
    assert 0.3 < refused / OPERATIONS < 0.95
    Config.from_json((here / "config.json").read_bytes())
    assert sorted(os.listdir(here)) == ["backlog", "config.bak", "config.json"]


CHANGES = (
    b'{"sample_s": 60}',
    b'{"sample_s": 1e3}',
    b'{"load_na": 5, "shed": 1, "ble_key": ""}',
    b'{"node": "other-node"}',
    b'{"sample_s": null, "backlog": 1024}',
    b'{"pin_gate": -5}',
    b'{"self": 1}',
    b"[1, 2, 3]",
    b'{"a": {"b": {"c": [1, 2, 3]}}}',
)


def test_log_requests_of_any_numbers_end(here: Path) -> None:
    noise = random.Random(3)
    transfer = LogTransfer(peer_with("backlog", RECORDS).backlog)
    edges = (0, 1, 2, RECORDS - 1, RECORDS, 0xFFFFFFFF)
    for _ in range(REQUESTS):
        numbers = [noise.choice((*edges, noise.randrange(1 << 32))) for _ in range(3)]
        transfer.begin(*numbers, noise.choice((0, 1, 3, 0xFFFF)))
        pieces: list[Any] = []
        for _ in range(noise.choice((0, 1, 5, 400))):  # another request may come in between
            piece = transfer.piece(noise.choice((20, 182)))
            if not piece:
                break
            transfer.sent()
            pieces.append(piece)
        assert len(pieces) < 9 * RECORDS
