"""Finds nodes on the air: all that advertise, or the one that is meant, whatever it advertises.

    async with connected(radio, registry, "window-1", wait_s=60.0) as node:
        print(node.serial, await node.client.state())

An advertised name is cut, so a node counts as the one that is meant once it has said its whole
name, unless the user has written its address.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.ble.node_client import DeviceInformation, NodeClient
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import AdapterError, InputError, NodeError, warn


class NotFoundError(NodeError):
    """A node that is meant was not heard in time. reasons: why those that were are not it."""

    def __init__(self, target: str, wait_s: float, reasons: Iterable[str] = ()) -> None:
        self.reasons = list(reasons)
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        super().__init__(f"{target} was not heard within {wait_s:g} s{why}")


@dataclass(frozen=True, slots=True)
class ConnectedNode:
    """A node that is the one that is meant. entry: what the user has written of it."""

    client: NodeClient
    discovered: DiscoveredNode
    device: DeviceInformation
    entry: RegisteredNode | None

    @property
    def serial(self) -> str:
        """Its name, as it says."""
        return self.device.serial

    @property
    def name(self) -> str:
        """As the user has written it, or else as it says."""
        return self.entry.name if self.entry else self.serial

    def command_key(self) -> bytes:
        """Return the key of its commands. Raises InputError where there is none."""
        if self.entry is None or self.entry.command_key is None:
            raise InputError(f"there is no command_key for {self.name}: list it in --nodes")
        return self.entry.command_key

    async def reserve(self, counters: CommandCounters, count: int = 1) -> int:
        """Return the first of so many counters of commands. NodeError where the node says that it
        has had one which it cannot have: nothing proves what is read of it."""
        said = (await self.client.state()).next_command - 1
        return counters.reserve_unproven(self.serial, count, said)


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


async def find(
    radio: Radio,
    registry: NodeRegistry,
    target: str,
    wait_s: float,
    others: Mapping[str, str] | None = None,
) -> DiscoveredNode:
    """Return a node that may be that of a name or an address, as soon as it is heard.

    others: addresses that are passed over, and why each is. Raises NotFoundError.
    """
    found: asyncio.Future[DiscoveredNode] = asyncio.get_running_loop().create_future()
    known = others or {}

    def on_node(node: DiscoveredNode) -> None:
        if not found.done() and node.address not in known and _may_be(registry, node, target):
            found.set_result(node)

    discovered = DiscoveredNodes(registry)
    listening = asyncio.ensure_future(scan(radio, discovered, on_node, wait_s))
    try:
        await asyncio.wait((listening, found), return_when=asyncio.FIRST_COMPLETED)
        if found.done():
            return found.result()
        listening.result()
        refused = [reason for reason in discovered.refused if target in reason]
        raise NotFoundError(target, wait_s, refused)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, AdapterError):
            await listening


def _may_be(registry: NodeRegistry, node: DiscoveredNode, target: str) -> bool:
    listed = registry.by_name.get(target)
    is_elsewhere = listed is not None and listed.address not in (None, node.address)
    return node.is_called(target) and not is_elsewhere


@asynccontextmanager
async def connected(
    radio: Radio, registry: NodeRegistry, target: str, wait_s: float
) -> AsyncIterator[ConnectedNode]:
    """Wait for the node of a name or an address, and connect as long as the context lasts.

    Raises NotFoundError where it is not heard in time, and else what NodeClient does.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_s
    others: dict[str, str] = {}
    while True:
        left_s = max(0.0, until_s - loop.time()) if others else wait_s
        try:
            found = await find(radio, registry, target, left_s, others)
        except NotFoundError as error:
            reasons = [*others.values(), *error.reasons]
            raise NotFoundError(target, wait_s, reasons) from None
        async with AsyncExitStack() as stack:
            try:
                client = await stack.enter_async_context(NodeClient(radio, found.device))
                device = await client.device_information()
            except NodeError as error:
                if target in (found.name, found.address):
                    raise
                others[found.address] = str(error)
                continue
            try:
                entry = _identify(registry, found, device.serial, target)
            except NodeError as error:
                others[found.address] = str(error)
                continue
            yield ConnectedNode(client, found, device, entry)
            return


def _identify(
    registry: NodeRegistry, found: DiscoveredNode, serial: str, target: str
) -> RegisteredNode | None:
    """Return what is written of the node that is meant. Raises NodeError for another one."""
    entry = registry.identify(found.address, serial)
    if target not in (found.address, entry.name if entry else serial):
        raise NodeError(f"{found.address} says it is {serial}")
    return entry
