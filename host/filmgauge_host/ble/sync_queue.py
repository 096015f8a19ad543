"""Which nodes wait for a connection of the bridge: each once, in the order of being heard.

A node that saves energy takes no connection, and a scan does not say so. One that took none at two
reports in a row is tried at every fourth, since each attempt keeps all others waiting.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from filmgauge_host.ble.discovery import DiscoveredNode
from filmgauge_host.telemetry.received_record import RecordKey

_REMEMBERED = 1000  # addresses
_UNREACHED = 2  # reports in a row
_TRIED_EACH = 4


@dataclass(slots=True)
class PendingSync:
    """What is still to be done about a node. key: of the record that it announces. done: of the
    one that was fetched; advertised: of the one that was published as advertised. unreached:
    reports in a row at which it took no connection or was not tried."""

    key: RecordKey
    node: DiscoveredNode
    attempts: int = 0
    waits: bool = False
    done: RecordKey | None = None
    advertised: RecordKey | None = None
    unreached: int = 0

    @property
    def is_unreachable(self) -> bool:
        """Whether it is one that takes no connection."""
        return self.unreached >= _UNREACHED

    def count_unreached(self) -> None:
        """Count a report at which it took no connection."""
        if self.attempts == 1 and not self.is_unreachable:
            self.unreached += 1


class SyncQueue:
    """attempts: connections for one record before the next one is waited for."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._pending: OrderedDict[str, PendingSync] = OrderedDict()
        self._waiting: asyncio.Queue[str] = asyncio.Queue()  # an address waits once: all are fair

    def add(self, node: DiscoveredNode, key: RecordKey) -> PendingSync:
        """Let a node wait unless the record that it announces was fetched or given up."""
        pending = self._pending.get(node.address)
        if pending is None:
            pending = self._pending[node.address] = PendingSync(key, node)
            self._forget_oldest()
        elif pending.key != key:
            pending.key, pending.attempts = key, 0
            if pending.is_unreachable:
                pending.unreached += 1
                pending.attempts = self._attempts if pending.unreached % _TRIED_EACH else 0
        pending.node = node
        is_over = pending.done == key or pending.attempts >= self._attempts
        if not (pending.waits or is_over):
            pending.waits = True
            self._waiting.put_nowait(node.address)
        return pending

    async def next(self) -> PendingSync:
        """Return the node that has waited longest, as soon as there is one."""
        return self._pending[await self._waiting.get()]

    def _forget_oldest(self) -> None:
        """When there are too many nodes, forget one that does not wait."""
        if len(self._pending) > _REMEMBERED:
            for address, pending in self._pending.items():
                if not pending.waits:
                    del self._pending[address]
                    return
