"""Lets faults begin and end while a node lives: those that are more than a wrong transfer.

    schedule = FaultSchedule(faults)
    schedule.run_due(node)                  # before each wake

A fault begins at the first wake after its time.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from filmgauge_sim.board.board_faults import RadioFailure
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.wifi import Station
from filmgauge_sim.circuit.ambient import NEVER_US
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.parts.faulty_bus import TransferFault

Value = TypeVar("Value")


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

    @property
    def radio_fails(self) -> RadioFailure | None:
        """In what the start of its radio ends, None where it starts."""
        ...

    @radio_fails.setter
    def radio_fails(self, failure: RadioFailure | None) -> None: ...

    def spoil_journal(self) -> None:
        """Cut the power, and let nobody read what the node remembers in flash."""
        ...

    def erase_flash(self) -> None:
        """Begin anew with an empty flash."""
        ...


class _Kind:
    """What a kind of fault does; one for all the faults of a node that are of it."""

    def begin(self, node: Victim, section: FaultSection) -> None:
        """Let one happen."""
        raise NotImplementedError

    def end(self, node: Victim, section: FaultSection) -> None:
        """Undo it."""


class _Condition(_Kind, Generic[Value]):
    """What lasts: a value around the node, which is its own while no fault of the kind is active.

    Of faults that overlap the one that began last gives the value.
    """

    def __init__(self) -> None:
        self._active: list[FaultSection] = []  # in the order in which they began
        self._own: Value

    def begin(self, node: Victim, section: FaultSection) -> None:
        if not self._active:
            self._own = self.read(node)
        self._active.append(section)
        self._apply(node)

    def end(self, node: Victim, section: FaultSection) -> None:
        self._active.remove(section)
        self._apply(node)

    def _apply(self, node: Victim) -> None:
        self.write(node, self.value(self._own, self._active) if self._active else self._own)

    def read(self, node: Victim) -> Value:
        raise NotImplementedError

    def write(self, node: Victim, value: Value) -> None:
        raise NotImplementedError

    def value(self, own: Value, active: Sequence[FaultSection]) -> Value:
        """What active faults make of the node's own value."""
        raise NotImplementedError


class _BusLow(_Condition[bool]):
    def read(self, node: Victim) -> bool:
        return node.world.bus.pulled_up

    def write(self, node: Victim, value: bool) -> None:
        node.world.bus.pulled_up = value

    def value(self, own: bool, active: Sequence[FaultSection]) -> bool:
        return False


class _TemperatureOffset(_Condition[float]):
    """Offsets add up."""

    def read(self, node: Victim) -> float:
        return node.world.sensing.temperature_error_c

    def write(self, node: Victim, value: float) -> None:
        node.world.advance_to(node.now_us)
        node.world.sensing.temperature_error_c = value

    def value(self, own: float, active: Sequence[FaultSection]) -> float:
        return own + sum(section.k or 0.0 for section in active)


class _LeadsSwapped(_Condition[bool]):
    def read(self, node: Victim) -> bool:
        return node.world.sensing.leads_swapped

    def write(self, node: Victim, value: bool) -> None:
        node.world.advance_to(node.now_us)
        node.world.sensing.leads_swapped = value

    def value(self, own: bool, active: Sequence[FaultSection]) -> bool:
        return not own


class _Gate(_Condition["int | None"]):
    def read(self, node: Victim) -> int | None:
        return node.world.stuck_level(node.kind.pins.gate)

    def write(self, node: Victim, value: int | None) -> None:
        node.world.advance_to(node.now_us)
        if value is None:
            node.world.release(node.kind.pins.gate)
        else:
            node.world.stick(node.kind.pins.gate, value)

    def value(self, own: int | None, active: Sequence[FaultSection]) -> int:
        return int(active[-1].state == "closed")


class _Lookup(_Condition["int | None"]):
    def read(self, node: Victim) -> int | None:
        return node.station.lookup_fails_us

    def write(self, node: Victim, value: int | None) -> None:
        node.station.lookup_fails_us = value

    def value(self, own: int | None, active: Sequence[FaultSection]) -> int | None:
        return round((active[-1].delay_s or 0.0) * 1e6) or None


class _Latency(_Condition[int]):
    def read(self, node: Victim) -> int:
        return node.station.latency_us

    def write(self, node: Victim, value: int) -> None:
        node.station.latency_us = value

    def value(self, own: int, active: Sequence[FaultSection]) -> int:
        return (active[-1].ms or 0) * 1000


class _Radio(_Condition["RadioFailure | None"]):
    def read(self, node: Victim) -> RadioFailure | None:
        return node.radio_fails

    def write(self, node: Victim, value: RadioFailure | None) -> None:
        node.radio_fails = value

    def value(
        self, own: RadioFailure | None, active: Sequence[FaultSection]
    ) -> RadioFailure | None:
        return active[-1].ends_in


class _Power(_Kind):
    def begin(self, node: Victim, section: FaultSection) -> None:
        node.cut_power(round((section.off_s or 0.0) * 1e6))


class _FlashErased(_Kind):
    """All of it, as by somebody who flashes the interpreter anew; configuration and profile come
    back with the firmware."""

    def begin(self, node: Victim, section: FaultSection) -> None:
        node.erase_flash()


class _Clock(_Kind):
    def begin(self, node: Victim, section: FaultSection) -> None:
        node.step_clock(round((section.step_s or 0.0) * 1e6))


class _JournalSpoilt(_Kind):
    """Whatever the node has saved of its memory, and with it what it has in RAM."""

    def begin(self, node: Victim, section: FaultSection) -> None:
        node.spoil_journal()


_KINDS: dict[str, type[_Kind]] = {
    "bus_low": _BusLow,
    "temperature_offset": _TemperatureOffset,
    "leads_swapped": _LeadsSwapped,
    "gate": _Gate,
    "power": _Power,
    "flash_erased": _FlashErased,
    "clock": _Clock,
    "lookup": _Lookup,
    "latency": _Latency,
    "radio": _Radio,
    "journal_spoilt": _JournalSpoilt,
}


class _Due(NamedTuple):
    """Sorted by time; of one time what ends comes before what begins."""

    time_us: int
    begins: bool
    section: FaultSection


class FaultSchedule:
    """Faults by time; those on single transfers are the bus's (`transfer_faults`)."""

    def __init__(self, sections: Iterable[FaultSection]) -> None:
        self._kinds = {name: kind() for name, kind in _KINDS.items()}
        due = []
        for section in sections:
            if section.kind in self._kinds:
                due.append(_Due(section.begin_us, True, section))
                if section.end_us is not None:
                    due.append(_Due(section.end_us, False, section))
        self._due = sorted(due, key=lambda each: (each.time_us, each.begins))

    @property
    def next_us(self) -> int:
        """When the next one is due."""
        return self._due[0].time_us if self._due else NEVER_US

    def run_due(self, node: Victim) -> None:
        """Let happen what is due at the node's time."""
        while self._due and self._due[0].time_us <= node.now_us:
            _, begins, section = self._due.pop(0)
            kind = self._kinds[section.kind]
            (kind.begin if begins else kind.end)(node, section)


def transfer_faults(
    sections: Iterable[FaultSection], description: NodeDescription
) -> list[TransferFault]:
    """Return the faults that the bus of a node has, in the order in which they begin."""
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
        for section in sorted(sections, key=lambda each: each.begin_us)
        if section.part is not None
    ]
