"""What `filmgauge ble` does with nodes: scan, wait for one, read everything, configure."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.ble.gatt_values import Reply
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.configuration_changes import Changes
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import AdapterError, BluetoothError, InputError, NodeError, warn

_RETRY_S = 1.0


async def scan(
    radio: Radio,
    nodes: DiscoveredNodes,
    on_node: Callable[[DiscoveredNode], None],
    seconds: float | None,
    log: Callable[[str], None] = warn,
) -> None:
    """Listen for a time, or until cancelled; AdapterError where there is no adapter at first.

    log: gets a line when the adapter is gone, and when it is back.
    """
    works: bool | None = None

    def on_problem(problem: str) -> None:
        nonlocal works
        if problem and works is None:
            raise AdapterError(problem)
        if problem and works:
            log(f"{problem}: waiting for it")
        elif not problem and works is False:
            log("Bluetooth works again")
        works = not problem

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        node = nodes.add(device, data, asyncio.get_running_loop().time())
        if node is not None:
            on_node(node)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await radio.listen(on_advertisement, on_problem)


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

    Where the adapter is pulled out meanwhile it begins again. Raises BluetoothError.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_s
    node = await find(radio, registry, target, wait_s)
    while True:
        try:
            return await _read(radio, node)
        except BluetoothError as error:
            problem = await _adapter_problem(radio)
            if not problem and not isinstance(error, AdapterError):
                raise
            warn(f"{problem or error}: waiting for it")
        while await _adapter_problem(radio):
            await asyncio.sleep(_RETRY_S)
        warn("Bluetooth works again")
        node = await find(radio, registry, target, max(1.0, until_s - loop.time()))


async def _adapter_problem(radio: Radio) -> str:
    """Return why no scan begins, empty when one does."""
    try:
        async with radio.scanning(lambda device, data: None):
            return ""
    except AdapterError as error:
        return str(error)


async def _read(radio: Radio, node: DiscoveredNode) -> dict[str, Any]:
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


async def command(
    radio: Radio,
    registry: NodeRegistry,
    target: str,
    action: Action,
    wait_s: float,
    counters: CommandCounters,
) -> Reply:
    """Wait for a node and send it a command. Raises BluetoothError and InputError."""
    node = await find(radio, registry, target, wait_s)
    if node.command_key is None:
        raise InputError(f"there is no command_key for {target}: list it in --nodes")
    async with NodeClient(radio, node.device) as client:
        name = (await client.device_information()).serial
        payloads = list(action.payloads(client.mtu))
        last = (await client.state()).next_command - 1
        first = counters.reserve(name, len(payloads), last)
        reply = None
        for number, payload in enumerate(payloads):
            reply = await client.command(
                name, node.command_key, action.operation, payload, first + number
            )
    assert reply is not None  # an action has a frame at least
    return reply
