"""Lets faults begin and end while a node lives: those that are more than a wrong transfer.

    schedule = FaultSchedule(faults)
    schedule.run_due(node)                  # before each wake

A fault begins at the first wake after its time.
"""

from collections.abc import Iterable
from typing import Protocol

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.wifi import Station
from filmgauge_sim.circuit.ambient import NEVER_US
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.parts.faulty_bus import TransferFault


class Victim(Protocol):
    """What faults need of a node."""

    @property
    def world(self) -> CyclerBench | HarvestingCircuit:
        """What surrounds its board."""
        ...

    @property
    def kind(self) -> BoardKind:
        """Its board, with its pins."""
        ...

    @property
    def now_us(self) -> int:
        """Its true time."""
        ...

    def cut_power(self, off_us: int = 0) -> None:
        """Take board and sensors off their supply for a time."""
        ...

    def step_clock(self, step_us: int) -> None:
        """Set the date of its board further, or back."""
        ...

    @property
    def station(self) -> Station:
        """Its radio in the network."""
        ...

    def spoil_journal(self) -> None:
        """Cut the power, and let nobody read what the node remembers in flash."""
        ...

    def erase_flash(self) -> None:
        """Begin anew with an empty flash."""
        ...


class _Fault:
    """What begins at a time, and ends at another where it lasts."""

    def __init__(self, section: FaultSection) -> None:
        self.section = section

    def begin(self, node: Victim) -> None:
        """Let it happen."""
        raise NotImplementedError

    def end(self, node: Victim) -> None:
        """Undo it."""


class _BusLow(_Fault):
    def begin(self, node: Victim) -> None:
        self._before = node.world.bus.pulled_up
        node.world.bus.pulled_up = False

    def end(self, node: Victim) -> None:
        node.world.bus.pulled_up = self._before


class _TemperatureOffset(_Fault):
    def begin(self, node: Victim) -> None:
        self._add(node, self.section.k or 0.0)

    def end(self, node: Victim) -> None:
        self._add(node, -(self.section.k or 0.0))

    def _add(self, node: Victim, kelvin: float) -> None:
        node.world.advance_to(node.now_us)
        node.world.sensing.temperature_error_c += kelvin


class _LeadsSwapped(_Fault):
    def begin(self, node: Victim) -> None:
        node.world.advance_to(node.now_us)
        node.world.sensing.swap_leads()

    end = begin


class _Gate(_Fault):
    def begin(self, node: Victim) -> None:
        node.world.advance_to(node.now_us)
        node.world.stick(node.kind.pins.gate, int(self.section.state == "closed"))

    def end(self, node: Victim) -> None:
        node.world.advance_to(node.now_us)
        node.world.release(node.kind.pins.gate)


class _Power(_Fault):
    def begin(self, node: Victim) -> None:
        node.cut_power(round((self.section.off_s or 0.0) * 1e6))


class _FlashErased(_Fault):
    """All of it, as by somebody who flashes the interpreter anew; configuration and profile come
    back with the firmware."""

    def begin(self, node: Victim) -> None:
        node.erase_flash()


class _Clock(_Fault):
    def begin(self, node: Victim) -> None:
        node.step_clock(round((self.section.step_s or 0.0) * 1e6))


class _Lookup(_Fault):
    def begin(self, node: Victim) -> None:
        node.station.lookup_fails_us = round((self.section.delay_s or 0.0) * 1e6) or None

    def end(self, node: Victim) -> None:
        node.station.lookup_fails_us = 0


class _Latency(_Fault):
    def begin(self, node: Victim) -> None:
        self._before_us = node.station.latency_us
        node.station.latency_us = (self.section.ms or 0) * 1000

    def end(self, node: Victim) -> None:
        node.station.latency_us = self._before_us


class _JournalSpoilt(_Fault):
    """Whatever the node has saved of its memory, and with it what it has in RAM."""

    def begin(self, node: Victim) -> None:
        node.spoil_journal()


_KINDS: dict[str, type[_Fault]] = {
    "bus_low": _BusLow,
    "temperature_offset": _TemperatureOffset,
    "leads_swapped": _LeadsSwapped,
    "gate": _Gate,
    "power": _Power,
    "flash_erased": _FlashErased,
    "clock": _Clock,
    "lookup": _Lookup,
    "latency": _Latency,
    "journal_spoilt": _JournalSpoilt,
}


class FaultSchedule:
    """Faults by time; those on single transfers are the bus's (`transfer_faults`)."""

    def __init__(self, sections: Iterable[FaultSection]) -> None:
        due = []
        for section in sections:
            if section.kind in _KINDS:
                fault = _KINDS[section.kind](section)
                due.append((section.begin_us, fault.begin))
                if section.end_us is not None:
                    due.append((section.end_us, fault.end))
        self._due = sorted(due, key=lambda each: each[0])

    @property
    def next_us(self) -> int:
        """When the next one is due."""
        return self._due[0][0] if self._due else NEVER_US

    def run_due(self, node: Victim) -> None:
        """Let happen what is due at the node's time."""
        while self._due and self._due[0][0] <= node.now_us:
            self._due.pop(0)[1](node)


def transfer_faults(
    sections: Iterable[FaultSection], description: NodeDescription
) -> list[TransferFault]:
    """Return the faults that the bus of a node has."""
    sensor = description.sensor
    addresses = {"ina228": sensor.ina228_address, "tmp117": sensor.tmp117_address}
    return [
        TransferFault(
            address=addresses[section.part],
            begin_us=section.begin_us,
            end_us=section.end_us,
            count=section.count,
            register=section.register,
            value=section.value or "zeros",
        )
        for section in sections
        if section.part is not None
    ]
