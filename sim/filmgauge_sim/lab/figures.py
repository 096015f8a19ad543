"""Pictures of single experiments. matplotlib is imported when an image is made, not before."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from filmgauge_sim.lab.sweep import SweepPoint
from filmgauge_sim.lab.titration import RestedPoint
from filmgauge_sim.lab.trace import Trace

CHARGE = "charge / uAh cm$^{-2}$"
VOLTAGE = "voltage / V"
_TITLE_WIDTH = 85
COLOURS = ("#1f5fa8", "#c8502b", "#2d8a57", "#8a5aa8", "#b08a1e", "#4a4a4a")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is drawn when it is asked for; ``draw`` gets the axes, a list if several.

    title: what it shows, of which cell and under which conditions.
    """

    draw: Callable[[Any], None]
    panels: int = 1
    title: str = ""

    def image(self, suffix: str) -> bytes:
        """The picture as a file of that ending, .png or .svg. Raises ModuleNotFoundError."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.0, 4.2 + 2.8 * (self.panels - 1)), layout="constrained")
        axes = [figure.add_subplot(self.panels, 1, k + 1) for k in range(self.panels)]
        self.draw(axes if self.panels > 1 else axes[0])
        if self.title:
            figure.suptitle(fill(self.title, _TITLE_WIDTH), fontsize=10)
        for each in axes:
            each.grid(True, alpha=0.25)
        file = io.BytesIO()
        figure.savefig(file, format=suffix.removeprefix("."), dpi=130)
        return file.getvalue()


def half_cycles(trace: Trace) -> list[tuple[int, bool, list[float], list[float]]]:
    """Charges and discharges of a trace: cycle, charging, charge from zero, voltage.

    A hold belongs to the charge before it.
    """
    found: list[tuple[int, bool, list[float], list[float]]] = []
    origin = 0.0
    for sample in trace.samples:
        if not sample.current_ua_cm2:
            continue
        key = sample.cycle, sample.current_ua_cm2 > 0.0
        if not found or found[-1][:2] != key:
            found.append((*key, [], []))
            origin = sample.charge_uah_cm2
        found[-1][2].append(abs(sample.charge_uah_cm2 - origin))
        found[-1][3].append(sample.voltage_v)
    return found


def profiles(trace: Trace, labels: Mapping[int, str] | None = None) -> Picture:
    """Voltage over charge of every charge and discharge of a trace, a colour a cycle."""

    def draw(axes: Any) -> None:
        for cycle, charging, charge, voltage in half_cycles(trace):
            label = (labels or {}).get(cycle, f"cycle {cycle}")
            colour = COLOURS[(cycle - 1) % len(COLOURS)]
            axes.plot(charge, voltage, color=colour, label=None if charging else label)
        axes.set(xlabel=CHARGE, ylabel=VOLTAGE, ylim=(0.9, 4.1))
        axes.legend(fontsize=7, loc="lower left")

    return Picture(draw)


def points(xs: Sequence[float], ys: Sequence[float], x_label: str, y_label: str) -> Picture:
    """Single points."""

    def draw(axes: Any) -> None:
        axes.plot(xs, ys, "o", markersize=3, color=COLOURS[0])
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.set_ylim(0.0, 1.1 * max([*ys, 1e-9]))
        if all(isinstance(x, int) for x in xs):
            axes.xaxis.get_major_locator().set_params(integer=True)

    return Picture(draw)


def voltammogram(sweep: Iterable[SweepPoint]) -> Picture:
    """Current over voltage, a colour a cycle."""
    swept = list(sweep)
    curves = {
        f"cycle {cycle}": [(p.voltage_v, p.current_ua_cm2) for p in swept if p.cycle == cycle]
        for cycle in sorted({point.cycle for point in swept})
    }
    return _curves(curves, VOLTAGE, "current / uA cm$^{-2}$")


def nyquist(spectra: Mapping[str, Sequence[complex]]) -> Picture:
    """-Im over Re, a colour a spectrum."""
    curves = {label: [(z.real, -z.imag) for z in spectrum] for label, spectrum in spectra.items()}
    style = {"marker": "o", "markersize": 2.5, "linewidth": 0.8}
    plain = _curves(curves, "Re Z / ohm cm$^{2}$", "-Im Z / ohm cm$^{2}$", **style)

    def draw(axes: Any) -> None:
        plain.draw(axes)
        axes.set_aspect("equal", adjustable="datalim")

    return Picture(draw)


def branches(rested: Iterable[RestedPoint]) -> Picture:
    """Rested voltage over stoichiometry, both branches."""
    found = list(rested)
    curves = {
        branch: [(p.stoichiometry, p.rested_v) for p in found if p.branch == branch]
        for branch in ("discharge", "charge")
    }
    return _curves(curves, "stoichiometry (1 = charged)", "rested voltage / V", marker="o")


def over_time(trace: Trace) -> Picture:
    """Voltage over time."""
    return _curves({"": [(s.time_s, s.voltage_v) for s in trace.samples]}, "time / s", VOLTAGE)


def _curves(
    curves: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str, **style: Any
) -> Picture:
    """Lines through points, a colour a curve; with a legend where they have names."""

    def draw(axes: Any) -> None:
        for k, (label, curve) in enumerate(curves.items()):
            xs, ys = [x for x, _ in curve], [y for _, y in curve]
            axes.plot(xs, ys, color=COLOURS[k % len(COLOURS)], label=label, **style)
        axes.set(xlabel=x_label, ylabel=y_label)
        if any(curves):
            axes.legend(fontsize=8)

    return Picture(draw)
