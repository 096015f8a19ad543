"""What a fit leaves behind: the parameter set as TOML, and a picture."""

import json
import re
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from filmgauge_sim.cell import CellParameters
from filmgauge_sim.cell.parameters import parse_parameters
from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.lab.figures import COLOURS, Picture
from filmgauge_sim.lab.fit import Fit
from filmgauge_sim.lab.residuals import Residual

_MOST_LABELS = 12
# Stated at plateau_current_ua_cm2, which is one of the data.
_AT_THE_CURRENT = ("plateau_gap_v", "kinetic_share")


def fitted_set(found: Fit, base: str, sources: str, name: str) -> tuple[str, CellParameters]:
    """The text of a TOML file with the fitted set, and what it is read as.

    base: name or path of the set begun with. sources: where the data are from.
    Raises ValueError when a number of the set begun with cannot be replaced.
    """
    text = _toml(found, base, sources, name)
    loaded = parse_parameters(text, name)
    _check(loaded, found.parameters)
    return text, loaded


def check_name(name: str) -> None:
    """Raise ValueError for a name that no set can have."""
    try:
        parse_toml(f"name = {json.dumps(name, ensure_ascii=False)}")
        name.encode()
    except (UnicodeEncodeError, TomlError):
        raise ValueError(f"the set must have a name of text, not {name!r}.") from None


def _toml(found: Fit, base: str, sources: str, name: str) -> str:
    """The text of the set begun with, with new values and where they are from."""
    inside = files("filmgauge_sim.cell") / "sets" / f"{base}.toml"
    text = (inside if inside.is_file() else Path(base)).read_text(encoding="utf-8-sig")
    plain = " ".join(sources.split())
    head = f"# Fitted to {plain}, begun with {Path(base).name}; what is not fitted is from there."
    for fault in found.faults:
        head += f"\n# Forced, although {' '.join(fault.split())}."
    text = f"{head}\n{text}"
    text = _line(text, "name", json.dumps(name, ensure_ascii=False), "that of the file")
    for each in found.estimates:
        value = f"{getattr(found.parameters, each.name):.6g}"
        text = _line(text, each.name, value, f"fitted: {each.interval} with 95 %")
    current = f"{found.parameters.plateau_current_ua_cm2:.6g}"
    text = _line(text, "plateau_current_ua_cm2", current, "a current of the data")
    for key, reason in found.unidentified.items():
        value = repr(getattr(found.parameters, key))
        where = " at plateau_current_ua_cm2" if key in _AT_THE_CURRENT else ""
        text = _line(text, key, value, f"kept from {Path(base).name}{where}: {reason}")
    return text


def _line(text: str, key: str, value: str, comment: str) -> str:
    line = f"{key} = {value}  # {comment}"
    found, count = re.subn(rf"(?m)^[ \t]*{key}[ \t]*=.*$", lambda _: line, text)
    # What the set begun with leaves to its base gets a line of its own.
    return found if count else f"{text.rstrip()}\n{line}\n"


def _check(loaded: CellParameters, wanted: CellParameters) -> None:
    for each in fields(CellParameters):
        if not each.metadata:
            continue
        is_value, should = getattr(loaded, each.name), getattr(wanted, each.name)
        if abs(is_value - should) > 1e-5 * abs(should) + 1e-12:
            raise ValueError(f"{each.name} must stand on a line of its own in the set begun with.")


def picture(found: Fit, title: str = "") -> Picture:
    """Measured and fitted voltages, their differences, and those of the charges."""

    def draw(panels: Any) -> None:
        _draw_voltages(panels[0], found)
        _draw_errors(panels[1], found)
        _draw_charges(panels[2], found)

    return Picture(draw, panels=3, title=title)


def _draw_voltages(axes: Any, found: Fit) -> None:
    steps = _by_step(found)
    for step, own in steps.items():
        colour, first = COLOURS[step % len(COLOURS)], own[0]
        flows = f"{first.current_ua_cm2:.3g} uA/cm2" if first.current_ua_cm2 else "rest"
        label = f"step {first.step_number}: {flows}, {first.temperature_c:g} degC"
        shares = [each.point.share for each in own]
        axes.plot(shares, [each.point.measured for each in own], "o", markersize=3, color=colour)
        line = axes.plot(shares, [each.simulated for each in own], "-", linewidth=0.9)[0]
        line.set(color=colour, label=label)
    axes.set(xlabel="share of the step", ylabel="voltage / V")
    axes.set_title("dots measured, lines fitted, a colour a step", fontsize=9)
    if len(steps) <= _MOST_LABELS:
        axes.legend(fontsize=6, ncols=2)


def _draw_errors(axes: Any, found: Fit) -> None:
    at = 0
    for step, own in _by_step(found).items():
        numbers = range(at, at + len(own))
        errors = [1e3 * each.error for each in own]
        axes.plot(numbers, errors, ".", markersize=4, color=COLOURS[step % len(COLOURS)])
        at += len(own)
    axes.axhline(0.0, color="black", linewidth=0.6)
    axes.set(xlabel="voltage, in the order of the data", ylabel="fitted - measured / mV")


def _draw_charges(axes: Any, found: Fit) -> None:
    own = [each for each in found.residuals if each.point.is_charge]
    for k, each in enumerate(own):
        charging = each.current_ua_cm2 > 0.0
        # Over a negative charge too this is positive when the fitted cell passes more.
        error = 100.0 * each.error / each.point.measured
        axes.plot(k, error, "^" if charging else "v", color=COLOURS[1 if charging else 0])
    axes.axhline(0.0, color="black", linewidth=0.6)
    axes.set_ylabel("charge, fitted - measured / %")
    ways = "(up: charge or hold, down: discharge)"
    if len(own) <= _MOST_LABELS:
        axes.set_xticks(range(len(own)), [f"{abs(each.current_ua_cm2):.3g}" for each in own])
        axes.set_xlabel(f"uA cm$^{{-2}}$ {ways}")
    else:
        axes.set_xlabel(f"charge, in the order of the data {ways}")


def _by_step(found: Fit) -> dict[int, list[Residual]]:
    steps: dict[tuple[int, int], list[Residual]] = {}
    for each in found.residuals:
        if not each.point.is_charge:
            steps.setdefault((each.file, each.point.step), []).append(each)
    return dict(enumerate(steps.values()))
