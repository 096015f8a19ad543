"""One run of a scenario: broker, ingest, simulation and scores, opened and closed together."""

import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import msgspec

from filmgauge_host.errors import InputError, NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_host.virtual.run_result import NodeResult, NodeScore
from filmgauge_host.virtual.simulated_truth import SimulatedTruth
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.broker_security import broker_security
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.scenario.simulation import Simulation
from filmgauge_sim.score.measure import SocErrors

if TYPE_CHECKING:
    from filmgauge_host.virtual.simulated_radio import BridgedAir

# Opens what shows the run elsewhere, before anything is received.
Attachment: TypeAlias = Callable[
    [Ingest, RecordStore, SimulatedTruth], AbstractContextManager[object]
]

_CONNECT_S = 5.0
_EMBEDDED_CONNECT_S = 60.0  # it is there: only the machine can be slow
_ARRIVAL_S = 10.0  # without any record, after the end: then no more is on its way


@dataclass(frozen=True)
class RunOptions:
    """What the user chose. broker: URL or address, None for an embedded one. speed: None for the
    fastest. loss: probability with which what is on the air is lost. single: compute in single
    precision, as the boards do. bridged: a bridge fetches what nodes with Bluetooth have;
    otherwise nobody listens to them, and their records are read from their flash. cut, cuts: by
    which plan the power of each node goes, and how often."""

    runtime: RuntimeName = "micropython"
    broker: str | BrokerAddress | None = None
    duration: str | None = None
    speed: float | None = None
    loss: float = 0.0
    single: bool = False
    cut: str | None = None
    cuts: int = 0
    bridged: bool = True


class RunSession:
    """Use as a context; `run`, then `results`. Files go into `folder`.

    attach: opens a page or the like, which is closed with the session.
    """

    def __init__(
        self,
        scenario: Scenario,
        options: RunOptions,
        folder: Path,
        attach: Attachment | None = None,
    ) -> None:
        self.scenario = scenario
        self.folder = folder
        self._options = options
        self._attach = attach
        self._truth = SimulatedTruth()
        self._stack = ExitStack()
        self._arrived: deque[ReceivedRecord | Rejected] = deque()
        self.bridged: BridgedAir | None = None
        self.began_s = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _open(self) -> None:
        url, connect_s = self._options.broker, _CONNECT_S
        if url is None:
            url = self._stack.enter_context(EmbeddedBroker(directory=self.folder / "broker")).url
            connect_s = _EMBEDDED_CONNECT_S
        address = parse_address(url) if isinstance(url, str) else url
        board_broker = _board_broker(address)  # says what is wrong with certificates
        self._store = self._stack.enter_context(RecordStore(self.folder / "records.sqlite"))
        self.ingest = Ingest(address, self._store)
        self.ingest.listen(self._arrived.append)
        self._stack.callback(self.ingest.close)
        if self._attach is not None:
            self._stack.enter_context(self._attach(self.ingest, self._store, self._truth))
        self.ingest.start()
        if not self.ingest.wait_connected(connect_s):
            raise NoBrokerError(self.ingest.problem or f"broker {address} does not answer")
        advertise = any(node.description.advertises for node in self.scenario.node)
        if advertise and self._options.bridged:
            from filmgauge_host.virtual.simulated_radio import (
                bridged_air,  # loads bumble and bleak
            )

            bridged = bridged_air(self.scenario, address, self.folder, self._options.loss)
            self.bridged = self._stack.enter_context(bridged)
        options = self._options
        self.simulation = Simulation(
            self.scenario,
            board_broker,
            self.folder,
            options.runtime,
            options.duration,
            options.speed,
            self.bridged.air if self.bridged else None,
            options.single,
            options.cut,
            options.cuts,
        )
        self._stack.callback(self.simulation.close)
        self._truth.follow(self.simulation)
        self.broker_url = str(address)
        self.scores = {node.name: NodeScore(node) for node in self.simulation.nodes}

    @property
    def wall_s(self) -> float:
        """Seconds since the session was made."""
        return time.monotonic() - self.began_s

    def run(
        self,
        on_record: Callable[[ReceivedRecord, Truth | None], None],
        on_idle: Callable[[], bool],
    ) -> None:
        """Run the scenario; `on_record` gets each new record with the truth of its moment.

        A node that advertises is bridged to the broker; the records of one without any radio, or
        that nobody listens to, are read from its flash as they come.
        Ends early when `on_idle` returns False. Returns when the last records have arrived.
        """

        def after_wake(node: VirtualNode) -> None:
            self._fetch(node)
            self._deliver(on_record)
            self.scores[node.name].after_wake()

        self.simulation.run(after_wake, on_idle)
        for node in self.simulation.nodes:
            if node.in_wake:  # the end has come into a wake: its record was made and may arrive
                self._fetch(node)
        rows, until_s = -1, 0.0
        while self._is_on_its_way():
            if rows != self._store.rows:
                rows, until_s = self._store.rows, time.monotonic() + _ARRIVAL_S
            elif time.monotonic() > until_s:
                break
            time.sleep(0.01)
        self._deliver(on_record)

    def results(self) -> list[NodeResult]:
        """Return a line for each node."""
        snapshots = self.ingest.nodes()
        return [
            self.scores[node.name].result(snapshots.get(node.name))
            for node in self.simulation.nodes
        ]

    def _is_on_its_way(self) -> bool:
        """Return whether something that was sent or fetched has not come out of the broker."""
        results = self.results()
        fetched = self.bridged.fetched if self.bridged else 0
        arrived = sum(result.received for result in results if result.way == "ble")
        return arrived < fetched or any(result.lost for result in results)

    def _fetch(self, node: VirtualNode) -> None:
        """Read what a node has stored; what is bridged comes by itself."""
        now_ms = time.time_ns() // 1_000_000
        fetched = [ReceivedRecord(node.name, record, now_ms) for record in node.new_records()]
        if fetched and not node.is_heard:
            self._store.add(fetched)
            self._arrived.extend(fetched)

    def _deliver(self, on_record: Callable[[ReceivedRecord, Truth | None], None]) -> None:
        """Hand over what has arrived; the truth of a wake is known when it is over."""
        waking = {node.name for node in self.simulation.nodes if node.in_wake}
        later: list[ReceivedRecord] = []
        while self._arrived:
            event = self._arrived.popleft()
            if not isinstance(event, ReceivedRecord) or event.node not in self.scores:
                continue
            if event.node in waking:
                later.append(event)
            else:
                on_record(event, self.scores[event.node].add(event))
        self._arrived.extendleft(reversed(later))


def _board_broker(address: BrokerAddress) -> Broker:
    """Return the broker as nodes know it. Raises InputError, DescriptionError."""
    security, files = None, address.files
    if address.tls:
        if files.ca is None:
            raise InputError("--ca must be given with mqtts://: nodes have no certificates")
        certificate, key = files.certificate, files.key or files.certificate
        security = broker_security(files.ca, certificate, key)
    user, password = address.user or "", address.password or ""
    return Broker(address.host, address.port, user, password, security)


def score_nodes(
    scenario: Scenario, seeds: range, runtime: RuntimeName
) -> dict[str, dict[str, Any]]:
    """Figures of every node of a scenario over all seeds: of each record with a state of charge.

    Raises what a run raises.
    """
    errors = {node.name: SocErrors() for node in scenario.node}
    for seed in seeds:
        seeded = msgspec.structs.replace(scenario, seed=seed)
        with (
            tempfile.TemporaryDirectory(prefix="filmgauge-score-") as folder,
            RunSession(seeded, RunOptions(runtime), Path(folder)) as session,
        ):
            session.run(lambda _received, _truth: None, lambda: True)
            for name, score in session.scores.items():
                errors[name].extend(score.errors)
    return {name: {**each.as_dict(), "records": len(each)} for name, each in errors.items()}
