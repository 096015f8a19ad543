"""The bridge: what nodes advertise and serve becomes the MQTT messages of a Wi-Fi node.

A record that is new is announced by its number in the advertisement. The gateway then connects,
reads the newest record and downloads whatever else is newer than what it has; the spool keeps it
until the broker has acknowledged it. Passive, it never connects and publishes what is advertised.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from filmgauge.config import check_node
from filmgauge.uplink.mqtt.topics import INFO, STATUS
from filmgauge_host.ble.discovery import DiscoveredNodes, HeardNode
from filmgauge_host.ble.errors import AdapterError, BleError, explained
from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.node_registry import KnownNodes
from filmgauge_host.ble.node_sync import NodeSync, SyncResult
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool, SpoolError

_REMEMBERED = 1000  # addresses
_BACKOFF_S = (1.0, 60.0)
_FRESH_S = 11.0  # above the longest interval between two advertisements
_ANSWER_S = 10.0  # for the adapter to start or stop scanning


@dataclass(frozen=True)
class GatewayOptions:
    """attempts: connections for one record before the next one is waited for. silence_s: without
    any advertisement the scan is begun anew. full: records in the spool beyond which none is
    fetched: they are safe on their node."""

    passive: bool = False
    at_once: int = 3
    attempts: int = 4
    forget: bool = True
    silence_s: float = 300.0
    full: int = 1_000_000


@dataclass(slots=True)
class GatewayCounts:
    """What happened since the start."""

    records: int = 0
    visits: int = 0
    failed: int = 0
    given_up: int = 0
    scans_begun: int = 0


@dataclass(slots=True)
class _PendingSync:
    """What is still to be done about a node."""

    key: tuple[int, int]
    node: HeardNode
    attempts: int = 0
    waits: bool = False
    done: tuple[int, int] | None = None


class Gateway:
    """`run` until it is cancelled. tell: gets a line about what happens."""

    def __init__(
        self,
        radio: Radio,
        spool: Spool,
        courier: MqttForwarder,
        known: KnownNodes,
        options: GatewayOptions | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.options = options or GatewayOptions()
        self.counts = GatewayCounts()
        self.heard = DiscoveredNodes(known)
        self.problem = ""
        self._radio, self._spool, self._courier, self._tell = radio, spool, courier, tell
        self._visit = NodeSync(radio, spool, self.options.forget)
        self._errands: OrderedDict[str, _PendingSync] = OrderedDict()
        self._queue: asyncio.Queue[str] = asyncio.Queue()  # an address waits once: all are fair
        self._heard_s = 0.0
        self._told = ""

    async def run(self) -> None:
        """Scan and visit for ever."""
        workers = [
            asyncio.create_task(self._work(), name=f"visitor {number}")
            for number in range(self.options.at_once)
        ]
        try:
            await self._scan()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    @property
    def is_idle(self) -> bool:
        """Whether no visit waits or goes on."""
        return not any(errand.waits for errand in self._errands.values())

    # the scan

    async def _scan(self) -> None:
        """Keep a scan going; without an adapter try again for ever."""
        backoff_s = _BACKOFF_S[0]
        while True:
            scanner = self._radio.scanner(self._on_advert)
            loop = asyncio.get_running_loop()
            try:
                await asyncio.wait_for(scanner.start(), _ANSWER_S)
                self.counts.scans_begun += 1
                self._heard_s = loop.time()
                self._say_problem("")
                while (left_s := self._heard_s + self.options.silence_s - loop.time()) > 0:
                    await asyncio.sleep(left_s)
                    backoff_s = _BACKOFF_S[0]
            except (BleakError, OSError, EOFError, TimeoutError) as error:
                self._say_problem(f"Bluetooth cannot be used: {explained(error)}")
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, _BACKOFF_S[1])
            finally:
                with suppress(BleakError, OSError, EOFError, TimeoutError):
                    await asyncio.wait_for(scanner.stop(), _ANSWER_S)

    def _on_advert(self, device: BLEDevice, data: AdvertisementData) -> None:
        now_s = asyncio.get_running_loop().time()
        self._heard_s = now_s
        node = self.heard.take(device, data, now_s)
        if node is None or node.advert.identity is None:
            return
        try:
            if self.options.passive:
                self._keep_advertised(node)
            else:
                self._consider(node, node.advert.identity.key)
        except SpoolError as error:
            self._say_problem(str(error))

    def _keep_advertised(self, node: HeardNode) -> None:
        """Publish what is advertised, unless its number was seen before."""
        record = node.advert.record()
        if record is None:
            return
        boot, seq = record.values()[:2]
        try:
            name = self._name(node, node.name)
        except BleError as error:
            self.heard.refused[str(error)] += 1
            return
        if (boot, seq) > self._spool.mark(name):
            self.counts.records += self._spool.add(name, [record], mark=(boot, seq), live=True)
            self._courier.look()

    def _consider(self, node: HeardNode, key: tuple[int, int]) -> None:
        """Let a visitor go there unless what is announced was fetched or given up."""
        errand = self._errands.get(node.address)
        if errand is None:
            errand = self._errands[node.address] = _PendingSync(key, node)
            self._shorten()
        elif errand.key != key:
            errand.key, errand.attempts = key, 0
        errand.node = node
        if errand.waits or errand.done == key or errand.attempts >= self.options.attempts:
            return
        errand.waits = True
        self._queue.put_nowait(node.address)

    def _shorten(self) -> None:
        """Forget whom nobody has to visit when there are too many."""
        if len(self._errands) > _REMEMBERED:
            for address, errand in self._errands.items():
                if not errand.waits:
                    del self._errands[address]
                    return

    # the visits

    async def _work(self) -> None:
        while True:
            errand = self._errands[await self._queue.get()]
            if asyncio.get_running_loop().time() - errand.node.at_s > _FRESH_S:
                errand.waits = False  # it sleeps by now
                continue
            key = errand.key
            errand.attempts += 1
            try:
                if self._spool.count() >= self.options.full:
                    raise SpoolError("the spool is full: records stay on their nodes")
                visited = await self._visit.go(errand.node, self._name, self._arrived)
                self._settle(errand.node, visited)
                errand.done = key if visited.is_complete else None
            except AdapterError as error:
                errand.attempts -= 1  # not the node's fault
                self._say_problem(str(error))
            except (BleError, SpoolError) as error:
                self._fail(errand, str(error))
            except Exception as error:  # one node must not end a bridge that serves many
                self._fail(errand, f"{type(error).__name__}: {error}")
            finally:
                errand.waits = False

    def _arrived(self, new: int) -> None:
        """Records are in the spool."""
        self.counts.records += new
        self._courier.look()

    def _fail(self, errand: _PendingSync, why: str) -> None:
        self.counts.failed += 1
        if errand.attempts >= self.options.attempts:
            self.counts.given_up += 1
            why += "; next time at its next report"
        self._tell(f"{errand.node.name}: {why}")

    def _settle(self, node: HeardNode, visited: SyncResult) -> None:
        """Publish what the visit told of the node, and say what came."""
        self.counts.visits += 1
        if visited.info is not None:
            self._courier.retain(visited.name, INFO, json.dumps(visited.info))
        status: dict[str, str | int] = {"state": "sleeping"}
        if visited.next_report_s:
            status["next_report_s"] = visited.next_report_s
        self._courier.retain(visited.name, STATUS, json.dumps(status, separators=(",", ":")))
        torn = f", {visited.torn} unreadable" if visited.torn else ""
        left = "" if visited.is_complete else ", more to come"
        note = f"; {visited.note}" if visited.note else ""
        self._tell(f"{visited.name}: {visited.records} records{torn}{left}{note}")

    def _name(self, node: HeardNode, given: str) -> str:
        """Return the node's name in topics; BleError when it is none or another node has it."""
        known = self.heard.known.find(node.address, node.advert.name)
        name = known.name if known else given
        try:
            check_node(name)
        except ValueError:
            raise BleError(f"{node.address} has the name {name!r}, which is no node's") from None
        listed = self.heard.known.by_name.get(name)
        if listed is not None and listed.address not in (None, node.address):
            raise BleError(f"{node.address} says it is {name}, which is {listed.address}")
        if known is not None:
            self._spool.give(name, node.address)
            return name
        owner = self._spool.claim(name, node.address)
        if owner != node.address:
            raise BleError(
                f"{node.address} says it is {name}, which is {owner}: list it in the keys file"
            )
        return name

    def _say_problem(self, problem: str) -> None:
        self.problem = problem
        if problem != self._told:
            self._tell(problem or "Bluetooth works again")
            self._told = problem
