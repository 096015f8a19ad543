"""Steps for the cycler as a cycler user writes them.

charge at 6.32 uA/cm2 to 4.0 V, hold at 4.0 V until 0.06 uA/cm2, rest 10 min,
discharge at 6.32 uA/cm2 to 1.0 V, 300 times
"""

import re
from dataclasses import dataclass

from filmgauge_sim.lab.cycler import hold_voltage, pass_step, run_current
from filmgauge_sim.lab.cycling import Cycle
from filmgauge_sim.lab.specimen import Specimen
from filmgauge_sim.lab.trace import Trace

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_CURRENTS = {"na/cm2": 1e-3, "ua/cm2": 1.0, "ma/cm2": 1e3}
_NUMBER = r"([0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?)"
_CURRENT = rf"{_NUMBER} ?([num]a/cm2)"
_TIME = rf"{_NUMBER} ?(s|min|h|d)"
_FLOW = re.compile(
    rf"(charge|discharge) at {_CURRENT}(?: (?:to|until) {_NUMBER} ?v)?(?: for {_TIME})?"
)
_HOLD = re.compile(rf"hold at {_NUMBER} ?v until {_CURRENT}(?: for {_TIME})?")
_REST = re.compile(rf"rest(?: for)? {_TIME}")
_TIMES = re.compile(r"(?:repeat )?([0-9]+) times")


# LiPON is stable from 0 to 5.5 V against lithium.
_HIGHEST_V = 5.5
_LONGEST_S = 1e9


class StepError(ValueError):
    """A step cannot be read; the text quotes it and says what is understood."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: kind charge, discharge, hold or rest; what does not apply is None."""

    kind: str
    current_ua_cm2: float = 0.0
    until_v: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Steps in their order, and how often they are done."""

    steps: tuple[Step, ...]
    times: int


def parse(text: str) -> Program:
    """Read steps separated by commas or semicolons. Raises StepError."""
    steps: list[Step] = []
    times = 1
    parts = [part.strip() for part in re.split(r"[,;\n]", text.lower()) if part.strip()]
    for k, part in enumerate(parts):
        plain = re.sub(r"\s+", " ", part.replace("µ", "u").replace("cm²", "cm2"))
        repeat = _TIMES.fullmatch(plain)
        if repeat and k == len(parts) - 1:
            times = int(repeat[1])
        else:
            steps.append(_step(plain))
    if not steps:
        raise StepError("there is no step; an example: charge at 1 uA/cm2 to 4.0 V.")
    if not 1 <= times <= 1_000_000:
        raise StepError(f"the number of times must be from 1 to 1000000, not {times}.")
    return Program(tuple(steps), times)


def _step(text: str) -> Step:
    if match := _FLOW.fullmatch(text):
        kind, current, unit, volts, time, time_unit = match.groups()
        if volts is None and time is None:
            raise StepError(f'"{text}" must say where it ends: to 4.0 V, or for 10 min.')
        return Step(
            kind,
            _positive(text, float(current) * _CURRENTS[unit]),
            None if volts is None else _voltage(text, volts),
            None if time is None else _duration(text, time, time_unit),
        )
    if match := _HOLD.fullmatch(text):
        volts, current, unit, time, time_unit = match.groups()
        return Step(
            "hold",
            _positive(text, float(current) * _CURRENTS[unit]),
            _voltage(text, volts),
            None if time is None else _duration(text, time, time_unit),
        )
    if match := _REST.fullmatch(text):
        return Step("rest", duration_s=_duration(text, match[1], match[2]))
    raise StepError(
        f'"{text}" is not a step; known are: charge or discharge at 6.32 uA/cm2 to 4.0 V (for'
        " 2 h), hold at 4.0 V until 0.1 uA/cm2, rest 10 min, and at the end: 300 times."
    )


def _positive(text: str, current: float) -> float:
    if not 0.0 < current <= 1e6:
        raise StepError(f'"{text}" must have a current above 0 and up to 1 A/cm2.')
    return current


def _voltage(text: str, volts: str) -> float:
    if not 0.0 <= float(volts) <= _HIGHEST_V:
        raise StepError(f'"{text}" must have a voltage from 0 to {_HIGHEST_V:g} V.')
    return float(volts)


def _duration(text: str, time: str, unit: str) -> float:
    seconds = float(time) * _SECONDS[unit]
    if not 0.0 < seconds <= _LONGEST_S:
        raise StepError(f'"{text}" must take more than 0 and up to {_LONGEST_S:g} s.')
    return seconds


def run_once(
    cell: Specimen,
    program: Program,
    temperature_c: float,
    number: int,
    trace: Trace | None = None,
) -> Cycle:
    """Do every step of a program once; the charge and the discharge are summed up."""
    charged = discharged = 0.0
    before = 0.0
    for step in program.steps:
        if step.kind == "rest":
            pass_step(cell, 0.0, temperature_c, step.duration_s or 0.0, trace)
            continue
        if step.kind == "hold":
            assert step.until_v is not None
            passed = hold_voltage(
                cell,
                step.until_v,
                temperature_c,
                until_ua_cm2=step.current_ua_cm2,
                from_ua_cm2=before or step.current_ua_cm2,
                trace=trace,
                **({} if step.duration_s is None else {"longest_s": step.duration_s}),
            )
        else:
            before = step.current_ua_cm2 if step.kind == "charge" else -step.current_ua_cm2
            seconds = run_current(
                cell,
                before,
                temperature_c,
                until_v=step.until_v,
                longest_s=step.duration_s,
                trace=trace,
            )
            passed = before * seconds / 3600.0
        charged += max(passed, 0.0)
        discharged += max(-passed, 0.0)
    return Cycle(number, charged, discharged)
