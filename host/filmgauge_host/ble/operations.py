"""What `filmgauge ble` does with a node that it waits for: read everything, configure, command."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from filmgauge_host.ble.gatt_values import Reply
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.node_search import ConnectedNode, connected
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.configuration_changes import Changes
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.frames import configure_payloads
from filmgauge_host.errors import AdapterError, BluetoothError, warn

_RETRY_S = 1.0


async def read_everything(
    radio: Radio, registry: NodeRegistry, target: str, wait_s: float
) -> dict[str, Any]:
    """Wait for a node; return what it serves: sections by name, each a table of values.

    Where the adapter is pulled out meanwhile it begins again. Raises BluetoothError.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_s
    if problem := await _adapter_problem(radio):
        raise AdapterError(problem)
    while True:
        left_s = max(1.0, until_s - loop.time())
        try:
            async with connected(radio, registry, target, left_s) as node:
                return await _read(node)
        except BluetoothError as error:
            problem = await _adapter_problem(radio)
            if not problem and not isinstance(error, AdapterError):
                raise
            warn(f"{problem or error}: waiting for it")
        while await _adapter_problem(radio):
            await asyncio.sleep(_RETRY_S)
        warn("Bluetooth works again")


async def _adapter_problem(radio: Radio) -> str:
    """Return why no scan begins, empty when one does."""
    try:
        async with radio.scanning(lambda device, data: None):
            return ""
    except AdapterError as error:
        return str(error)


async def _read(node: ConnectedNode) -> dict[str, Any]:
    client = node.client
    record = await client.record()
    return {
        "node": {
            "name": node.name,
            "address": node.discovered.address,
            "rssi_dbm": node.discovered.advert.rssi_dbm,
            "mtu": client.mtu,
            **asdict(node.device),
        },
        "record": None if record is None else json.loads(record.to_json()),
        "state": asdict(await client.state()),
        "energy": asdict(await client.energy()),
        "ledger_pc": await client.ledger(),
        "battery": await client.battery(),
        "configuration": await client.configuration(),
    }


async def configure(
    radio: Radio,
    registry: NodeRegistry,
    target: str,
    changes: Changes,
    wait_s: float,
    encrypted: bool,
    counters: CommandCounters,
) -> Reply:
    """Wait for a node and change its keys: all or none. Raises BluetoothError and InputError.

    encrypted: nobody who listens reads them; the node and the host pair for that.
    """
    async with connected(radio, registry, target, wait_s) as node:
        key = node.command_key()
        if encrypted:
            await node.client.encrypt(node.serial, key)
        count = len(list(configure_payloads(changes, node.client.frame_size)))
        first = await node.reserve(counters, count)
        return await node.client.configure(node.serial, key, changes, first)


async def command(
    radio: Radio,
    registry: NodeRegistry,
    target: str,
    action: Action,
    wait_s: float,
    counters: CommandCounters,
    encrypted: bool = False,
) -> Reply:
    """Wait for a node and send it a command, `encrypted` as in `configure`. Raises BluetoothError
    and InputError."""
    async with connected(radio, registry, target, wait_s) as node:
        key = node.command_key()
        if encrypted:
            await node.client.encrypt(node.serial, key)
        payloads = action.payloads(node.client.frame_size)
        first = await node.reserve(counters, len(payloads))
        reply = None
        for number, payload in enumerate(payloads):
            reply = await node.client.command(
                node.serial, key, action.operation, payload, first + number
            )
    assert reply is not None  # an action has a frame at least
    return reply
