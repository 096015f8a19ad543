"""Experiments as a cycler user writes them, and how they are done.

    charge at C/5 to 4.0 V, hold at 4.0 V until C/50, rest 10 min,
    discharge at 6.32 uA/cm2 to 1.0 V for 2 h, 300 times

A current is a density (nA, uA or mA per cm2 of film) or a rate (C/5, 0.2C): one C is the capacity
that the parameter set states, in an hour. Every step ends at the window of the cell too, as that
of a cycler does, and says what ended it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from filmgauge_sim.lab.cycler import Channel, StepEnd, StepResult
from filmgauge_sim.lab.cycling import Cycle
from filmgauge_sim.lab.specimen import window_v

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DENSITIES = {"na/cm2": 1e-3, "ua/cm2": 1.0, "ma/cm2": 1e3}
_NUMBER = r"[0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?"
_CURRENT = (
    rf"(?:(?P<density>{_NUMBER}) ?(?P<unit>[num]a/cm2)"
    rf"|(?P<rate>{_NUMBER}) ?c|c ?/ ?(?P<hours>{_NUMBER}))"
)
_VOLTS = rf"(?P<volts>{_NUMBER}) ?v"
_TIME = rf"(?P<time>{_NUMBER}) ?(?P<time_unit>s|min|h|d)"
_STEPS = (
    rf"(?P<kind>charge|discharge) at {_CURRENT}(?: (?:to|until) {_VOLTS})?(?: for {_TIME})?",
    rf"(?P<kind>hold) at {_VOLTS} until {_CURRENT}(?: for {_TIME})?",
    rf"(?P<kind>rest)(?: for)? {_TIME}",
)
_TIMES = re.compile(r"(?:repeat )?([0-9]+) times")

# LiPON is stable from 0 to 5.5 V against lithium.
_HIGHEST_V = 5.5
_HIGHEST_UA_CM2, _HIGHEST_C = 1e6, 1e4
_LONGEST_S = 1e9
# Every way in which the letter of a millionth is written: micro sign and Greek mu.
_PLAIN = str.maketrans({"µ": "u", "μ": "u", "²": "2"})


class StepError(ValueError):
    """A step cannot be read; the text quotes it and says what is understood."""


class StepFault(ValueError):
    """A step did not do what it says; the text quotes it and says what ended it."""


@dataclass(frozen=True, slots=True)
class Current:
    """The size of a current: a density in uA/cm2, or a rate in C."""

    value: float
    is_rate: bool = False

    def density_ua_cm2(self, capacity_uah_cm2: float) -> float:
        """The density for a cell whose set states this capacity."""
        return self.value * capacity_uah_cm2 if self.is_rate else self.value


@dataclass(frozen=True, slots=True)
class ExperimentStep:
    """One step: kind charge, discharge, hold or rest; what does not apply is None.

    text: as it was written.
    current: that of a charge or a discharge, or at which a hold ends.
    until_v: the voltage that ends it, or that is held. duration_s: the longest time.
    """

    kind: str
    current: Current | None = None
    until_v: float | None = None
    duration_s: float | None = None
    text: str = field(default="", compare=False)


class Experiment:
    """Steps in their order, and how often they are done (times).

    text: steps separated by commas, semicolons or lines, at the end perhaps "300 times".
    Raises StepError, which quotes what cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.times = 1
        steps: list[ExperimentStep] = []
        parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
        for k, part in enumerate(parts):
            repeat = _TIMES.fullmatch(_plain(part))
            if repeat and k == len(parts) - 1:
                self.times = int(repeat[1])
            else:
                steps.append(_step(part))
        if not steps:
            raise StepError("there is no step; an example: charge at 1 uA/cm2 to 4.0 V.")
        if not 1 <= self.times <= 1_000_000:
            raise StepError(f"the number of times must be from 1 to 1000000, not {self.times}.")
        self.steps = tuple(steps)

    def __repr__(self) -> str:
        return f"Experiment({self.text!r})"

    def cycles(self, channel: Channel, *, strict: bool = False) -> Iterator[Cycle]:
        """Do all steps as often as it says; after each time what was charged and discharged.

        Raises NeverEnds where a voltage is not reached within a thousand hours; with ``strict``
        StepFault where a step does not do what it says.
        """
        for number in range(1, self.times + 1):
            if channel.trace is not None:
                channel.trace.cycle = number
            yield self._once(channel, number, strict)

    def _once(self, channel: Channel, number: int, strict: bool) -> Cycle:
        charged = discharged = 0.0
        before_ua_cm2 = 0.0
        results: list[StepResult] = []
        for k, step in enumerate(self.steps, 1):
            result = _done(channel, step, before_ua_cm2)
            remark = _remark(channel, step, result)
            if strict and remark:
                raise StepFault(f"cycle {number}, step {k}: {remark}.")
            results.append(replace(result, remark=remark))
            if step.kind in ("charge", "discharge"):
                before_ua_cm2 = result.final_ua_cm2
            charged += max(result.charge_uah_cm2, 0.0)
            discharged += max(-result.charge_uah_cm2, 0.0)
        return Cycle(number, charged, discharged, tuple(results))


def _done(channel: Channel, step: ExperimentStep, before_ua_cm2: float) -> StepResult:
    """Do a step after a charge or a discharge of before_ua_cm2 (0: there was none)."""
    if step.current is None:
        duration_s = step.duration_s or 0.0
        channel.pass_step(0.0, duration_s)
        return StepResult(StepEnd.TIME, duration_s, 0.0, 0.0)
    size_ua_cm2 = step.current.density_ua_cm2(channel.cell.parameters.capacity_uah_cm2)
    if step.kind != "hold":
        signed_ua_cm2 = size_ua_cm2 if step.kind == "charge" else -size_ua_cm2
        return channel.run_step(
            signed_ua_cm2,
            until_v=step.until_v,
            longest_s=step.duration_s,
            window_v=window_v(channel.cell),
        )
    assert step.until_v is not None
    low_v, high_v = window_v(channel.cell)
    if not low_v <= step.until_v <= high_v:
        return StepResult(StepEnd.WINDOW, 0.0, 0.0, 0.0)
    charges = step.until_v >= channel.voltage_v()
    return channel.hold_step(
        step.until_v,
        until_ua_cm2=size_ua_cm2,
        from_ua_cm2=before_ua_cm2 or (size_ua_cm2 if charges else -size_ua_cm2),
        longest_s=step.duration_s,
    )


def _remark(channel: Channel, step: ExperimentStep, result: StepResult) -> str:
    """What a step that is done did not do that it says, or an empty text."""
    low_v, high_v = window_v(channel.cell)
    quoted, flowing = f'"{step.text}"', f"{abs(result.final_ua_cm2):.3g} uA/cm2"
    if result.end is StepEnd.WINDOW:
        if step.kind == "hold":
            return f"{quoted} does nothing: the window of the cell is {low_v:g} to {high_v:g} V"
        which, volts = ("upper", high_v) if step.kind == "charge" else ("lower", low_v)
        hours = f"{result.seconds / 3600.0:.4g} h"
        return f"{quoted} ended after {hours} at the {which} end of the window, {volts:g} V"
    if result.end is StepEnd.PAST_LIMIT:
        volts = channel.voltage_v(result.final_ua_cm2)
        return f"{quoted} does nothing: under its current the cell is at {volts:.4g} V already"
    if result.end is StepEnd.WRONG_WAY:
        way = "charge" if result.final_ua_cm2 > 0.0 else "discharge"
        return f"{quoted} does nothing: the step before it ends where a hold would {way} the cell"
    if result.end is StepEnd.NEVER_FADES:
        hours = f"{result.seconds / 3600.0:.4g} h"
        return f"{quoted} never fades to its current: {flowing} go on flowing after {hours}"
    if result.end is StepEnd.CURRENT and not result.seconds:
        return f"{quoted} does nothing: the hold would begin with {flowing}"
    return ""


def _plain(text: str) -> str:
    """A step as the patterns have it."""
    return re.sub(r"\s+", " ", text.lower().translate(_PLAIN))


def _step(text: str) -> ExperimentStep:
    plain = _plain(text)
    match = next(filter(None, (re.fullmatch(each, plain) for each in _STEPS)), None)
    if match is None:
        raise StepError(
            f'"{text}" is not a step; known are: charge or discharge at 6.32 uA/cm2 or C/5 to'
            " 4.0 V (for 2 h), hold at 4.0 V until 0.1 uA/cm2, rest 10 min, and at the end:"
            " 300 times."
        )
    given: dict[str, Any] = dict.fromkeys(("density", "rate", "hours", "volts"))
    given |= match.groupdict()
    if given["volts"] is None and given["time"] is None:
        raise StepError(f'"{text}" must say where it ends: to 4.0 V, or for 10 min.')
    volts, seconds = given["volts"], given["time"]
    if volts is not None and not 0.0 <= (volts := float(volts)) <= _HIGHEST_V:
        raise StepError(f'"{text}" must have a voltage from 0 to {_HIGHEST_V:g} V.')
    if seconds is not None:
        seconds = float(seconds) * _SECONDS[given["time_unit"]]
        if not 0.0 < seconds <= _LONGEST_S:
            raise StepError(f'"{text}" must take more than 0 and up to {_LONGEST_S:g} s.')
    return ExperimentStep(given["kind"], _current(text, given), volts, seconds, text)


def _current(text: str, given: dict[str, Any]) -> Current | None:
    if given["density"] is not None:
        current = Current(float(given["density"]) * _DENSITIES[given["unit"]])
        if not 0.0 < current.value <= _HIGHEST_UA_CM2:
            raise StepError(f'"{text}" must have a current above 0 and up to 1 A/cm2.')
        return current
    if given["rate"] is None and given["hours"] is None:
        return None
    number = float(given["rate"] or given["hours"])
    rate_c = number if given["rate"] is not None or not number else 1.0 / number
    if not 0.0 < rate_c <= _HIGHEST_C:
        raise StepError(f'"{text}" must have a rate above 0 and up to {_HIGHEST_C:g} C.')
    return Current(rate_c, is_rate=True)
