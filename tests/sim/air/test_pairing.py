"""Pairing and bonding of a board on the air: bumble's Security Manager on both sides."""

import asyncio
from pathlib import Path

import pytest
from board_on_air import ADDRESS, GO, RUNTIMES, play, refused, value
from bumble.device import Device, Peer
from bumble.pairing import PairingConfig, PairingDelegate
from bumble_pair import NODE, pair, virtually

SERVER = """
import time
from bluetooth import *
ble = BLE()
ble.active(True)
secrets = {}
def handler(event, data):
    if event == 29:
        kind, index, key = data
        found = secrets.get((kind, bytes(key)))
        print('get', kind, index, bytes(key), found is not None)
        return found
    if event == 30:
        kind, key, value = data
        secrets[kind, bytes(key)] = bytes(value)
        print('set', kind, bytes(key))
        return True
    print(event, *[bytes(value) if isinstance(value, memoryview) else value for value in data])
    if event == 31:
        act(data)
    if event == 2:
        ble.gap_advertise(100000)
def act(data):
    pass
ble.irq(handler)
((open_, safe, sure),) = ble.gatts_register_services((
    (UUID(0x180F), ((UUID(0x2A19), FLAG_READ),
                    (UUID(0x2A07), FLAG_READ | FLAG_WRITE | 0x200 | 0x1000),
                    (UUID(0x2A06), FLAG_READ | FLAG_WRITE | 0x400 | 0x2000))),
))
ble.gatts_write(safe, b'secret')
ble.gatts_write(sure, b'sure')
"""
BOND = SERVER + "ble.config(bond=True, le_secure=True, mitm=False, io=3)\n"
KEY = b"\x01\xf5\xf4\xf3\xf2\xf1\xf0"  # of the central: type and address, little-endian
SECONDS = "time.sleep(8)\n"


class Person(PairingDelegate):
    """Someone at the central who types what `code` says."""

    def __init__(self, code: int | None) -> None:
        io = PairingDelegate.IoCapability
        super().__init__(io.KEYBOARD_INPUT_ONLY if code is not None else io.NO_OUTPUT_NO_INPUT)
        self.code = code

    async def get_number(self) -> int | None:
        return self.code


def pairs_as(device: Device, code: int | None = None, bonding: bool = True) -> None:
    device.pairing_config_factory = lambda connection: PairingConfig(
        sc=True, mitm=code is not None, bonding=bonding, delegate=Person(code)
    )


async def peer_of(device: Device) -> Peer:
    peer = Peer(await device.connect(ADDRESS, timeout=None))
    await peer.discover_services()
    await peer.discover_characteristics()
    return peer


async def errors(peer: Peer) -> list[int]:
    return [
        await refused(value(peer, "2A07").read_value()),
        await refused(value(peer, "2A07").write_value(b"x", with_response=True)),
        await refused(value(peer, "2A06").read_value()),
        await refused(value(peer, "2A06").write_value(b"x", with_response=True)),
    ]


@RUNTIMES
def test_pairing_encrypts_and_opens_what_needs_encryption(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> list[list[int]]:
        pairs_as(device)
        peer = await peer_of(device)
        before = await errors(peer)
        await peer.connection.pair()
        return [before, await errors(peer)]

    said, seen = play(tmp_path, runtime, BOND + GO + SECONDS, central)
    assert seen == [[5, 5, 5, 5], [0, 0, 5, 5]]  # without a person nothing is authenticated
    assert f"set 1 {KEY}" in said
    assert f"set 2 {KEY}" in said
    assert "28 1 1 0 1 16" in said  # encrypted, not authenticated, bonded, 16 bytes of key


@RUNTIMES
def test_a_bond_encrypts_again_without_pairing(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> list[int]:
        pairs_as(device)
        peer = await peer_of(device)
        await peer.connection.pair()
        await asyncio.sleep(0.5)  # until the board has its keys, too
        await peer.connection.disconnect()
        peer = await peer_of(device)
        await peer.connection.encrypt()
        return await errors(peer)

    said, seen = play(tmp_path, runtime, BOND + GO + SECONDS, central)
    assert seen == [0, 0, 5, 5]
    assert said.count(f"set 1 {KEY}") == 1
    assert f"get 1 0 {KEY} True" in said
    assert said.count("28 1 1 0 1 16") == 2


@RUNTIMES
def test_a_bond_that_the_firmware_has_lost_encrypts_nothing(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> tuple[str, list[int]]:
        pairs_as(device)
        peer = await peer_of(device)
        await peer.connection.pair()
        await asyncio.sleep(0.5)  # until the board has its keys, too
        await peer.connection.disconnect()
        peer = await peer_of(device)
        try:
            await asyncio.wait_for(peer.connection.encrypt(), 5)
            outcome = "encrypted"
        except Exception as error:
            outcome = str(error)
        return outcome, await errors(peer)

    source = BOND.replace("        secrets[kind, bytes(key)] = bytes(value)\n", "")
    _, (outcome, seen) = play(tmp_path, runtime, source + GO + SECONDS, central)
    assert "PIN_OR_KEY_MISSING" in outcome
    assert seen == [5, 5, 5, 5]


@RUNTIMES
def test_a_passkey_authenticates(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> list[int]:
        pairs_as(device, code=123456)
        peer = await peer_of(device)
        await peer.connection.pair()
        return await errors(peer)

    source = BOND.replace("mitm=False, io=3", "mitm=True, io=0")
    source = source.replace("    pass\n", "    ble.gap_passkey(data[0], data[1], 123456)\n")
    said, seen = play(tmp_path, runtime, source + GO + SECONDS, central)
    assert seen == [0, 0, 0, 0]
    assert "31 1 3 0" in said  # display
    assert "28 1 1 1 1 16" in said


def test_a_wrong_passkey_leaves_the_link_plain(tmp_path: Path) -> None:
    async def central(device: Device) -> tuple[bool, list[int]]:
        pairs_as(device, code=654321)
        peer = await peer_of(device)
        try:
            await peer.connection.pair()
            paired = True
        except Exception:
            paired = False
        return paired, await errors(peer)

    source = BOND.replace("mitm=False, io=3", "mitm=True, io=0")
    source = source.replace("    pass\n", "    ble.gap_passkey(data[0], data[1], 123456)\n")
    said, seen = play(tmp_path, "cpython", source + GO + SECONDS, central)
    assert seen == (False, [5, 5, 5, 5])
    assert not [line for line in said if line.startswith("set")]
    assert "28 1 0 0 0 0" in said


@RUNTIMES
def test_the_board_asks_for_pairing(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> list[int]:
        pairs_as(device)
        peer = await peer_of(device)
        paired = asyncio.get_running_loop().create_future()
        peer.connection.on("security_request", lambda _auth: paired.set_result(True))
        await asyncio.wait_for(paired, 5)
        return await errors(peer)

    source = BOND + GO + "time.sleep(2)\nble.gap_pair(1)\n" + SECONDS
    assert play(tmp_path, runtime, source, central)[1] == [5, 5, 5, 5]


@RUNTIMES
def test_other_parameters_of_the_connection_are_told(tmp_path: Path, runtime: str) -> None:
    async def central(device: Device) -> None:
        peer = await peer_of(device)
        await peer.connection.update_parameters(60, 60, 0, 4000)
        await asyncio.sleep(1)

    said, _ = play(tmp_path, runtime, BOND + GO + SECONDS, central)
    assert "27 1 48 0 400 0" in said  # 60 ms and 4 s in the units of the specification


@pytest.mark.parametrize("ours", [False, True], ids=["stock", "ours"])
def test_bumbles_own_link_is_encrypted_after_pairing(ours: bool) -> None:
    """No workaround is needed: this fails should a later bumble leave the link in plain text."""

    async def encrypted() -> list[bool]:
        peripheral, central = await pair(ours)
        for device in (peripheral, central):
            pairs_as(device)
        await peripheral.start_advertising()
        connection = await central.connect(NODE)
        await asyncio.sleep(1)
        await connection.pair()
        return [connection.is_encrypted, next(iter(peripheral.connections.values())).is_encrypted]

    assert virtually(encrypted()) == [True, True]
