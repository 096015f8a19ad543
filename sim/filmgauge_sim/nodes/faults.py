"""Faults that befall a node: what a scenario can have happen to its sensors, clock and power."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from filmgauge_sim.board.board_faults import RadioFailure
from filmgauge_sim.nodes.tables import Table, bounded
from filmgauge_sim.parts.faulty_bus import FLIP

FaultKind = Literal[
    "register",
    "nack",
    "bus_low",
    "temperature_offset",
    "leads_swapped",
    "gate",
    "power",
    "flash_erased",
    "clock",
    "lookup",
    "latency",
    "radio",
    "journal_spoilt",
]
PartName = Literal["ina228", "tmp117"]
NAMED_VALUES = ("zeros", "ones", "stale")


@dataclass(frozen=True)
class _Keys:
    """Which keys a kind must have, and which it may have beside `at_h`."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_LASTING = ("for_h",)
_KEYS: Mapping[str, _Keys] = {
    "register": _Keys(("part", "register", "value"), ("count", "for_h")),
    "nack": _Keys(("part",), ("count", "for_h")),
    "bus_low": _Keys((), _LASTING),
    "temperature_offset": _Keys(("k",), _LASTING),
    "leads_swapped": _Keys((), _LASTING),
    "gate": _Keys(("state",), _LASTING),
    "power": _Keys(("off_s",)),
    "flash_erased": _Keys(),
    "clock": _Keys(("step_s",)),
    "lookup": _Keys(("delay_s",), _LASTING),
    "latency": _Keys(("ms",), _LASTING),
    "radio": _Keys(("ends_in",), _LASTING),
    "journal_spoilt": _Keys(),
}


class FaultSection(Table, frozen=True):
    """One fault of a node. What lasts does so for `for_h`, or for good where that is left out;
    reads of a register may be counted instead. Where lasting faults of one kind overlap, the one
    that began last holds; temperature offsets add up."""

    kind: Annotated[FaultKind, Meta(description="what happens")]
    at_h: Annotated[float, bounded(0, 1e6, "when it begins, h")] = 0.0
    for_h: Annotated[float, bounded(1e-6, 1e6, "how long it lasts, h")] | None = None
    part: Annotated[PartName, Meta(description="register, nack: of which sensor")] | None = None
    register: Annotated[int, bounded(0, 255, "register: its address")] | None = None
    value: (
        Annotated[
            str,
            Meta(
                description="register: what is read, hexadecimal with as many bytes as are read;"
                " or zeros, ones, stale (what was read before), flip and the number of a bit"
            ),
        ]
        | None
    ) = None
    count: Annotated[int, bounded(1, 1_000_000, "register, nack: so many transfers")] | None = None
    k: (
        Annotated[
            float, bounded(-200, 200, "temperature_offset: the TMP117 reads so much more, K")
        ]
        | None
    ) = None
    state: (
        Annotated[
            Literal["open", "closed"],
            Meta(description="gate: as what the switch of the voltage input stays"),
        ]
        | None
    ) = None
    off_s: Annotated[float, bounded(0.001, 1e7, "power: how long there is none, s")] | None = None

    step_s: (
        Annotated[
            float, bounded(-1e9, 1e9, "clock: somebody sets the board's date so much further, s")
        ]
        | None
    ) = None

    delay_s: (
        Annotated[
            float,
            bounded(0, 3600, "lookup: a name is looked up so long in vain, s; 0: without an end"),
        ]
        | None
    ) = None
    ms: Annotated[int, bounded(1, 600_000, "latency: to the broker and back, ms")] | None = None

    ends_in: (
        Annotated[
            RadioFailure,
            Meta(
                description="radio: in what its start ends: an error, no memory for its driver, or"
                " a panic of the interpreter"
            ),
        ]
        | None
    ) = None

    @property
    def begin_us(self) -> int:
        """True time at which it begins."""
        return round(self.at_h * 3.6e9)

    @property
    def end_us(self) -> int | None:
        """True time at which it ends, None where it does not by itself."""
        return None if self.for_h is None else self.begin_us + round(self.for_h * 3.6e9)


def check_fault(fault: FaultSection) -> None:
    """Raise ValueError, one sentence with the key, for keys that do not belong together."""
    keys = _KEYS[fault.kind]
    for name in FaultSection.__struct_fields__:
        if name in ("kind", "at_h"):
            continue
        is_given = getattr(fault, name) is not None
        if name in keys.needed and not is_given:
            raise ValueError(f"{name} must be given with kind = {fault.kind!r}")
        if is_given and name not in (*keys.needed, *keys.optional):
            raise ValueError(f"{name} must be left out with kind = {fault.kind!r}")
    if fault.value is not None and fault.value not in NAMED_VALUES:
        try:
            if fault.value.startswith(FLIP):
                int(fault.value.removeprefix(FLIP))
            else:
                bytes.fromhex(fault.value)
        except ValueError:
            raise ValueError(
                f"value must be bytes in hexadecimal or one of {', '.join(NAMED_VALUES)},"
                f" not {fault.value!r}"
            ) from None
