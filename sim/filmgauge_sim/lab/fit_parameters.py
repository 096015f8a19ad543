"""What cycler data can tell of a film, and when they cannot: the parameters of a fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from math import exp, log

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.lab.segments import Segment, SegmentKind, flow_before
from filmgauge_sim.package_data import read_toml

# Two of them are two when they differ by more.
_CURRENT_RATIO = 1.5
_TEMPERATURES_APART_C = 5.0
_LEAST_REST_H = 30.0 / 3600.0


@dataclass(frozen=True, slots=True)
class FitParameter:
    """One parameter of a fit; ``widest`` is the half-width of a 95 % interval that still tells.

    One on a logarithmic scale is fitted as its logarithm; then ``widest`` is a share. ``floor``:
    less than this is as good as nothing.
    """

    name: str
    unit: str
    widest: float
    logarithmic: bool = False
    floor: float = 0.0

    def read(self, parameters: CellParameters) -> float:
        """The parameter on the scale of the fit."""
        value = getattr(parameters, self.name)
        return log(max(value, self.floor)) if self.logarithmic else value

    def value(self, scaled: float) -> float:
        """The parameter itself from that scale."""
        return exp(scaled) if self.logarithmic else scaled

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most on the scale of the fit, those of the parameter set."""
        limits = next(each.metadata for each in fields(CellParameters) if each.name == self.name)
        low, high = limits["low"], limits["high"]
        if not self.logarithmic:
            return low, high
        return log(max(low, self.floor)), log(high)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One fitted parameter and its 95 % interval; None where the data bound nothing on a side."""

    name: str
    unit: str
    value: float
    low: float | None
    high: float | None

    @property
    def interval(self) -> str:
        """The interval in words, with the unit."""
        if self.low is None:
            words = "any" if self.high is None else f"at most {self.high:.5g}"
        elif self.high is None:
            words = f"at least {self.low:.5g}"
        else:
            words = f"{self.low:.5g} to {self.high:.5g}"
        return f"{words} {self.unit}".rstrip()


_TABLE = read_toml("filmgauge_sim.lab", "fit_parameters.toml")
FIT_PARAMETERS = tuple(FitParameter(name, **given) for name, given in _TABLE["fitted"].items())
# Names of parameters -> why they stay as in the set begun with.
NOT_FITTED: dict[str, str] = _TABLE["kept"]


def not_fitted(estimates: Iterable[Estimate]) -> dict[str, str]:
    """What no cycles tell and nothing else told, with the reason."""
    told = {each.name for each in estimates}
    by_spectrum = {
        "lipon_conductivity_s_cm": {"lipon_conductivity_s_cm"},
        "*_capacitance_uf_cm2": {
            "electrolyte_capacitance_uf_cm2",
            "interface_capacitance_uf_cm2",
        },
    }
    return {
        name: reason
        for name, reason in NOT_FITTED.items()
        if not by_spectrum.get(name, {name}) <= told
    }


def unidentifiable(files: Sequence[Sequence[Segment]]) -> dict[str, str]:
    """Parameters that data of this kind cannot tell at all, with the reason; one list a file."""
    steps = [step for file in files for step in file]
    flows = [step for step in steps if step.kind is SegmentKind.FLOW]
    reasons: dict[str, str] = {}
    if len(_distinct([s.temperature_c for s in steps])) < 2:
        for name in ("diffusion_activation_energy_ev", "interface_activation_energy_ev"):
            reasons[name] = "all data are at one temperature"
    one_rate = _one_rate(flows)
    rests = any(
        step.duration_h >= _LEAST_REST_H and flow_before(file, k) is not None
        for file in files
        for k, step in enumerate(file)
    )
    if one_rate:
        reasons["contact_resistance_ohm_cm2"] = "all data are at one current"
    if one_rate and not rests:
        reasons["kinetic_share"] = (
            "one current and no rest on the plateau: static hysteresis and polarisation look alike"
        )
    if len({flow.charging for flow in flows}) < 2:
        way = "charges" if flows[0].charging else "discharges"
        reasons["plateau_gap_v"] = f"the data have {way} only"
    if not any(_charges_fully(file) for file in files):
        reasons["charge_acceptance"] = "no discharge is followed by a full charge"
    return reasons


def without_interval(files: Sequence[Sequence[Segment]]) -> frozenset[str]:
    """Parameters whose fitted value holds for the kept gap alone, by data of one direction.

    They shift and bend the one branch as the gap does; at one current diffusion shows only in a
    rest, and the capacity hangs on it.
    """
    flows = [step for file in files for step in file if step.kind is SegmentKind.FLOW]
    if len({flow.charging for flow in flows}) > 1:
        return frozenset()
    found = {"plateau_middle_v", "kinetic_share"}
    if _one_rate(flows):
        found |= {"diffusion_time_h", "capacity_uah_cm2"}
    return frozenset(found)


def _one_rate(flows: Sequence[Segment]) -> bool:
    sizes = [abs(flow.current_ua_cm2) for flow in flows]
    return max(sizes) < _CURRENT_RATIO * min(sizes)


def reference_current(flows: Sequence[Segment]) -> float:
    """The smallest current of a step that passed a good part of the charge, uA/cm2."""
    least = 0.3 * max(abs(flow.charge_uah_cm2) for flow in flows)
    return min(abs(f.current_ua_cm2) for f in flows if abs(f.charge_uah_cm2) >= least)


def parameters_at(
    start: CellParameters, free: Sequence[FitParameter], point: Iterable[float]
) -> CellParameters:
    """The set at a point of the fit. Raises ParameterError where there is no such cell."""
    values = {u.name: u.value(float(x)) for u, x in zip(free, point, strict=True)}
    return replace(start, **values)


def _distinct(temperatures_c: Sequence[float]) -> list[float]:
    found: list[float] = []
    for degc in sorted(temperatures_c):
        if not found or degc - found[-1] > _TEMPERATURES_APART_C:
            found.append(degc)
    return found


def _charges_fully(steps: Sequence[Segment]) -> bool:
    """Whether a charge after a discharge meets its limit."""
    flows = [step for step in steps if step.kind is SegmentKind.FLOW]
    first = next((k for k, flow in enumerate(flows) if not flow.charging), len(flows))
    return any(flow.charging and flow.limit_v is not None for flow in flows[first:])
