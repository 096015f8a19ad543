"""What is judged on the live records of a node."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from filmgauge.record.limit_text import KINDS, LEVELS
from filmgauge.record.record_text import FAULT_NAMES
from filmgauge_host.telemetry.alerts.kind import Kind, Measurement, Measurements, Threshold
from filmgauge_host.telemetry.alerts.node_memory import Change
from filmgauge_host.telemetry.messages import Scalar
from filmgauge_host.telemetry.received_record import ReceivedRecord

_FAULTS = tuple(FAULT_NAMES.split())
_LIMITS = tuple(KINDS.split())
_LEVELS = ("none", *LEVELS.split())
_COUNTER = 1 << _FAULTS.index("counter")
_DAY_S = 86400
_NONE: Measurements = {}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record, what is new in it, and the node's description (`/info`)."""

    received: ReceivedRecord
    change: Change
    info: Mapping[str, Scalar]

    def value(self, name: str) -> int | None:
        """Return a field of the record in its integer unit, None when not known."""
        return self.received.value(name)


Measure: TypeAlias = Callable[[Evidence], Measurements]


def _low(evidence: Evidence) -> Measurements:
    available, full = evidence.value("available_nah"), evidence.value("available_full_nah")
    if available is None or full is None:
        return _NONE
    share_pct = 100 * available / full if full else 0.0  # so cold that even a full cell is empty
    cdeg = evidence.value("temperature_cdeg")
    where = "" if cdeg is None else f" at {cdeg / 100:.1f} degC"
    text = f"it gives {available / 1e3:.1f} of {full / 1e3:.1f} uAh{where}, {share_pct:.1f} %"
    return _one(share_pct, text)


def _empty(evidence: Evidence) -> Measurements:
    seconds = evidence.value("to_empty_s")
    if seconds is not None:
        days = seconds / _DAY_S
        return _one(days, f"at the mean current of the last hour it is empty in {days:.1f} days")
    if evidence.value("available_nah") is None:
        return _NONE
    return _one(math.inf, "nothing is taken from it")


def _health(evidence: Evidence) -> Measurements:
    full, design = evidence.value("full_nah"), evidence.info.get("full_uah")
    seen = evidence.value("capacity_age_h") is not None
    if full is None or not seen or not isinstance(design, int | float) or not design > 0:
        return _NONE
    share_pct = full / design / 10
    return _one(
        share_pct, f"its capacity is {full / 1e3:.1f} of {design:.1f} uAh, {share_pct:.1f} %"
    )


def _sigma(evidence: Evidence) -> Measurements:
    sigma_ppm, soc_ppm = evidence.value("soc_sigma_ppm"), evidence.value("soc_ppm")
    if sigma_ppm is None or soc_ppm is None:
        return _NONE
    sigma_pct = sigma_ppm / 1e4
    return _one(sigma_pct, f"the state of charge is {soc_ppm / 1e4:.1f} ± {sigma_pct:.1f} %")


def _drift(evidence: Evidence) -> Measurements:
    drift = evidence.change.drift_pct_per_day
    if drift is None:
        return _NONE
    text = f"the ends of the curve correct the count by {drift:.2f} % of the capacity a day"
    return _one(drift, f"{text}, beyond two sigma")


def _limits(evidence: Evidence) -> Measurements:
    word = evidence.value("limits")
    if word is None:
        return _NONE
    levels = ((name, word >> 2 * at & 3) for at, name in enumerate(_LIMITS))
    return {name: Measurement(level, f"{name} is at {_LEVELS[level]}") for name, level in levels}


def _faults(evidence: Evidence) -> Measurements:
    word = evidence.value("faults")
    if word is None:
        return _NONE
    bits = ((name, word >> at & 1) for at, name in enumerate(_FAULTS))
    return {name: Measurement(bit, f"it reports the fault {name}") for name, bit in bits}


def _refused(evidence: Evidence) -> Measurements:
    word = evidence.value("faults")
    if word is None:
        return _NONE
    text = "it has lost a counter of its keys and refuses every command until it has new ones"
    return _one(bool(word & _COUNTER), text)


def _restarted(evidence: Evidence) -> Measurements:
    return _one(bool(evidence.change.restart), evidence.change.restart or "it goes on")


def _new_life(evidence: Evidence) -> Measurements:
    change = evidence.change
    text = "it has begun a new life" if change.new_life else "it began without its memory"
    if change.lost_memory:
        text += ", and its journal could not be used"
    return _one(change.new_life or change.lost_memory, text)


def _one(value: float, text: str) -> Measurements:
    return {"": Measurement(value, text)}


_OWN_RULE = ("reset", "life", "counter")  # faults of which a kind knows more than the name

RECORD_KINDS: Mapping[str, tuple[Kind, Measure]] = {
    kind.name: (kind, measure)
    for kind, measure in (
        (
            Kind(
                "low",
                "record",
                "the charge that is available at the present temperature and load",
                "warning",
                "2 records",
                "1 record",
                Threshold(10.0, 0.0, 100.0, "% of what a full cell gives there", True, 3.0),
            ),
            _low,
        ),
        (
            Kind(
                "empty",
                "record",
                "the time to empty at the mean current of the last hour",
                "warning",
                "3 records",
                "1 record",
                Threshold(3.0, 0.01, 3650.0, "days", True, 1.0),
            ),
            _empty,
        ),
        (
            Kind(
                "health",
                "record",
                "the capacity, once it was observed, beside `full_uah` of the node's `/info`",
                "warning",
                "3 records",
                "3 records",
                Threshold(80.0, 1.0, 100.0, "% of the design", True, 2.0),
            ),
            _health,
        ),
        (
            Kind(
                "sigma",
                "record",
                "the standard deviation of the state of charge",
                "info",
                "3 records",
                "1 record",
                Threshold(10.0, 0.1, 100.0, "%", False, 2.0),
            ),
            _sigma,
        ),
        (
            Kind(
                "drift",
                "record",
                "what the ends of the curve correct beyond two sigma of the record before",
                "warning",
                "1 record",
                "1 record",
                Threshold(2.0, 0.01, 100.0, "% of the capacity a day", False, 0.5),
            ),
            _drift,
        ),
        (
            Kind(
                "limits",
                "record",
                "a limit of the cell, each an alert of its own",
                "warning",
                "1 record",
                "2 records",
                Threshold(2.0, 1.0, 3.0, "level: 1 warning, 2 limit, 3 fault"),
                names=_LIMITS,
            ),
            _limits,
        ),
        (
            Kind(
                "faults",
                "record",
                "a fault, each an alert of its own",
                "warning",
                "1 record",
                "3 records",
                names=_FAULTS,
                excluded=_OWN_RULE,
            ),
            _faults,
        ),
        (
            Kind(
                "restarted",
                "record",
                "`boot` or `resets` has grown, or the fault `reset`",
                "warning",
                "1 record",
                "3 records",
            ),
            _restarted,
        ),
        (
            Kind(
                "new_life",
                "record",
                "another `life` than before, or the fault `life`: the journal is lost",
                "critical",
                "1 record",
                "12 records",
            ),
            _new_life,
        ),
        (
            Kind(
                "refused_commands",
                "record",
                "the fault `counter`: no command is obeyed",
                "critical",
                "1 record",
                "2 records",
            ),
            _refused,
        ),
    )
}


def watched(kind: Kind, names: Iterable[str]) -> frozenset[str]:
    """Return the subjects that a rule with these `names` judges; all for a kind without names."""
    return frozenset(names) or frozenset(kind.names) - frozenset(kind.excluded)
