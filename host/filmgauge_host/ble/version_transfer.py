"""Brings a version of the firmware to a node over Bluetooth, connection after connection."""

import asyncio
import re
from collections.abc import Callable

from filmgauge.upgrade.outcome import FETCHING, NOTHING, REFUSING, RUNS, SWITCHED_BACK
from filmgauge.uplink.actions import UPDATE
from filmgauge.uplink.commands import PIECE
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.node_search import NotFoundError, connected
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.frames import OVERHEAD
from filmgauge_host.errors import NodeError, RefusedError
from filmgauge_host.upgrade.order import STATUS_PAYLOAD, part_payloads
from filmgauge_host.upgrade.version import Version

_OF = re.compile(FETCHING + r" (\d+) of (\d+)")
_ENDS = (RUNS, SWITCHED_BACK, REFUSING)
_MOST_IDLE = 20  # connections in a row that bring nothing
_AGAIN_S = 1.0  # also while a version is on trial: each connection costs the node


class LostEndError(NodeError):
    """A node had an end to tell once, and the connection ended before it was here."""


async def update(
    radio: Radio,
    registry: NodeRegistry,
    target: str,
    version: Version,
    order: bytes,
    wait_s: float,
    counters: CommandCounters,
    on_progress: Callable[[int, int], None],
) -> str:
    """Bring a version and wait until the node has told how it ended; return that.

    order: the payload that orders it. Raises NodeError where the node is not heard for `wait_s` or
    gets no further, LostEndError where nobody knows how it ended, RefusedError where it refuses.
    """
    is_ordered, idle, before, problem = False, 0, "", ""
    while idle < _MOST_IDLE:
        said, problem = "", ""
        try:
            async with connected(radio, registry, target, wait_s) as node:
                key = node.command_key()
                payload = STATUS_PAYLOAD if is_ordered else order
                counter = await node.reserve(counters)
                said = (await node.client.command(node.serial, key, UPDATE, payload, counter)).text
                is_ordered = True
                if said.startswith(_ENDS):
                    return said
                if said == NOTHING:
                    raise LostEndError(
                        f"{target} has told how it ended, and that was lost on the way:"
                        f" filmgauge ble read {target} says which firmware it runs"
                    )
                await _send(node.client, node.serial, key, version, said, on_progress)
        except (RefusedError, LostEndError, NotFoundError):
            raise
        except NodeError as error:  # its supply, or the longest time of a connection
            problem = str(error)
        has_gone_on = said and not (said == before and said.startswith(FETCHING))
        idle, before = 0 if has_gone_on else idle + 1, said or before
        await asyncio.sleep(_AGAIN_S)
    raise NodeError(f"{target} got no further in {_MOST_IDLE} connections: {problem or before}")


async def _send(
    client: NodeClient,
    name: str,
    key: bytes,
    version: Version,
    said: str,
    on_progress: Callable[[int, int], None],
) -> None:
    """Send the pieces that are wanted, as long as the connection lasts."""
    found = _OF.match(said)
    if not found:
        return
    pieces = version.pieces()
    room = client.frame_size - OVERHEAD
    for number in range(int(found[1]), len(pieces)):
        for payload in part_payloads(number, pieces[number], room):
            await client.command(name, key, PIECE, payload, 1)  # which nobody counts
        on_progress(number + 1, len(pieces))
