"""Measured impedance spectra: tables of one's own, EC-Lab (.mpt), Gamry (.dta), Z-Plot (.z).

Each is text, also packed (.gz), with one line that names its columns; what stands above it and a
line of units below it are passed over. A spectrum ends where the numbers do, or where its
frequencies begin anew.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.lab.cycler_data import Numbers
from filmgauge_sim.lab.cyclers.text_source import TextSource

Complexes = NDArray[np.complex128]
# Hz, and real and imaginary part in ohm.
_Row: TypeAlias = tuple[float, float, float]

FREQUENCY, REAL, IMAGINARY = "frequency_hz", "re_ohm", "im_ohm"
# Names without blanks and in small letters, and the factor of the imaginary part.
_FREQUENCIES = {FREQUENCY, "freq/hz", "freq", "freq(hz)", "frequency/hz", "frequency(hz)"}
_FREQUENCIES |= {"frequency", "f/hz", "f(hz)"}
_REALS = {REAL, "re(z)/ohm", "zreal", "z'(a)", "z'(ohm)", "z'", "zre", "re/ohm", "z_re", "re(z)"}
_IMAGINARIES = {IMAGINARY, "im(z)/ohm", "zimag", "z''(b)", "z''(ohm)", "z''", "zim", "im/ohm"}
_IMAGINARIES |= {"z_im", "im(z)"}
_NEGATIVES = {f"-{name}" for name in _IMAGINARIES}
_LEAST_POINTS = 8
# The names stand within so many lines.
_HEAD_LINES = 5000
_UNIT_LINES = 2
# So much of a line stands in a sentence.
_SHOWN = 40
# A spectrum whose imaginary parts are mostly positive is written with the other sign.
_POSITIVE = 0.5


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Areal impedance over falling frequencies; inductive points only above all others.

    remarks: what was done to the numbers of the file, a sentence each.
    """

    name: str
    frequencies_hz: Numbers
    impedance_ohm_cm2: Complexes
    remarks: tuple[str, ...] = ()

    def without(self, inductive: NDArray[np.bool_]) -> "Spectrum":
        """The spectrum without these points, which are inductive; it says so."""
        own, left = self.frequencies_hz[inductive], ~inductive
        remark = (
            f"{self.name}: {len(own)} inductive points left out, at {own.min():.3g} to"
            f" {own.max():.3g} Hz"
        )
        z = self.impedance_ohm_cm2[left]
        return Spectrum(self.name, self.frequencies_hz[left], z, (*self.remarks, remark))


def read_spectrum(path: Path, area_cm2: float) -> Spectrum:
    """Read the first spectrum of a file. Raises ValueError (with the file's name), OSError."""
    try:
        found = _header(list(TextSource(path).lines()))
    except ValueError as error:
        raise ValueError(f"{path.name} {str(error).rstrip('.')}.") from None
    if found is None:
        raise ValueError(
            f"{path.name} must have columns {FREQUENCY}, {REAL} and {IMAGINARY}, or be a spectrum"
            " of EC-Lab (.mpt), Gamry (.dta) or Z-Plot (.z)."
        )
    rows = _rows(found, path.name)
    if not rows:
        raise ValueError(f"{path.name} has no numbers below its names of columns.")
    return _spectrum(path.name, rows, area_cm2)


def is_spectrum(path: Path) -> bool:
    """Whether a file names the columns of a spectrum. Raises OSError."""
    try:
        return _header(TextSource(path).head) is not None
    except ValueError:  # it is no text
        return False


def spectrum_csv(frequencies_hz: Sequence[float], impedance_ohm: Sequence[complex]) -> str:
    """The text of a table that ``read_spectrum`` reads; ohm of the whole cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((FREQUENCY, REAL, IMAGINARY))
    for hertz, z in zip(frequencies_hz, impedance_ohm, strict=True):
        writer.writerow([f"{value:.9g}" for value in (hertz, z.real, z.imag)])
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class _Header:
    """The lines below the names, how they are parted, and which columns are which."""

    number: int  # of the line with the names, from 1
    lines: Sequence[str]
    separator: str | None
    columns: tuple[int, int, int]
    sign: float  # of the imaginary part


def _header(lines: Sequence[str]) -> _Header | None:
    for number, line in enumerate(lines[:_HEAD_LINES]):
        for separator in ("\t", ";", ",", None):
            names = [
                re.sub(r'[\s"]', "", name).lower().replace("ω", "ohm").replace("′", "'")
                for name in _cells(line, separator)
            ]
            places = [
                next((k for k, name in enumerate(names) if name in wanted), None)
                for wanted in (_FREQUENCIES, _REALS, _IMAGINARIES | _NEGATIVES)
            ]
            f, real, imaginary = places
            if f is not None and real is not None and imaginary is not None:
                sign = -1.0 if names[imaginary] in _NEGATIVES else 1.0
                return _Header(
                    number + 1, lines[number + 1 :], separator, (f, real, imaginary), sign
                )
    return None


def _rows(header: _Header, name: str) -> list[_Row]:
    """Hz and ohm of every row until the numbers end.

    Raises ValueError where the spectrum goes on behind a line that is no row of it.
    """
    passed = 0
    found: list[_Row] = []
    for k, line in enumerate(header.lines):
        row = _numbers(line, header)
        if row is not None:
            found.append(row)
        elif found:
            goes_on = _goes_on(found, header, k + 1)
            if goes_on and line.strip():
                raise ValueError(
                    f"{name} line {header.number + k + 1}: must be a row of the spectrum, which"
                    f" goes on below it, not {line.strip()[:_SHOWN]!r}."
                )
            if not goes_on:
                break
        elif line.strip():
            passed += 1
            # Between the names and the numbers of Z-Plot stands a line that ends its comments.
            if passed > _UNIT_LINES:
                break
    return found


def _goes_on(found: Sequence[_Row], header: _Header, behind: int) -> bool:
    """Whether the next line that is not empty holds the next frequency."""
    line = next((line for line in header.lines[behind:] if line.strip()), "")
    row = _numbers(line, header)
    if row is None or len(found) < 2:
        return row is not None
    return (row[0] - found[-1][0]) * (found[-1][0] - found[-2][0]) > 0.0


def _numbers(line: str, header: _Header) -> _Row | None:
    # Z-Plot names its columns between tabs and may part its numbers by commas.
    for separator in dict.fromkeys((header.separator, ",", None)):
        cells = _cells(line, separator)
        try:
            own = [cells[k] for k in header.columns]
            f, real, imaginary = map(_number, own)
        except (ValueError, IndexError):
            continue
        # A comma beside points parts thousands.
        if "." in "".join(own) and "," in "".join(own):
            continue
        return f, real, header.sign * imaginary
    return None


def _cells(line: str, separator: str | None) -> list[str]:
    """The cells of a line; None: parted by blanks."""
    if separator is None:
        return line.replace('"', " ").split()
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _number(cell: str) -> float:
    return float(cell.replace(",", "."))


def _spectrum(name: str, rows: Sequence[_Row], area_cm2: float) -> Spectrum:
    remarks: list[str] = []
    table = np.array(rows)
    if not np.isfinite(table).all() or (table[:, 0] <= 0.0).any():
        raise ValueError(f"{name} must have frequencies above 0 and numbers in every row.")
    nothing = table[(table[:, 1] == 0.0) & (table[:, 2] == 0.0), 0]
    if len(nothing):
        raise ValueError(
            f"{name} must have an impedance above 0 ohm in every row: it has 0 ohm in"
            f" {len(nothing)}, the first at {nothing[0]:.6g} Hz."
        )
    one = _first_run(table[:, 0])
    if one < len(table):
        remarks.append(f"{name} has several spectra, of which the first is taken")
    table = table[:one]
    table = table[np.argsort(-table[:, 0], kind="stable")]
    if (table[:, 2] > 0.0).mean() > _POSITIVE:
        raise ValueError(
            f"{name} has positive imaginary parts, as no cell has: name the column -im_ohm if it"
            " is -Im Z."
        )
    inductive = table[:, 2] > 0.0
    if (~inductive).sum() < _LEAST_POINTS:
        raise ValueError(f"{name} must have {_LEAST_POINTS} points of a cell or more.")
    z = area_cm2 * (table[:, 1] + 1j * table[:, 2])
    found = Spectrum(name, table[:, 0], z, tuple(remarks))
    # The inductance of leads shows at the highest frequencies, and nowhere else.
    stray = inductive & ~np.logical_and.accumulate(inductive)
    return found.without(stray) if stray.any() else found


def _first_run(frequencies_hz: Numbers) -> int:
    """How many rows the first spectrum has: its frequencies fall, or rise, throughout."""
    way = np.sign(frequencies_hz[-1] - frequencies_hz[0]) if len(frequencies_hz) < 3 else 0.0
    for k, (before, now) in enumerate(pairwise(frequencies_hz), 1):
        step = np.sign(now - before)
        way = way or step
        if step == -way:
            return k
    return len(frequencies_hz)
