"""The bridge: what nodes advertise and serve becomes the MQTT messages of a Wi-Fi node.

A record that is new is announced by its number in the advertisement. The gateway then connects,
reads the newest record and downloads whatever else is newer than what it has; the spool keeps it
until the broker has acknowledged it. Passive, it never connects and publishes what is advertised.
"""

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge.config import check_node
from filmgauge.uplink.mqtt.topics import INFO, STATUS, topic
from filmgauge_host.ble.crash_reports import CrashReports
from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.node_sync import NodeSync, SyncResult
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool
from filmgauge_host.ble.sync_queue import PendingSync, SyncQueue
from filmgauge_host.errors import AdapterError, BluetoothError, UnreachableError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.homeassistant.announcements import Announcements
from filmgauge_host.telemetry.homeassistant.discovery import AnnouncedNode, discovery_topic
from filmgauge_host.telemetry.messages import RETAINED
from filmgauge_host.telemetry.nodes import DEFAULT_NEXT_REPORT_S
from filmgauge_host.telemetry.received_record import RecordKey, record_key
from filmgauge_host.telemetry.sqlite_file import StorageError

_FRESH_S = 11.0  # above the longest interval between two advertisements


@dataclass(frozen=True)
class GatewayOptions:
    """attempts: connections for one record before the next one is waited for. full: records in the
    spool beyond which none is fetched: they are safe on their node. home_assistant: nodes are
    announced to it at the broker."""

    passive: bool = False
    at_once: int = 3
    attempts: int = 4
    forget: bool = True
    full: int = 1_000_000
    home_assistant: bool = False


@dataclass(slots=True)
class GatewayCounts:
    """What happened since the start: new records, and connections that failed."""

    records: int = 0
    failed: int = 0


class Gateway:
    """`run` until it is cancelled. log: gets a line about what happens."""

    def __init__(
        self,
        radio: Radio,
        spool: Spool,
        forwarder: MqttForwarder,
        registry: NodeRegistry,
        options: GatewayOptions | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.options = options or GatewayOptions()
        self.counts = GatewayCounts()
        self.discovered = DiscoveredNodes(registry, spool)
        self.problem = ""
        self._radio, self._spool, self._forwarder, self._log = radio, spool, forwarder, log
        crashes = CrashReports(forwarder.publish_event, self.options.forget)
        self._sync = NodeSync(radio, spool, self.options.forget, crashes)
        self._announcements = Announcements()
        self._info: dict[str, dict[str, Any]] = {}  # by name, as last fetched
        # Names of which the broker retains something of ours, and the connection that brought it.
        self._published: dict[str, int] = {}
        self._queue = SyncQueue(self.options.attempts)

    async def run(self) -> None:
        """Scan and connect for ever."""
        workers = [
            asyncio.create_task(self._work(), name=f"node sync {number}")
            for number in range(self.options.at_once)
        ]
        try:
            await self._radio.listen(self._on_advertisement, self._set_problem)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    # the scan

    def _on_advertisement(self, device: BLEDevice, data: AdvertisementData) -> None:
        try:
            node = self.discovered.add(device, data, asyncio.get_running_loop().time())
            self._withdraw_revoked()
            if node is None or node.advert.identity is None:
                return
            if self.options.passive:
                self._spool_advertised(node)
            else:
                pending = self._queue.add(node, node.advert.identity.key)
                if pending.is_unreachable:
                    self._spool_unreached(pending)
        except StorageError as error:
            self._set_problem(str(error))

    def _spool_unreached(self, pending: PendingSync) -> None:
        """Publish what a node advertises that takes no connection, once."""
        if pending.advertised != pending.key and self._spool_advertised(pending.node):
            pending.advertised = pending.key

    def _spool_advertised(self, node: DiscoveredNode) -> bool:
        """Publish what is advertised, unless its number was seen before; return whether that is
        over and done with."""
        record = node.advert.record()
        if record is None:
            return False
        try:
            self._check_whole_name(node)
            name, _ = self._identify(node, node.name)
        except BluetoothError as error:
            self.discovered.refuse(str(error))
            return True
        key = record_key(record)
        if not self._is_news(node, name, key):
            return True
        self._mark_published(name)
        # Where the log will be fetched some day all before this record is still to come.
        mark = key if self.options.passive else None
        self._on_new(self._spool.add(name, [record], mark=mark, live=True))
        if node.ble_key is not None and node.advert.counter is not None:
            self._spool.mark_advert_published(node.address, node.ble_key, node.advert.counter)
        if name not in self._info:
            self._announce(AnnouncedNode(name))
        return True

    def _is_news(self, node: DiscoveredNode, name: str, key: RecordKey) -> bool:
        """Return whether what is advertised is published. The number of a record is in plain text,
        so of an encrypted one the counter alone says that it is new."""
        mark = self._spool.mark(name)
        is_later = key[0] != mark[0] or key > mark
        if node.ble_key is None or node.advert.counter is None:
            return is_later
        published = self._spool.published_advert(node.address, node.ble_key)
        return node.advert.counter > published and (self.options.passive or is_later)

    # the connections

    async def _work(self) -> None:
        while True:
            pending = await self._queue.next()
            if asyncio.get_running_loop().time() - pending.node.at_s > _FRESH_S:
                pending.waits = False  # it sleeps by now
                continue
            key = pending.key
            pending.attempts += 1
            try:
                if self._spool.count() >= self.options.full:
                    raise StorageError("the spool is full: records stay on their nodes")
                result = await self._sync.run(pending.node, self._identify, self._on_new)
                self._publish_result(result)
                pending.done = key if result.is_complete else None
                pending.unreached = 0
            except AdapterError as error:
                pending.attempts -= 1  # not the node's fault
                self._set_problem(str(error))
            except UnreachableError as error:
                self._count_unreached(pending, str(error))
            except (BluetoothError, StorageError) as error:
                self._count_failure(pending, str(error))
            except Exception as error:  # one node must not end a bridge that serves many
                self._count_failure(pending, f"{type(error).__name__}: {error}")
            finally:
                pending.waits = False

    def _on_new(self, new: int) -> None:
        """Records are in the spool."""
        self.counts.records += new
        self._forwarder.wake()

    def _count_unreached(self, pending: PendingSync, why: str) -> None:
        pending.count_unreached()
        self._count_failure(pending, why)
        if pending.is_unreachable:
            try:
                self._spool_unreached(pending)
            except StorageError as error:
                self._set_problem(str(error))

    def _count_failure(self, pending: PendingSync, why: str) -> None:
        self.counts.failed += 1
        if pending.attempts >= self.options.attempts:
            why += "; next time at its next report"
        self._log(f"{pending.node.name}: {why}")

    def _publish_result(self, result: SyncResult) -> None:
        """Publish what is known of the node itself, and log what came."""
        is_first = self._mark_published(result.name)
        if result.info is not None:
            self._info[result.name] = result.info
        known = self._info.get(result.name, {})
        if known and (is_first or result.info is not None):
            self._forwarder.publish_retained(topic(result.name, INFO), json.dumps(known))
        status: dict[str, str | int] = {"state": "sleeping"}
        if result.next_report_s:
            status["next_report_s"] = result.next_report_s
        text = json.dumps(status, separators=(",", ":"))
        valid_s = result.next_report_s or DEFAULT_NEXT_REPORT_S
        self._forwarder.publish_retained(topic(result.name, STATUS), text, valid_s)
        self._announce(AnnouncedNode(result.name, known, True, result.next_report_s or None))
        torn = f", {result.torn} unreadable" if result.torn else ""
        left = "" if result.is_complete else ", more to come"
        warning = f"; {result.warning}" if result.warning else ""
        self._log(f"{result.name}: {result.records} records{torn}{left}{warning}")

    def _mark_published(self, name: str) -> bool:
        """Return whether this is the first of a node over the present connection. The broker may
        have lost what it retained: with a report of the node it gets all again, and not before, as
        the node may have been removed."""
        connection = self._forwarder.connections
        is_first = self._published.get(name) != connection
        self._published[name] = connection
        if is_first:
            self._announcements.discard(name)
        return is_first

    def _announce(self, node: AnnouncedNode) -> None:
        """Announce a node to Home Assistant if that is wanted and news. A changed one at once:
        its record is on its way, and the next one says soon enough that the values are fresh."""
        if not self.options.home_assistant:
            return
        payload = self._announcements.due(node, math.inf)
        if payload is not None:
            self._forwarder.publish_retained(discovery_topic(node.name), payload.decode())

    def _withdraw_revoked(self) -> None:
        """Clear what the broker retains of nodes that have been revoked."""
        for name in self._published.keys() & self.discovered.registry.revoked:
            del self._published[name]
            self._info.pop(name, None)
            self._announcements.discard(name)
            for leaf in RETAINED:
                self._forwarder.withdraw_retained(topic(name, leaf))
            if self.options.home_assistant:
                self._forwarder.withdraw_retained(discovery_topic(name))

    def _check_whole_name(self, node: DiscoveredNode) -> None:
        """Raise BluetoothError where the name that is advertised may be that of several nodes."""
        names = [
            each.name
            for each in self.discovered.registry.candidates(node.address, node.advert.name)
        ]
        if node.entry is None and len(names) > 1:
            raise BluetoothError(
                f"{node.name} may be {' or '.join(names)}: list it with its address"
            )

    def _identify(self, node: DiscoveredNode, given: str) -> tuple[str, bytes | None]:
        """Return the node's name in topics and its command key; BluetoothError when the name is
        none or another node's.

        given: what the node itself says.
        """
        address = node.address
        entry = self.discovered.registry.identify(address, given)
        name = entry.name if entry else given
        try:
            check_node(name)
        except ValueError:
            raise BluetoothError(f"{address} has the name {name!r}, which is no node's") from None
        if entry is not None and entry.ble_keys and not self.discovered.is_proven(address, entry):
            raise BluetoothError(
                f"{address} says it is {name} and does not prove it by its ble_key"
            )
        key = entry.command_key if entry else None
        if entry is not None and (entry.address or entry.ble_keys):
            self._spool.assign_name(name, address)
            return name, key
        owner = self._spool.claim_name(name, address)
        if owner != address:
            raise BluetoothError(
                f"{address} says it is {name}, which is {owner}: list it in the keys file"
            )
        return name, key

    def _set_problem(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._log(f"{problem}: waiting for it" if problem else "Bluetooth works again")


class Bridge:
    """A whole bridge: spool, forwarder and gateway, opened and closed together.

    Use as a context; `gateway.run` on the loop of the radio. log: gets lines to show.
    """

    def __init__(
        self,
        radio: Radio,
        address: BrokerAddress,
        spool: Path,
        registry: NodeRegistry,
        options: GatewayOptions | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._stack = ExitStack()
        self.spool = self._stack.enter_context(Spool(spool))
        self.forwarder = MqttForwarder(address, self.spool, log)
        self.gateway = Gateway(radio, self.spool, self.forwarder, registry, options, log)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.forwarder)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()
