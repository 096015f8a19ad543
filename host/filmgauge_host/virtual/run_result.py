"""What a run came to: records sent and received, the gauge against the truth, the truth itself."""

import datetime
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import Record
from filmgauge.record.record_text import fault_text
from filmgauge_host import bdf
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.circuit.truth import Occurrences, Truth
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.score.measure import SocErrors

Uplink: TypeAlias = Literal["mqtt", "ble", "stored"]  # how records leave a node

_TRUTH_COLUMNS = (
    bdf.TIME,
    bdf.VOLTAGE,
    bdf.CURRENT,
    bdf.TEMPERATURE,
    bdf.STEP,
    bdf.STOICHIOMETRY,
)


def uplink_of(node: VirtualNode) -> Uplink:
    """Return how the records of a node leave it."""
    if node.has_uplink:
        return "mqtt"
    return "ble" if node.is_heard else "stored"


@dataclass(frozen=True)
class NodeResult:
    """One node's line of the result. State of charge in %, None while nothing is known; the last
    fields are those of the last record.

    sent: records the firmware made and does not keep in its backlog. lost: sent and not received.
    waiting: in its backlog. A node over Bluetooth keeps what it sends: only what was not received
    waits. A node without uplink sends none: what it made and has not kept any more
    for want of room is dropped. within_2_sigma_pct: share of records whose error is below two
    sigma. faults_told: names of the faults in its records -> in how many. unexplained: records
    whose error is beyond both two sigma and 1 % while they tell no fault. brown_outs: of a
    node that lives from its film, None of one on USB. window_ends: steps of the cycler with
    `hours` alone that the window of the cell ended. cuts: of its power, by target, None where none
    was asked for; not_kept: what it had acknowledged and has not any more, in words.
    """

    node: str
    way: Uplink
    wakes: int
    sent: int
    received: int
    lost: int
    duplicated: int
    waiting: int
    dropped: int
    soc_true_pct: float | None
    soc_pct: float | None
    soc_rmse_pct: float | None
    soc_max_error_pct: float | None
    within_2_sigma_pct: float | None
    faults_told: dict[str, int]
    unexplained: int
    available_uah: float | None
    full_uah: float | None
    full_sigma_uah: float | None
    resistance_ohm: float | None
    limits: str | None
    stopped: str | None
    brown_outs: Occurrences | None
    window_ends: Occurrences | None
    cuts: dict[str, int] | None = None
    not_kept: tuple[str, ...] = ()


class NodeScore:
    """Compares the records of one node with the truth as they arrive."""

    def __init__(self, node: VirtualNode) -> None:
        self._node = node
        self.errors = SocErrors()
        self.faults: Counter[str] = Counter()
        self.latest: ReceivedRecord | None = None
        self.latest_true_pct: float | None = None
        self._latest_us = 0  # true time of its wake
        self._records: list[Record] = []  # of a node whose power is cut
        self._witness = CutWitness(node, lambda: self._records) if node.cuts else None

    def after_wake(self) -> None:
        """Look at what the node has kept, where its power is cut."""
        if self._witness is not None:
            self._witness.follow()

    def add(self, received: ReceivedRecord) -> Truth | None:
        """Compare a new record; return the truth of its moment."""
        if self._witness is not None:
            self._records.append(received.record)
        bits = received.value("faults") or 0
        if bits:
            self.faults.update(fault_text(bits).split("+"))
        truth = self._node.truth.at(received.key[:2], received.value("up_s") or 0)
        if truth is None:
            return None
        if self.latest is None or truth.now_us >= self._latest_us:
            self.latest, self.latest_true_pct = received, truth.stoichiometry * 100
            self._latest_us = truth.now_us
        soc_ppm, sigma_ppm = received.value("soc_ppm"), received.value("soc_sigma_ppm")
        if soc_ppm is not None:
            sigma = None if sigma_ppm is None else sigma_ppm / 1e6
            self.errors.add(soc_ppm / 1e6, truth.stoichiometry, sigma, bits != 0)
        return truth

    def result(self, snapshot: NodeSnapshot | None) -> NodeResult:
        """Return the node's line."""
        node = self._node
        uplink = uplink_of(node)
        statistics = snapshot.statistics if snapshot else None
        received = statistics.received if statistics else 0
        waiting = node.waiting
        if uplink == "ble":
            waiting = min(waiting, node.made - received)
        gone = node.made - waiting
        sent = 0 if uplink == "stored" else gone
        if node.cuts is not None:  # nobody knows what was made in a wake that was cut
            sent = received
        soc_ppm = self._last("soc_ppm")
        word = self._last("limits")
        errors = self.errors.figures
        return NodeResult(
            node=node.name,
            way=uplink,
            wakes=node.wakes,
            sent=sent,
            received=received,
            lost=max(0, sent - received),
            duplicated=statistics.duplicated if statistics else 0,
            waiting=waiting,
            dropped=gone if uplink == "stored" else 0,
            soc_true_pct=_rounded(self.latest_true_pct),
            soc_pct=None if soc_ppm is None else soc_ppm / 1e4,
            soc_rmse_pct=_rounded(errors.rmse),
            soc_max_error_pct=_rounded(errors.worst),
            within_2_sigma_pct=_rounded(self.errors.coverage_pct),
            faults_told=dict(self.faults),
            unexplained=self.errors.unexplained,
            available_uah=_thousandth(self._last("available_nah")),
            full_uah=_thousandth(self._last("full_nah")),
            full_sigma_uah=_thousandth(self._last("full_sigma_nah")),
            resistance_ohm=_thousandth(self._last("resistance_mohm")),
            limits=None if word is None else limit_text(word),
            stopped=node.dead,
            brown_outs=node.world.brown_outs
            if isinstance(node.world, HarvestingCircuit)
            else None,
            window_ends=node.world.window_ends if isinstance(node.world, CyclerBench) else None,
            cuts=dict(node.cuts.targets) if node.cuts else None,
            not_kept=tuple(self._witness.problems()) if self._witness else (),
        )

    def _last(self, field: str) -> int | None:
        return self.latest.value(field) if self.latest else None


def _thousandth(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def write_truth(node: VirtualNode, folder: Path, day: datetime.date) -> None:
    """Write the truth as Battery Data Format, a row for each wake. FilmgaugeError if it cannot."""
    lines = [bdf.line(_TRUTH_COLUMNS)]
    step, phase = 0, None
    for truth in node.truth:
        step += truth.phase != phase
        phase = truth.phase
        cells = (
            f"{truth.now_us / 1e6:.6f}",
            f"{truth.voltage_v:.6f}",
            f"{truth.current_ua / 1e6:.12f}",
            f"{truth.temperature_c:.4f}",
            step,
            f"{truth.stoichiometry:.9f}",
        )
        lines.append(bdf.line(cells))
    path = folder / f"filmgauge__{node.name}__{day:%Y%m%d}_001{bdf.SUFFIX}"
    write_all({path: Content("".join(lines).encode())})
