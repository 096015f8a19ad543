"""Changing a node's configuration over Bluetooth."""

from filmgauge_host.ble.changes import Changes
from filmgauge_host.ble.discovery import DiscoveredNodes, HeardNode
from filmgauge_host.ble.gatt_values import Reply
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.node_registry import KnownNodes
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.scan import find
from filmgauge_host.errors import InputError


async def configure(
    radio: Radio, known: KnownNodes, target: str, changes: Changes, wait_s: float, pair: bool
) -> Reply:
    """Wait for the node and change its keys: all or none. Raises BleError and InputError."""
    node: HeardNode = await find(radio, DiscoveredNodes(known), target, wait_s)
    if node.command_key is None and not pair:
        raise InputError(
            f"there is no command_key for {target}: list it in --nodes, or use --pair"
        )
    async with NodeClient(radio, node.device) as client:
        if pair:
            return await client.configure_paired(changes)
        assert node.command_key is not None
        name = (await client.device_information()).serial
        return await client.configure(name, node.command_key, changes)
