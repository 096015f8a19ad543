"""One connection of the bridge to a node: everything that is newer than what the spool has."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from filmgauge.record.record import Record
from filmgauge.uplink.actions import FORGET
from filmgauge.uplink.commands import FARTHEST
from filmgauge_host.ble.crash_reports import CrashReports
from filmgauge_host.ble.discovery import DiscoveredNode
from filmgauge_host.ble.node_client import DeviceInformation, NodeClient
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool
from filmgauge_host.commands.frames import forget_payload
from filmgauge_host.errors import BluetoothError, NodeError
from filmgauge_host.telemetry.received_record import record_key

Identify: TypeAlias = Callable[[DiscoveredNode, str], tuple[str, bytes | None]]
_CONNECT_S = 8.0  # a node that advertises is there at once, or not at all
_BATCH = 16  # records a commit: what was committed is not asked for again
_REMEMBERED = 1000


@dataclass(slots=True)
class SyncResult:
    """What a connection brought. info: when it was read. is_complete: nothing newer is left.
    warning: what else went wrong, of no consequence for the records."""

    name: str
    info: dict[str, Any] | None = None
    next_report_s: int | None = None
    records: int = 0
    torn: int = 0
    is_complete: bool = False
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Description:
    """What changes with a boot at most. boot: life and boot of the reading. plans: whether the
    node chooses its intervals, next_report_s the longest of them."""

    serial: str
    boot: tuple[int, int]
    info: dict[str, Any]
    next_report_s: int | None
    plans: bool


class NodeSync:
    """Connects to nodes. forget: those with a command key may drop what the broker has. crashes:
    gets what they say of their failures."""

    def __init__(self, radio: Radio, spool: Spool, forget: bool, crashes: CrashReports) -> None:
        self._radio, self._spool, self._forget = radio, spool, forget
        self._crashes = crashes
        self._descriptions: OrderedDict[str, _Description] = OrderedDict()

    async def run(
        self, node: DiscoveredNode, identify: Identify, on_new: Callable[[int], None]
    ) -> SyncResult:
        """Fetch what is new; `on_new` gets the number of new records after each commit.

        The newest record comes first, then what waited. identify: gives name and command key of
        a node by what it says is its name. Raises BluetoothError and StorageError.
        """
        async with NodeClient(self._radio, node.device, _CONNECT_S) as client:
            newest = await client.record()
            description = self._descriptions.get(node.address)
            boot = record_key(newest)[:2] if newest else None
            device = None
            if description is None or boot not in (None, description.boot):
                device = await client.device_information()
            serial = device.serial if device else description.serial if description else ""
            name, key = identify(node, serial)
            result = SyncResult(name)
            if newest is not None:
                self._check_mark(result.name, newest)
                if record_key(newest) != self._spool.mark(result.name):
                    new = self._spool.add(result.name, [newest], live=True)
                    result.records += new
                    on_new(new)
            await self._fetch_log(client, result, newest, on_new)
            if device is not None:
                description = await self._describe(client, node, result.name, device, newest)
                result.info = description.info
            if description is not None:
                planned_s = (await client.state()).next_report_s if description.plans else None
                result.next_report_s = planned_s or description.next_report_s
            await self._release(client, key, result)
            if newest is not None:
                await self._fetch_crashes(client, key, result, newest)
        return result

    async def _fetch_log(
        self,
        client: NodeClient,
        result: SyncResult,
        newest: Record | None,
        on_new: Callable[[int], None],
    ) -> None:
        """Download the log from the mark on."""
        name = result.name
        batch: list[Record] = []

        def commit() -> None:
            if batch:
                new = self._spool.add(name, batch, mark=record_key(batch[-1]))
                result.records += new
                batch.clear()
                on_new(new)

        try:
            async for record in client.log(after=self._spool.mark(name)):
                batch.append(record)
                if len(batch) >= _BATCH:
                    commit()
        finally:
            commit()  # whatever ended it: a node need not send it twice
            result.torn = client.torn
        result.is_complete = client.log_end is not None and not client.log_end.left
        if result.is_complete and newest is not None:  # it may enter the log only afterwards
            mark, key = self._spool.mark(name), record_key(newest)
            self._spool.add(name, [], mark=max(mark, key) if mark[0] == key[0] else key)

    def _check_mark(self, name: str, newest: Record) -> None:
        """A node whose newest record is older than what was read has begun to count anew, without
        a life to show for it."""
        mark, key = self._spool.mark(name), record_key(newest)
        if mark[0] == key[0] and key < mark:
            self._spool.reset_mark(name)

    async def _describe(
        self,
        client: NodeClient,
        node: DiscoveredNode,
        name: str,
        device: DeviceInformation,
        newest: Record | None,
    ) -> _Description:
        """Read what belongs into the info of a node."""
        keys = await client.configuration()
        sample_s, every = keys["sample_s"], keys["report_every"]
        whole = isinstance(sample_s, int) and isinstance(every, int)
        report_s = sample_s * every if whole else None
        most = keys["report_most"]
        plans = whole and isinstance(most, int) and most > every
        info = {
            "node": name,
            "firmware": device.firmware,
            "board": device.model,
            "sample_s": sample_s,
            "report_s": report_s,
            "via": "ble",
            "address": node.address,
        }
        made = _Description(
            device.serial,
            record_key(newest)[:2] if newest else (0, 0),
            info,
            sample_s * most if plans else report_s,
            plans,
        )
        self._descriptions[node.address] = made
        self._descriptions.move_to_end(node.address)
        while len(self._descriptions) > _REMEMBERED:
            self._descriptions.popitem(last=False)
        return made

    async def _release(self, client: NodeClient, key: bytes | None, result: SyncResult) -> None:
        """Let the node forget what the broker has."""
        if not self._forget or key is None:
            return
        arrived = self._spool.acknowledged_to(result.name)
        try:
            state = await client.state()
            oldest = state.oldest
            if oldest is None or not arrived[1] or (oldest[0] == arrived[0] and oldest > arrived):
                return
            counter = state.next_command
            # Nothing proves what is read of a node. What it says is not added to what is counted
            # here, or a stranger would lead us to the last counter step by step.
            sent = self._spool.commands_sent(result.name)
            if counter > sent + FARTHEST:
                raise NodeError(
                    f"{result.name} says that it has had command {counter - 1}, and {sent} are"
                    f" counted in {self._spool.path}: write that number there if it is true"
                    " (docs/bridge.md)"
                )
            self._spool.count_command(result.name)
            payload = forget_payload(arrived, state.has_lives)
            await client.command(result.name, key, FORGET, payload, counter)
        except BluetoothError as error:
            result.warning = f"it keeps what has arrived: {error}"

    async def _fetch_crashes(
        self, client: NodeClient, key: bytes | None, result: SyncResult, newest: Record
    ) -> None:
        """Ask a node that has failed for its crash records; it may forget those that arrived."""
        crashes, name = self._crashes, result.name
        if key is None or not crashes.is_due(name, newest):
            return
        try:
            text = await client.crash_records(name, key, crashes.arrived(name))
            crashes.add(name, newest, text)
        except BluetoothError as error:
            result.warning = f"it does not say why it has failed: {error}"
