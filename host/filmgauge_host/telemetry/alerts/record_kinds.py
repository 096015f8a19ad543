"""What is judged on the live records of a node."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from filmgauge.record.limit_text import KINDS, LEVELS
from filmgauge.record.record_text import FAULT_NAMES
from filmgauge_host.telemetry.alerts.kind import Kind, Threshold, Values
from filmgauge_host.telemetry.alerts.node_memory import Change
from filmgauge_host.telemetry.messages import Scalar
from filmgauge_host.telemetry.received_record import ReceivedRecord

_FAULTS = tuple(FAULT_NAMES.split())
_LIMITS = tuple(KINDS.split())
_LEVELS = ("none", *LEVELS.split())
_COUNTER = 1 << _FAULTS.index("counter")
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record, what is new in it, and the node's description (`/info`)."""

    received: ReceivedRecord
    change: Change
    info: Mapping[str, Scalar]

    def value(self, name: str) -> int | None:
        """Return a field of the record in its integer unit, None when not known."""
        return self.received.value(name)


class RecordKind(NamedTuple):
    """A kind with what it measures of a record, and the sentence on a subject of it, without the
    threshold, which is made when an alert is raised."""

    kind: Kind
    measure: Callable[[Evidence], Values]
    text: Callable[[Evidence, str], str]


def _available_pct(evidence: Evidence) -> Values:
    available, full = evidence.value("available_nah"), evidence.value("available_full_nah")
    if available is None or full is None:
        return None
    return {"": 100 * available / full if full else 0.0}  # so cold that a full cell is empty too


def _available_text(evidence: Evidence, _subject: str) -> str:
    uah = [(evidence.value(f"available{part}_nah") or 0) / 1e3 for part in ("", "_full")]
    cdeg = evidence.value("temperature_cdeg")
    where = "" if cdeg is None else f" at {cdeg / 100:.1f} degC"
    return f"it gives {uah[0]:.1f} of {uah[1]:.1f} uAh{where}"


def _days_left(evidence: Evidence) -> Values:
    seconds = evidence.value("to_empty_s")
    if seconds is not None:
        return {"": seconds / _DAY_S}
    return None if evidence.value("available_nah") is None else {"": math.inf}


def _days_text(evidence: Evidence, _subject: str) -> str:
    days = (evidence.value("to_empty_s") or 0) / _DAY_S
    return f"at the mean current of the last hour it is empty in {days:.1f} days"


def _capacity_pct(evidence: Evidence) -> Values:
    full, design = evidence.value("full_nah"), evidence.info.get("full_uah")
    seen = evidence.value("capacity_age_h") is not None
    if full is None or not seen or not isinstance(design, int | float) or not design > 0:
        return None
    return {"": full / design / 10}


def _capacity_text(evidence: Evidence, _subject: str) -> str:
    full = (evidence.value("full_nah") or 0) / 1e3
    return f"its capacity is {full:.1f} of {evidence.info.get('full_uah')} uAh"


def _sigma_pct(evidence: Evidence) -> Values:
    sigma_ppm = evidence.value("soc_sigma_ppm")
    return None if sigma_ppm is None else {"": sigma_ppm / 1e4}


def _sigma_text(evidence: Evidence, _subject: str) -> str:
    ppm = [evidence.value(name) or 0 for name in ("soc_ppm", "soc_sigma_ppm")]
    return f"the state of charge is {ppm[0] / 1e4:.1f} ± {ppm[1] / 1e4:.1f} %"


def _drift_pct(evidence: Evidence) -> Values:
    drift = evidence.change.drift_pct_per_day
    return None if drift is None else {"": drift}


def _drift_text(evidence: Evidence, _subject: str) -> str:
    drift = evidence.change.drift_pct_per_day
    return f"the ends of the curve correct its count by {drift:.2f} % a day beyond two sigma"


def _limit_levels(evidence: Evidence) -> Values:
    word = evidence.value("limits")
    if not word:
        return None if word is None else {}
    return {name: level for name in _LIMITS if (level := _level(word, name))}


def _limit_text(evidence: Evidence, subject: str) -> str:
    return f"{subject} is at {_LEVELS[_level(evidence.value('limits') or 0, subject)]}"


def _level(word: int, name: str) -> int:
    return word >> 2 * _LIMITS.index(name) & 3


def _fault_bits(evidence: Evidence) -> Values:
    word = evidence.value("faults")
    if not word:
        return None if word is None else {}
    return {name: 1 for at, name in enumerate(_FAULTS) if word >> at & 1}


def _fault_text(_evidence: Evidence, subject: str) -> str:
    return f"it reports the fault {subject}"


def _refusing(evidence: Evidence) -> Values:
    word = evidence.value("faults")
    return None if word is None else {"": bool(word & _COUNTER)}


def _refusing_text(_evidence: Evidence, _subject: str) -> str:
    return "it has lost a counter of its keys, and refuses every command until it has new keys"


def _restarted(evidence: Evidence) -> Values:
    return {"": bool(evidence.change.restart)}


def _restarted_text(evidence: Evidence, _subject: str) -> str:
    return evidence.change.restart


def _new_life(evidence: Evidence) -> Values:
    return {"": evidence.change.new_life or evidence.change.lost_memory}


def _new_life_text(evidence: Evidence, _subject: str) -> str:
    change = evidence.change
    text = "it has begun a new life" if change.new_life else "it began without its memory"
    return text + (", and its journal could not be used" if change.lost_memory else "")


_OWN_RULE = ("reset", "life", "counter")  # faults of which a kind knows more than the name

RECORD_KINDS: Mapping[str, RecordKind] = {
    each[0].name: RecordKind(*each)
    for each in (
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
            _available_pct,
            _available_text,
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
            _days_left,
            _days_text,
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
            _capacity_pct,
            _capacity_text,
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
            _sigma_pct,
            _sigma_text,
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
            _drift_pct,
            _drift_text,
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
            _limit_levels,
            _limit_text,
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
            _fault_bits,
            _fault_text,
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
            _restarted_text,
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
            _new_life_text,
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
            _refusing,
            _refusing_text,
        ),
    )
}


def watched(kind: Kind, names: Iterable[str]) -> frozenset[str]:
    """Return the subjects that a rule with these `names` judges; all for a kind without names."""
    return frozenset(names) or frozenset(kind.names) - frozenset(kind.excluded)
