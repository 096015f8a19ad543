"""A recording of any cycler as a file of the Battery Data Format (CSV)."""

import csv
import io
from collections.abc import Iterable, Iterator

from filmgauge_sim.lab import bdf
from filmgauge_sim.lab.cyclers.quantities import Values
from filmgauge_sim.lab.cyclers.recording import CellRecording

# So many rows are written at once.
_ROWS = 4096


def bdf_lines(recording: CellRecording) -> Iterator[bytes]:
    """The text of the file in portions: time from its first row, whole cell, charge positive."""
    columns = dict(_columns(recording))
    yield _text([list(columns)])
    first_s = recording.time_s[0]
    formats = {bdf.TIME: "{:.6f}", bdf.CYCLE: "{:.0f}", bdf.STEP: "{:.0f}"}
    forms = [formats.get(name, "{:.9g}").format for name in columns]
    for start in range(0, len(recording), _ROWS):
        portion = [values[start : start + _ROWS] for values in columns.values()]
        portion[0] = type(portion[0])("d", [value - first_s for value in portion[0]])
        rows = zip(*portion, strict=True)
        yield _text(
            [[form(value) for form, value in zip(forms, row, strict=True)] for row in rows]
        )


def _columns(recording: CellRecording) -> Iterator[tuple[str, Values]]:
    named = (
        (bdf.TIME, recording.time_s),
        (bdf.VOLTAGE, recording.voltage_v),
        (bdf.CURRENT, recording.current_a),
        (bdf.CYCLE, recording.cycle),
        (bdf.STEP, recording.step),
        (bdf.TEMPERATURE, recording.temperature_c),
        (bdf.NET_CHARGE, recording.charge_ah),
    )
    for name, values in named:
        if values is not None:
            yield name, values


def _text(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
