"""One virtual node: a board with its firmware in a world, driven from wake to wake."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from filmgauge.record.record import Record
from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.board_faults import RadioFailure
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.firmware_image import single_precision_sources
from filmgauge_sim.board.flash import make_flash
from filmgauge_sim.board.inprocess import InProcessRuntime
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.launcher import heap_for
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import POWER_CUT, BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.wifi import AccessPoint, Station
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.configuration import NEW_NODE, Broker, board_files
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.fault_schedule import FaultSchedule, transfer_faults
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.nodes.flash_reader import backlog, spoil_states
from filmgauge_sim.nodes.made_records import made_records
from filmgauge_sim.nodes.node_options import DEFAULT_OPTIONS, NodeOptions
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.touch_switch import TouchSwitch
from filmgauge_sim.nodes.truth_log import TruthLog
from filmgauge_sim.nodes.world import build_world

_LONGEST_WAIT_US = 3_600_000_000
_SINGLE_ROOM = 2  # the transform's calls make bytecode that no board has
_LONGEST_RUN_US = 60_000_000  # of firmware that should sleep and does not


class VirtualNode:
    """A node in a world. `step` runs one wake at most; truth is noted at each."""

    def __init__(
        self,
        description: NodeDescription,
        surroundings: WorldSection,
        secrets: Mapping[str, str],
        access_point: AccessPoint,
        broker: Broker,
        seed: int,
        folder: Path,
        options: NodeOptions = DEFAULT_OPTIONS,
        faults: Sequence[FaultSection] = (),
    ) -> None:
        """Build the node's parts in `folder`, which keeps its flash image and console.

        faults: what befalls it. Raises ValueError, one sentence, for what its sections cannot
        check.
        """
        self.name = description.name
        self.description = description
        self.secrets = secrets
        self.wakes = 0
        self.truth = TruthLog()
        self.last_truth: Truth | None = None  # of the last wake, whether or not it is in the log
        self.dead: str | None = None
        self.incidents: list[str] = []  # when and why the board stopped
        self.is_heard = options.radio_port is not None  # by an air, where somebody may listen
        self._running = False  # a run that has only been interrupted
        self._transfers = 0  # on the bus, until the last wake
        self.console = folder / f"{self.name}.console.log"
        self._boot: tuple[int, int] | None = None  # life and boot, as the firmware counts them
        self._next_cause = ResetCause.POWER_ON
        rng = random.Random(f"{seed} {self.name}")
        kind = self.kind = description.kind
        self._faults = FaultSchedule(faults)
        touch = surroundings.touch
        self._switch = TouchSwitch(touch.touches if touch else None)
        self.cuts = options.cuts
        wrong = transfer_faults(faults, description)
        self.world = build_world(description, surroundings, rng, wrong)
        self.flash = make_flash(folder / f"{self.name}.flash", kind.flash_pages, kind.flash)
        self._broker = broker
        self._provision(broker, NEW_NODE)
        self.board = VirtualBoard(
            kind=kind,
            world=self.world,
            flash=self.flash,
            access_point=access_point,
            clock=BoardClock(surroundings.clock_error_ppm),
            seed=rng.getrandbits(32),
            unique_id=rng.randbytes(6),
            real_wait_ms=options.real_wait_ms,
            supply=self.world if isinstance(self.world, HarvestingCircuit) else None,
            radio_port=options.radio_port,
        )
        self._records = made_records(self.board)
        self.runtime: MicroPythonRuntime | InProcessRuntime
        if options.runtime == "cpython":
            self.runtime = InProcessRuntime(self.console, options.sources)
        else:
            usual_kb = kind.heap_kb + (kind.tls_heap_kb if broker.security else 0)
            room_kb = (options.heap_kb or usual_kb) * (_SINGLE_ROOM if options.single else 1)
            sources = single_precision_sources() if options.single else options.sources
            self.runtime = MicroPythonRuntime(
                self.flash.path, self.console, heap_for(room_kb), sources, runtime=options.runtime
            )

    @property
    def made(self) -> int:
        """How many records the firmware has made since the scenario began.

        Of a node without Wi-Fi: as far as `new_records` has read them.
        """
        return self._records.made

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
        return self._records.new()

    @property
    def now_us(self) -> int:
        """True time of this node since the scenario began."""
        return self.board.now_us

    @property
    def station(self) -> Station:
        """Its radio in the network."""
        return self.board.station

    @property
    def radio_fails(self) -> RadioFailure | None:
        """In what the start of its radio ends, None where it starts."""
        return self.board.radio_fails

    @radio_fails.setter
    def radio_fails(self, failure: RadioFailure | None) -> None:
        self.board.radio_fails = failure

    @property
    def in_wake(self) -> bool:
        """Whether the last step ended within a wake, while a Bluetooth peer may speak."""
        return self.board.has_yielded

    def step(self, until_us: int = 0) -> None:
        """Boot, run the firmware until it sleeps, and sleep.

        A sleep that the firmware cuts into slices for its watchdog is one step where it lies
        before `until_us`, and otherwise a step a slice.

        Where a simulation moves the air, a board passes a slice at a time of a sleep that a
        Bluetooth peer may end: `in_wake` tells that the wake is not over. Firmware that sleeps
        with its memory kept goes on where it was, and is interrupted after a minute without
        sleep. A board without power waits for it first, but not longer than an hour at a time.
        """
        self._faults.run_due(self)
        self._switch.run_due(self)
        if self.cuts is not None and not self.in_wake and self.cuts.begin_step(self):
            return
        self.board.sleep_unbroken(min(until_us, self._faults.next_us, self._switch.next_us))
        if not self.board.load.await_power(self.board.now_us + _LONGEST_WAIT_US):
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
            self._log_outcome(outcome)
        self._running = outcome.resumes
        self.dead = None if outcome.cause or outcome.resumes else outcome.reason
        self._next_cause = outcome.cause or self._next_cause
        if outcome is POWER_CUT:
            self._lose_power()
        elif outcome.cause is ResetCause.POWER_ON and self.cuts is not None:
            self.cuts.power_on(self)

    def _lose_power(self) -> None:
        """Let a cut of the board's power be one of the sensors' as well."""
        if self.cuts is None:
            self.cut_power()
        else:
            self.cuts.happened(self)

    def _wake(self) -> Outcome:
        """Boot unless it still runs, and run the firmware until the board stops it."""
        board = self.board
        if not self._running:
            self._records.begin_boot()
            if self._next_cause is ResetCause.POWER_ON or self.kind.keeps_ram:
                self._boot = None
            board.boot(self._next_cause)
        if self.kind.keeps_ram:
            board.load.interrupt_us = board.now_us + _LONGEST_RUN_US
        outcome = self.runtime.run(board)
        has_sampled = board.transfers > self._transfers  # else it only fed the watchdog
        is_over = not (outcome.resumes or outcome.asleep)
        if is_over or (outcome.sleep_ms and has_sampled):
            self._transfers = board.transfers
            self.wakes += 1
            self._log_truth()
        self._log_outcome(outcome)
        return outcome

    def cut_power(self, off_us: int = 0, memory: bytes = b"", with_sensors: bool = True) -> None:
        """Take the board off its supply, and the sensors too, unless they have one of their own;
        then put them back. `memory` is what RTC memory holds then: after a brown-out it may be
        anything."""
        self.world.advance_to(self.board.now_us)
        self.board.lose_power()
        self.board.load.disconnect()
        if with_sensors:
            self.world.power_sensors(False)
        self.board.load.now_us += off_us
        self.world.advance_to(self.board.now_us)
        self.world.power_sensors(True)
        self.runtime.stop()
        self._running = False
        self._next_cause = ResetCause.POWER_ON
        self.board.memory_at_power_on = memory

    def reset(self) -> None:
        """Let it boot as behind machine.reset(), with which a flashing tool ends: memory that
        outlives a reset keeps what it has."""
        self.runtime.stop()
        self._running = False
        self._next_cause = ResetCause.HARD

    def step_clock(self, step_us: int) -> None:
        """Set the date of the board further, or back; a sleeping one finds it so when it wakes."""
        self.board.clock.offset_us += step_us

    def spoil_journal(self) -> None:
        """Cut the power, and let nobody read what the node remembers in flash."""
        self.cut_power()
        spoil_states(self.flash)

    def erase_flash(self) -> None:
        """Cut the power and bring configuration and profile back onto an empty flash, as somebody
        who has flashed the interpreter anew and copies the files that he has."""
        self.cut_power()
        for page in range(self.flash.pages):
            self.flash.erase(page)
        self._provision(self._broker)

    def close(self) -> None:
        """End processes and close files."""
        self.runtime.close()
        self.flash.close()

    def _log_outcome(self, outcome: Outcome) -> None:
        if outcome.reason:
            self.incidents.append(f"{self.board.now_us / 1e6:.0f} s: {outcome.reason}")

    def _log_truth(self) -> None:
        """Log the truth of this wake under the number that the firmware gave its boot.

        A wake that lost its power before the firmware had a number is not logged.
        """
        truth = self.last_truth = self.world.truth()
        if self._boot is None:
            self._boot = self._records.boot()
        if self._boot is None:
            return
        self.truth.add(truth, self._boot, self.board.clock.reading_us(truth.now_us) / 1e6)

    def _provision(self, broker: Broker, mark: Mapping[str, bytes] | None = None) -> None:
        """Put profile and configuration on the flash, as a flashing tool does; `mark` beside
        them where the node is new."""
        files = {**board_files(self.description, self.secrets, broker), **(mark or {})}
        install(self.flash, files, pages=self.kind.file_system_pages)
        self.flash.reset_wear()
