"""`filmgauge lab convert`: a file of any cycler as Battery Data Format."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filmgauge_host.atomic_file import written
from filmgauge_host.cli.cycler_options import reading_options
from filmgauge_host.cli.lab_options import check_area_and_temperature, check_outputs, sentences
from filmgauge_host.cli.options import FILE, JSON, show
from filmgauge_host.errors import InputError
from filmgauge_sim.lab.cyclers.options import ReadingOptions

if TYPE_CHECKING:
    from filmgauge_sim.lab.cyclers.recording import CellRecording

_DATA = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(short_help="Read FILE of any cycler and write Battery Data Format.")
@click.argument("file", type=_DATA)
@click.option("--bdf", type=FILE, required=True, help="Battery Data Format (CSV) to write.")
@click.option("--area", type=float, default=None, help="Film area, cm2, for columns per cm2.")
@click.option("--ignore-count", is_flag=True, help="Leave out the count of charge.")
@reading_options
@JSON
def convert(
    file: Path,
    bdf: Path,
    area: float | None,
    ignore_count: bool,
    reading: ReadingOptions,
    as_json: bool,
) -> None:
    """Read FILE of any cycler and write it as Battery Data Format; say what was read as what."""
    check_outputs(bdf)
    if area is not None:
        check_area_and_temperature(area, 25.0)
    if bdf.resolve() == file.resolve():
        raise InputError(f"--bdf must be another file than {file}, which is read")
    with sentences():
        from filmgauge_sim.lab.conversion import bdf_lines
        from filmgauge_sim.lab.cyclers.layout import MEASUREMENT
        from filmgauge_sim.lab.cyclers.reader import read_recording

        reading = replace(reading, ignore_count=ignore_count)
        recording = read_recording(file, MEASUREMENT, reading, area)
        try:
            gaps = _checked(recording)
        except ValueError as error:
            raise InputError(f"{file.name}: {str(error).rstrip('.')}") from None
        with written(bdf) as out:
            out.writelines(bdf_lines(recording))
    result = {
        "file": str(bdf),
        "source": recording.source,
        "rows": len(recording),
        "hours": (recording.time_s[-1] - recording.time_s[0]) / 3600.0,
        "columns": {str(q): column.name for q, column in recording.columns.items()},
        "gaps": gaps,
        "remarks": recording.remarks,
    }
    show(as_json, result, _lines(file, bdf, recording, gaps))


def _checked(recording: "CellRecording") -> int:
    """How often nothing was logged for long. Raises ValueError for what no cell can do."""
    import numpy as np

    from filmgauge_sim.lab.cyclers.count_check import check_count
    from filmgauge_sim.lab.cyclers.gaps import find_gaps
    from filmgauge_sim.lab.cyclers.plausibility import check_plausible

    check_plausible(recording)
    assert recording.current_a is not None
    time, current = np.frombuffer(recording.time_s), np.frombuffer(recording.current_a)
    step = None if recording.step is None else np.frombuffer(recording.step)
    gaps = find_gaps(time, current, step)
    if recording.charge_ah is not None:
        charge = np.frombuffer(recording.charge_ah)
        names = {str(q): column.name for q, column in recording.columns.items()}
        check_count(time / 3600.0, current, charge, step, gaps, names)
    return len(gaps)


def _lines(file: Path, bdf: Path, recording: "CellRecording", gaps: int) -> Iterator[str]:
    hours = (recording.time_s[-1] - recording.time_s[0]) / 3600.0
    yield f"{file}: {len(recording)} rows of {recording.source}, {hours:.4g} h"
    for quantity, column in recording.columns.items():
        unit = column.unit.name.strip() if column.unit is not None else ""
        yield f"  {quantity:12} {column.name}" + (f", in {unit}" if unit else "")
    for remark in recording.remarks:
        yield f"  {remark}"
    if gaps:
        yield f"  {gaps} times nothing was logged for long while a current flowed"
    yield f"{bdf}: Battery Data Format"
