"""One virtual node: a board with its firmware in a world, driven from wake to wake."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filmgauge.config import Config
from filmgauge.record.record import Record
from filmgauge.state import State
from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.inprocess import InProcessRuntime
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.radio_port import RadioPort
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.flash_reader import StoredRecords, backlog, state_in
from filmgauge_sim.nodes.truth_log import TruthLog
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.scenario.scenario import NetworkSection, NodeSection

RuntimeName = Literal["micropython", "cpython"]
_SSID = "virtual"
_LONGEST_WAIT_US = 3_600_000_000
_LONGEST_RUN_US = 60_000_000  # of firmware that should sleep and does not
_SOC_SIGMA_KNOWN_PPM = 1000


@dataclass(frozen=True)
class Broker:
    """Where the nodes find their broker."""

    host: str
    port: int
    user: str = ""
    password: str = ""


class VirtualNode:
    """A node of a scenario. `step` runs one wake at most; truth is noted at each."""

    def __init__(
        self,
        section: NodeSection,
        network: NetworkSection,
        broker: Broker,
        seed: int,
        folder: Path,
        runtime: RuntimeName = "micropython",
        heap: str | None = None,
        real_wait_ms: int = 5000,
        radio_port: RadioPort | None = None,
    ) -> None:
        """Build the node's parts in `folder`, which keeps its flash image and console.

        radio_port: its way to a Bluetooth air, None where nobody listens.
        """
        self.name = section.name
        self.section = section
        self.wakes = 0
        self.truth = TruthLog()
        self.dead: str | None = None
        self.notes: list[str] = []
        self._running = False  # a run that has only been interrupted
        self._transfers = 0  # on the bus, until the last wake
        self._made: dict[int, int] = {}  # records made by the firmware: boot -> count
        self.console = folder / f"{section.name}.console.log"
        self._boot: int | None = None  # as the firmware counts them
        self._next_cause = ResetCause.POWER_ON
        rng = random.Random(f"{seed} {section.name}")
        kind = self.kind = board_kind(section.board)
        self.world = build_world(section, kind, rng)
        self.flash = Flash(folder / f"{section.name}.flash", section.flash_blocks)
        self._stored = StoredRecords(self.flash)
        self._stored_before = 0  # records that earlier boots have left
        self._provision(broker)
        self.board = VirtualBoard(
            kind=kind,
            world=self.world,
            flash=self.flash,
            access_point=_access_point(network),
            clock=BoardClock(section.clock_error_ppm),
            seed=rng.getrandbits(32),
            unique_id=rng.randbytes(6),
            real_wait_ms=real_wait_ms,
            supply=self.world if isinstance(self.world, HarvestingCircuit) else None,
            radio_port=radio_port,
        )
        self.runtime: MicroPythonRuntime | InProcessRuntime
        if runtime == "micropython":
            heap = heap or f"{kind.heap_kb}wK"
            self.runtime = MicroPythonRuntime(self.flash.path, self.console, heap)
        else:
            self.runtime = InProcessRuntime(self.console)

    @property
    def made(self) -> int:
        """How many records the firmware has made since the scenario began.

        Of a node without uplink: as far as `new_records` has read them.
        """
        if not self.has_uplink:
            return self._stored.made
        self._note_made()
        return sum(self._made.values())

    @property
    def waiting(self) -> int:
        """How many records wait in its flash."""
        return len(backlog(self.flash))

    @property
    def has_uplink(self) -> bool:
        """Whether it can send its records; otherwise it keeps them all in its flash."""
        return self.kind.has_wifi

    def new_records(self) -> list[Record]:
        """Return the records that a node without uplink has stored since the last call."""
        return [] if self.has_uplink else self._stored.new()

    @property
    def now_us(self) -> int:
        """True time of this node since the scenario began."""
        return self.board.now_us

    @property
    def in_wake(self) -> bool:
        """Whether the last step ended within a wake, while a Bluetooth peer may speak."""
        return self.board.has_yielded

    def step(self) -> None:
        """Boot, run the firmware until it sleeps, and sleep.

        Where a simulation moves the air, a board passes a slice at a time of a sleep that a
        Bluetooth peer may end: `in_wake` tells that the wake is not over. Firmware that sleeps
        with its memory kept goes on where it was, and is interrupted after a minute without
        sleep. A board without power waits for it first, but not longer than an hour at a time.
        """
        if not self.board.await_power(self.board.now_us + _LONGEST_WAIT_US):
            return
        try:
            if self.board.continue_sleep():
                return
            outcome = self._wake()
            if outcome.cause is ResetCause.DEEP_SLEEP:
                self.board.sleep(outcome.sleep_ms)
            elif outcome.sleep_ms:
                self.board.light_sleep(outcome.sleep_ms)
        except BoardStopped as stopped:  # the supply failed in boot or sleep, or the watchdog bit
            self.runtime.stop()
            outcome = stopped.outcome
            self._note(outcome)
        self._running = outcome.resumes
        self.dead = None if outcome.cause or outcome.resumes else outcome.note
        self._next_cause = outcome.cause or self._next_cause

    def _wake(self) -> Outcome:
        """Boot unless it still runs, and run the firmware until the board stops it."""
        if not self._running:
            if self._next_cause is ResetCause.POWER_ON:
                self._note_made()  # before the retained memory goes
            if self._next_cause is ResetCause.POWER_ON or self.kind.keeps_ram:
                self._boot = None
            if not self.has_uplink:
                self._stored_before = self._stored.next_number
            self.board.boot(self._next_cause)
        board = self.board
        if self.kind.keeps_ram:
            board.interrupt_us = board.now_us + _LONGEST_RUN_US
        outcome = self.runtime.run(board)
        has_sampled = board.transfers > self._transfers  # else it only fed the watchdog
        if not outcome.resumes or (outcome.sleep_ms and has_sampled):
            self._transfers = board.transfers
            self.wakes += 1
            self._note_truth()
        self._note(outcome)
        return outcome

    def cut_power(self) -> None:
        """Take board and sensors off their supply between two wakes and put them back."""
        self.world.advance_to(self.board.now_us)
        self.world.power_sensors(False)
        self.world.power_sensors(True)
        self.runtime.stop()
        self._running = False
        self._next_cause = ResetCause.POWER_ON

    def close(self) -> None:
        """End processes and close files."""
        self.runtime.close()
        self.flash.close()

    def _note(self, outcome: Outcome) -> None:
        if outcome.note:
            self.notes.append(f"{self.board.now_us / 1e6:.0f} s: {outcome.note}")

    def _note_truth(self) -> None:
        """Note the truth of this wake under the number that the firmware gave its boot.

        A wake that lost its power before the firmware had a number is not noted.
        """
        if self._boot is None:
            self._boot = self._boot_number()
        if self._boot is None:
            return
        truth = self.world.truth()
        self.truth.add(truth, self._boot, self.board.clock.reading_us(truth.now_us) / 1e6)

    def _note_made(self) -> None:
        """Look into the retained memory: how many records has the firmware made?"""
        state = self._remembered()
        if state is not None:
            self._made[state.boot] = state.seq

    def _boot_number(self) -> int | None:
        """Return the number that the firmware gave this boot: its first wake makes a record."""
        if not self.has_uplink:
            return self._stored.boot_since(self._stored_before)
        state = self._remembered()
        return state.boot if state else None

    def _remembered(self) -> State | None:
        """Return the state in the retained memory, None where there is none."""
        return state_in(self.board.rtc_memory)

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


def _radio_budget(section: NodeSection) -> dict[str, int]:
    """Return what Bluetooth takes out of the capacitor beyond advertisements, from the figures
    of the board."""
    kind = board_kind(section.board)
    volts = kind.supply_v / section.converter.output_efficiency
    event_uc = kind.connection_event_us * kind.advertisement_ua / 1e6
    return {
        "event_nj": round(event_uc * volts * 1000),
        "awake_uw": round(kind.active_ua * volts),
        "waking_nj": round(kind.wake_us * kind.waking_ua / 1e6 * volts * 1000),
    }


def board_configuration(section: NodeSection, broker: Broker) -> dict[str, int | str]:
    """Return the configuration of the firmware for a node of a scenario."""
    kind = board_kind(section.board)
    firmware = section.firmware
    known = firmware.soc_known
    configuration: dict[str, int | str] = {
        "node": section.name,
        "sample_s": firmware.sample_s,
        "report_every": firmware.report_every,
        "journal_every": firmware.journal_every,
        "backlog": firmware.backlog,
        "pin_scl": kind.pins.scl,
        "pin_sda": kind.pins.sda,
        "pin_gate": kind.pins.gate,
        "shunt_mohm": round(firmware.shunt_ohm * 1000),
        "initial_soc_ppm": round(section.cell.stoichiometry * 1e6) if known else 500_000,
        "initial_sigma_ppm": _SOC_SIGMA_KNOWN_PPM if known else 290_000,
        "cell_new": int(firmware.cell_new),
        "load_na": round(firmware.load_ua * 1000),
        "shed": int(firmware.shed),
        "command_key": firmware.command_key,
    }
    if firmware.zero_every:
        configuration |= {
            "pin_disconnect": kind.pins.disconnect,
            "zero_every": firmware.zero_every,
        }
    if section.sensor.switched:
        configuration |= {
            "pin_sensors": kind.pins.sensors,
            "own_nw": round(firmware.own_uw * 1000),
            "wake_nj": round(firmware.wake_uj * 1000),
            "glance_nj": round(firmware.glance_uj * 1000),
            "advert_nj": round(firmware.advert_uj * 1000),
            **_radio_budget(section),
            "look_every": firmware.look_every,
            "refill_ppm": round(firmware.refill_efficiency * 1e6),
        }
    if firmware.ble_advertise_ms:
        configuration |= {
            "ble_advertise_ms": firmware.ble_advertise_ms,
            "ble_interval_ms": firmware.ble_interval_ms,
            "ble_key": firmware.ble_key,
            "ble_awake_ms": firmware.ble_awake_ms,
        }
    if kind.has_wifi:
        configuration |= {
            "wifi_ssid": _SSID,
            "mqtt_host": broker.host,
            "mqtt_port": broker.port,
            "mqtt_user": broker.user,
            "mqtt_password": broker.password,
        }
    return configuration


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
