"""Pairing of a board on the air: bumble's Security Manager, with the firmware as keeper of keys.

A secret is what the firmware gets and gives back: flags, long-term key and identity key. NimBLE's
own are longer and as opaque.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from bumble.device import Connection
from bumble.keys import KeyStore, PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from filmgauge_sim.board.bluetooth_events import BluetoothEvents, Security

_OUR_SECURITY, _PEER_SECURITY = 1, 2  # BLE_STORE_OBJ_TYPE_... of NimBLE
_AUTHENTICATED = 1
_INPUT, _DISPLAY, _NUMERIC_COMPARISON = 2, 3, 4  # passkey actions of MicroPython
_KEY_BYTES = 16

Answer = TypeVar("Answer")


async def answer_to(ask: Callable[[Callable[[Answer], None]], None]) -> Answer:
    """Ask the firmware something and wait for its answer."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def set_answer(value: Answer) -> None:
        if not answer.done():
            answer.set_result(value)

    ask(set_answer)
    return await answer


class FirmwareKeyStore(KeyStore):
    """Keys by address, kept by the firmware."""

    def __init__(self, events: BluetoothEvents) -> None:
        self._events = events

    async def get(self, _name: str) -> PairingKeys | None:
        """See KeyStore."""
        ask = partial(self._events.secret_requested, _OUR_SECURITY, 0, _key(_name))
        value = await answer_to(ask)
        if value is None or len(value) != 1 + 2 * _KEY_BYTES:
            return None
        authenticated = bool(value[0] & _AUTHENTICATED)
        ltk = PairingKeys.Key(bytes(value[1 : 1 + _KEY_BYTES]), authenticated)
        return PairingKeys(ltk=ltk, irk=PairingKeys.Key(bytes(value[1 + _KEY_BYTES :])))

    async def update(self, name: str, keys: PairingKeys) -> None:
        """See KeyStore."""
        if keys.ltk is None:
            return  # legacy pairing: this firmware asks for LE Secure Connections
        irk = keys.irk.value if keys.irk else bytes(_KEY_BYTES)
        value = bytes((_AUTHENTICATED if keys.ltk.authenticated else 0,)) + keys.ltk.value + irk
        for kind in (_OUR_SECURITY, _PEER_SECURITY):
            await answer_to(partial(self._events.secret_made, kind, _key(name), value))

    async def delete(self, name: str) -> None:
        """See KeyStore."""
        for kind in (_OUR_SECURITY, _PEER_SECURITY):
            await answer_to(partial(self._events.secret_made, kind, _key(name), None))

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        """See KeyStore. No addresses are resolved: the air knows static ones only."""
        return []


class FirmwareDelegate(PairingDelegate):
    """What a person would do at the board: the firmware does it."""

    def __init__(self, events: BluetoothEvents, connection: Connection, io: int) -> None:
        super().__init__(PairingDelegate.IoCapability(io))
        self._ask = partial(events.passkey_requested, connection.handle)

    async def compare_numbers(self, number: int, digits: int) -> bool:
        return bool(await answer_to(partial(self._ask, _NUMERIC_COMPARISON, number)))

    async def get_number(self) -> int | None:
        return await answer_to(partial(self._ask, _INPUT, 0))

    async def generate_passkey(self) -> int:
        return await answer_to(partial(self._ask, _DISPLAY, 0))


def pairing_config(
    events: BluetoothEvents, security: Security, connection: Connection
) -> PairingConfig:
    """Return how a board with these settings pairs."""
    return PairingConfig(
        sc=security.secure_connections,
        mitm=security.mitm,
        bonding=security.bond,
        delegate=FirmwareDelegate(events, connection, security.io),
    )


def on_security(
    connection: Connection,
    is_pairing: Callable[[], bool],
    report: Callable[[bool, bool, bool], None],
    stored: Callable[[], Awaitable[PairingKeys | None]],
) -> None:
    """Report (encrypted, authenticated, bonded) when the security of a connection changes."""

    def paired(keys: PairingKeys) -> None:
        authenticated = keys.ltk is not None and keys.ltk.authenticated
        report(connection.is_encrypted, authenticated, keys.ltk is not None)

    def changed() -> None:
        if is_pairing():
            return  # the end of the pairing reports it

        async def again() -> None:
            keys = await stored()
            ltk = keys.ltk if keys else None
            report(True, ltk is not None and ltk.authenticated, ltk is not None)

        asyncio.get_running_loop().create_task(again())

    def failed(_reason: int) -> None:
        report(False, False, False)

    connection.on(connection.EVENT_PAIRING, paired)
    connection.on(connection.EVENT_PAIRING_FAILURE, failed)
    connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, changed)
    connection.on(connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, failed)


def _key(name: str) -> bytes:
    """Return the key of a secret: type and bytes of the address, as NimBLE orders them."""
    text, _, public = name.partition("/")
    return bytes((0 if public else 1,)) + bytes(reversed(bytes.fromhex(text.replace(":", ""))))
