"""One visit of the bridge to a node: everything that is newer than what the spool has."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from filmgauge.record.record import Record
from filmgauge_host.ble import commands
from filmgauge_host.ble.discovery import HeardNode
from filmgauge_host.ble.errors import BleError
from filmgauge_host.ble.node_client import DeviceInformation, NodeClient
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool

Naming: TypeAlias = Callable[[HeardNode, str], str]
_CONNECT_S = 8.0  # a node that advertises is there at once, or not at all
_BATCH = 16  # records a commit: what was committed is not asked for again
_REMEMBERED = 1000


@dataclass(slots=True)
class SyncResult:
    """What a visit brought. info: when it was read. is_complete: nothing newer is left there.
    note: what else went wrong, of no consequence for the records."""

    name: str
    info: dict[str, Any] | None = None
    next_report_s: int | None = None
    records: int = 0
    torn: int = 0
    is_complete: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _About:
    """What changes with a boot at most. boot: of the reading."""

    serial: str
    boot: int
    info: dict[str, Any]
    next_report_s: int | None


class NodeSync:
    """Goes to nodes. forget: those with a command key may drop what the broker has."""

    def __init__(self, radio: Radio, spool: Spool, forget: bool) -> None:
        self._radio, self._spool, self._forget = radio, spool, forget
        self._about: OrderedDict[str, _About] = OrderedDict()

    async def go(
        self, node: HeardNode, naming: Naming, arrived: Callable[[int], None]
    ) -> SyncResult:
        """Fetch what is new; `arrived` gets the number of new records after each commit.

        The newest record comes first, then what waited. Raises BleError and SpoolError.
        """
        async with NodeClient(self._radio, node.device, _CONNECT_S) as client:
            newest = await client.record()
            about = self._about.get(node.address)
            told = None
            if about is None or (newest is not None and newest.values()[0] != about.boot):
                told = await client.device_information()
            serial = told.serial if told is not None else about.serial if about else ""
            visited = SyncResult(naming(node, serial))
            if newest is not None:
                self._check_mark(visited.name, newest)
                new = self._spool.add(visited.name, [newest], live=True)
                visited.records += new
                arrived(new)
            await self._fetch(client, visited, newest, arrived)
            if told is not None:
                about = await self._ask(client, node, visited.name, told, newest)
                visited.info = about.info
            visited.next_report_s = about.next_report_s if about else None
            await self._release(client, node, visited)
        return visited

    async def _fetch(
        self,
        client: NodeClient,
        visited: SyncResult,
        newest: Record | None,
        arrived: Callable[[int], None],
    ) -> None:
        """Download the log from the mark on."""
        name = visited.name
        batch: list[Record] = []

        def keep() -> None:
            if batch:
                new = self._spool.add(name, batch, mark=_key(batch[-1]))
                visited.records += new
                batch.clear()
                arrived(new)

        try:
            async for record in client.log(after=self._spool.mark(name)):
                batch.append(record)
                if len(batch) >= _BATCH:
                    keep()
        finally:
            keep()  # whatever ended it: a node need not send it twice
            visited.torn = client.torn
        visited.is_complete = client.log_end is not None and not client.log_end.left
        if visited.is_complete and newest is not None:  # it may enter the log only afterwards
            mark = max(self._spool.mark(name), _key(newest))
            self._spool.add(name, [], mark=mark)

    def _check_mark(self, name: str, newest: Record) -> None:
        """A node whose newest record is older than what was read has begun to count anew."""
        if _key(newest) < self._spool.mark(name):
            self._spool.begin_anew(name)

    async def _ask(
        self,
        client: NodeClient,
        node: HeardNode,
        name: str,
        told: DeviceInformation,
        newest: Record | None,
    ) -> _About:
        """Read what belongs into the info of a node."""
        keys = await client.configuration()
        sample_s, every = keys["sample_s"], keys["report_every"]
        report_s = (
            sample_s * every if isinstance(sample_s, int) and isinstance(every, int) else None
        )
        info = {
            "node": name,
            "firmware": told.firmware,
            "board": told.model,
            "sample_s": sample_s,
            "report_s": report_s,
            "via": "ble",
            "address": node.address,
        }
        about = _About(told.serial, newest.values()[0] if newest else 0, info, report_s)
        self._about[node.address] = about
        self._about.move_to_end(node.address)
        while len(self._about) > _REMEMBERED:
            self._about.popitem(last=False)
        return about

    async def _release(self, client: NodeClient, node: HeardNode, visited: SyncResult) -> None:
        """Let the node forget what the broker has."""
        if not self._forget or node.command_key is None:
            return
        arrived = self._spool.arrived(visited.name)
        try:
            state = await client.state()
            if state.oldest is None or state.oldest > arrived:
                return
            await client.command(
                visited.name,
                node.command_key,
                commands.FORGET,
                commands.forget_payload(*arrived),
                state.command_counter + 1,
            )
        except BleError as error:
            visited.note = f"it keeps what has arrived: {error}"


def _key(record: Record) -> tuple[int, int]:
    boot, seq = record.values()[:2]
    return boot, seq
