"""One virtual node: a board with its firmware in a world, driven from wake to wake."""

import json
import random
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filmgauge.config import Config
from filmgauge.gauge.fuel_gauge import LedgerOnly
from filmgauge.state import SIZE, State
from filmgauge.store.block import opened
from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.files import install
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.inprocess import InProcessRuntime
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.kinds import board_kind
from filmgauge_sim.board.launcher import HEAP
from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.board.runtime import Runtime
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.bench import Bench
from filmgauge_sim.circuit.cycler import Cycler, Step
from filmgauge_sim.circuit.sensing import Sensing
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.parts.tmp117 import Tmp117
from filmgauge_sim.scenario import CyclerStep, NetworkSection, NodeSection

RuntimeName = Literal["micropython", "cpython"]
_SSID = "virtual"
_GATE_PIN = 10
_SOC_SIGMA_KNOWN_PPM = 1000


@dataclass(frozen=True)
class Broker:
    """Where the nodes find their broker."""

    host: str
    port: int
    user: str = ""
    password: str = ""


class VirtualNode:
    """A node of a scenario. `step` runs one wake; truth is noted at each."""

    def __init__(
        self,
        section: NodeSection,
        network: NetworkSection,
        broker: Broker,
        seed: int,
        folder: Path,
        runtime: RuntimeName = "micropython",
        heap: str = HEAP,
        real_wait_ms: int = 1000,
    ) -> None:
        """Build the node's parts in `folder`, which keeps its flash image and console."""
        self.name = section.name
        self.section = section
        self.wakes = 0
        self.truth: list[Truth] = []
        self.wake_readings_s: list[tuple[int, float]] = []
        self.dead: str | None = None
        self.notes: list[str] = []
        self._made: dict[int, int] = {}  # records made by the firmware: boot -> count
        self.console = folder / f"{section.name}.console.log"
        self._power_ons = 0
        self._next_cause = ResetCause.POWER_ON
        rng = random.Random(f"{seed} {section.name}")
        self.world = build_bench(section, rng)
        self.flash = Flash(folder / f"{section.name}.flash", section.flash_blocks)
        self._provision(broker)
        self.board = VirtualBoard(
            kind=board_kind(section.board),
            world=self.world,
            flash=self.flash,
            access_point=_access_point(network),
            clock=BoardClock(section.clock_error_ppm),
            seed=rng.getrandbits(32),
            unique_id=rng.randbytes(6),
            real_wait_ms=real_wait_ms,
        )
        self.runtime: Runtime
        if runtime == "micropython":
            self.runtime = MicroPythonRuntime(self.flash.path, self.console, heap)
        else:
            self.runtime = InProcessRuntime(self.console)

    @property
    def made(self) -> int:
        """How many records the firmware has made since the scenario began."""
        self._note_made()
        return sum(self._made.values())

    @property
    def now_us(self) -> int:
        """True time of this node since the scenario began."""
        return self.board.now_us

    def step(self) -> None:
        """Boot, run the firmware until it sleeps, and sleep."""
        if self._next_cause is ResetCause.POWER_ON:
            self._note_made()  # before the retained memory goes
            self._power_ons += 1
        self.board.boot(self._next_cause)
        outcome = self.runtime.run(self.board)
        self.wakes += 1
        self._note_truth()
        if outcome.note:
            self.notes.append(f"{self.board.now_us / 1e6:.0f} s: {outcome.note}")
        if outcome.cause is None:
            self.dead = outcome.note
            return
        self._next_cause = outcome.cause
        if outcome.cause is ResetCause.DEEP_SLEEP:
            self.board.sleep(outcome.sleep_ms)

    def cut_power(self) -> None:
        """Take board and sensors off their supply between two wakes and put them back."""
        self.world.advance_to(self.board.now_us)
        self.world.power_sensors(False)
        self.world.power_sensors(True)
        self._next_cause = ResetCause.POWER_ON

    def truth_at(self, boot: int, up_s: int) -> Truth | None:
        """Return the truth of the wake of boot `boot` at `up_s` of the node's own time."""
        at = bisect_left(self.wake_readings_s, (boot, float(up_s)))
        near = [
            index
            for index in (at - 1, at)
            if 0 <= index < len(self.truth) and self.wake_readings_s[index][0] == boot
        ]
        if not near:
            return None
        best = min(near, key=lambda index: abs(self.wake_readings_s[index][1] - up_s))
        return self.truth[best]

    def close(self) -> None:
        """End processes and close files."""
        self.runtime.close()
        self.flash.close()

    def _note_truth(self) -> None:
        self.truth.append(self.world.truth())
        reading_us = self.board.clock.reading_us(self.truth[-1].now_us)
        self.wake_readings_s.append((self._power_ons, reading_us / 1e6))

    def _note_made(self) -> None:
        """Look into the retained memory: how many records has the firmware made?"""
        state = State()
        memory = self.board.rtc_memory
        if opened(memory, SIZE) is not None:
            state.buffer[:] = memory[: len(state.buffer)]
            state.unpack(LedgerOnly(shunt_mohm=1_000_000))
            self._made[state.boot] = state.seq

    def _provision(self, broker: Broker) -> None:
        """Put profile and configuration on the flash, as a flashing tool does."""
        section = self.section
        profile = compile_profile(load_parameters(section.cell.set), section.cell.area_cm2)
        configuration = board_configuration(section, broker)
        Config(**configuration)
        files = {
            "/profile.bin": profile.to_bytes(),
            "/config.json": json.dumps(configuration).encode(),
        }
        install(self.flash, files)
        self.flash.programs = self.flash.erases = 0


def board_configuration(section: NodeSection, broker: Broker) -> dict[str, int | str]:
    """Return the configuration of the firmware for a node of a scenario."""
    firmware = section.firmware
    known = firmware.soc_known
    return {
        "node": section.name,
        "sample_s": firmware.sample_s,
        "report_every": firmware.report_every,
        "journal_every": firmware.journal_every,
        "backlog": firmware.backlog,
        "pin_scl": 9,
        "pin_sda": 8,
        "pin_gate": _GATE_PIN,
        "shunt_mohm": round(firmware.shunt_ohm * 1000),
        "initial_soc_ppm": round(section.cell.stoichiometry * 1e6) if known else 500_000,
        "initial_sigma_ppm": _SOC_SIGMA_KNOWN_PPM if known else 290_000,
        "wifi_ssid": _SSID,
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "mqtt_user": broker.user,
        "mqtt_password": broker.password,
    }


def build_bench(section: NodeSection, rng: random.Random) -> Bench:
    """Return the world of a bench node. Raises ValueError from a wrong parameter set."""
    cell_section = section.cell
    cell = FilmCell(
        load_parameters(cell_section.set), cell_section.area_cm2, cell_section.stoichiometry
    )
    errors = {
        "ideal": Ina228Errors.ideal,
        "worst": Ina228Errors.worst,
        "drawn": lambda: Ina228Errors.draw(rng),
    }[section.sensor.errors]()
    ideal = section.sensor.errors == "ideal"
    return Bench(
        cell=cell,
        cycler=Cycler([_step(step, cell.capacity_uah) for step in section.cycler]),
        ambient=Ambient(section.ambient.mean_c, section.ambient.swing_c, section.ambient.period_h),
        sensing=Sensing(
            Ina228(section.sensor.shunt_ohm, errors, seed=rng.getrandbits(32)),
            Tmp117(seed=rng.getrandbits(32), offset_c=0.0 if ideal else None),
            I2CBus(),
        ),
        gate_pin=_GATE_PIN,
    )


def _step(step: CyclerStep, capacity_uah: float) -> Step:
    sign = {"charge": 1.0, "discharge": -1.0, "rest": 0.0}[step.action]
    return Step(
        action=step.action,
        current_ua=sign * step.rate_c * capacity_uah,
        duration_us=None if step.hours is None else round(step.hours * 3.6e9),
        until_v=step.until_v,
    )


def _access_point(network: NetworkSection) -> AccessPoint:
    return AccessPoint(
        ssid=_SSID,
        association_us=network.association_ms * 1000,
        latency_us=network.latency_ms * 1000,
        outages=tuple(
            (round(outage.begin_h * 3.6e9), round(outage.end_h * 3.6e9))
            for outage in network.outages
        ),
    )
