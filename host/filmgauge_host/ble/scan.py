"""Scanning: tell of every node that is heard, or wait for one of them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from filmgauge.uplink.ble.uplink import NAME_LENGTH
from filmgauge_host.ble.discovery import DiscoveredNodes, HeardNode
from filmgauge_host.ble.errors import AdapterError, NodeError, explained
from filmgauge_host.ble.radio import Radio

_ANSWER_S = 10.0


async def scan(
    radio: Radio, heard: DiscoveredNodes, tell: Callable[[HeardNode], None], seconds: float | None
) -> None:
    """Listen for a time, or until cancelled; AdapterError where there is no adapter."""

    def take(device: BLEDevice, data: AdvertisementData) -> None:
        node = heard.take(device, data, asyncio.get_running_loop().time())
        if node is not None:
            tell(node)

    scanner = radio.scanner(take)
    try:
        await asyncio.wait_for(scanner.start(), _ANSWER_S)
    except (BleakError, OSError, EOFError, TimeoutError) as error:
        raise AdapterError(f"Bluetooth cannot be used: {explained(error)}") from None
    try:
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(seconds)
    finally:
        with suppress(BleakError, OSError, EOFError, TimeoutError):
            await asyncio.wait_for(scanner.stop(), _ANSWER_S)


async def find(radio: Radio, heard: DiscoveredNodes, target: str, seconds: float) -> HeardNode:
    """Return the node of a name or an address as soon as it is heard; NodeError when it is not."""
    found: asyncio.Future[HeardNode] = asyncio.get_running_loop().create_future()

    def look(node: HeardNode) -> None:
        names = (node.name, node.address)
        if not found.done() and (target in names or target[:NAME_LENGTH] == node.advert.name):
            found.set_result(node)

    listening = asyncio.ensure_future(scan(radio, heard, look, seconds))
    try:
        await asyncio.wait((listening, found), return_when=asyncio.FIRST_COMPLETED)
        if found.done():
            return found.result()
        listening.result()
        raise NodeError(f"{target} was not heard within {seconds:g} s")
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, AdapterError):
            await listening
