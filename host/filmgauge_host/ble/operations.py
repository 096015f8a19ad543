"""What `filmgauge ble` does with nodes: scan, wait for one, read everything, configure."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.configuration_changes import Changes
from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.ble.gatt_values import Reply
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.radio import Radio
from filmgauge_host.errors import AdapterError, InputError, NodeError


async def scan(
    radio: Radio,
    nodes: DiscoveredNodes,
    on_node: Callable[[DiscoveredNode], None],
    seconds: float | None,
) -> None:
    """Listen for a time, or until cancelled; AdapterError where there is no adapter."""

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        node = nodes.add(device, data, asyncio.get_running_loop().time())
        if node is not None:
            on_node(node)

    async with radio.scanning(on_advertisement):
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(seconds)


async def find(radio: Radio, registry: NodeRegistry, target: str, wait_s: float) -> DiscoveredNode:
    """Return the node of a name or an address as soon as it is heard; NodeError when it is not."""
    found: asyncio.Future[DiscoveredNode] = asyncio.get_running_loop().create_future()

    def on_node(node: DiscoveredNode) -> None:
        if not found.done() and node.is_called(target):
            found.set_result(node)

    listening = asyncio.ensure_future(scan(radio, DiscoveredNodes(registry), on_node, wait_s))
    try:
        await asyncio.wait((listening, found), return_when=asyncio.FIRST_COMPLETED)
        if found.done():
            return found.result()
        listening.result()
        raise NodeError(f"{target} was not heard within {wait_s:g} s")
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, AdapterError):
            await listening


async def read_everything(
    radio: Radio, registry: NodeRegistry, target: str, wait_s: float
) -> dict[str, Any]:
    """Wait for a node; return what it serves: sections by name, each a table of values.

    Raises BluetoothError.
    """
    node = await find(radio, registry, target, wait_s)
    async with NodeClient(radio, node.device) as client:
        record = await client.record()
        return {
            "node": {
                "name": node.name,
                "address": node.address,
                "rssi_dbm": node.advert.rssi_dbm,
                "mtu": client.mtu,
                **asdict(await client.device_information()),
            },
            "record": None if record is None else json.loads(record.to_json()),
            "state": asdict(await client.state()),
            "energy": asdict(await client.energy()),
            "ledger_pc": await client.ledger(),
            "battery": await client.battery(),
            "configuration": await client.configuration(),
        }


async def configure(
    radio: Radio, registry: NodeRegistry, target: str, changes: Changes, wait_s: float, pair: bool
) -> Reply:
    """Wait for a node and change its keys: all or none. Raises BluetoothError and InputError."""
    node = await find(radio, registry, target, wait_s)
    if node.command_key is None and not pair:
        raise InputError(
            f"there is no command_key for {target}: list it in --nodes, or use --pair"
        )
    async with NodeClient(radio, node.device) as client:
        if pair:
            return await client.configure("", None, changes)
        name = (await client.device_information()).serial
        return await client.configure(name, node.command_key, changes)
