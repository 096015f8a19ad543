"""Writes the truth of a virtual node as a Battery Data Format file."""

import csv
import datetime
from pathlib import Path

from filmgauge_sim.nodes.virtual_node import VirtualNode

# The first five are the format's own names and units; the last one is ours.
_COLUMNS = (
    "Test Time / s",
    "Voltage / V",
    "Current / A",
    "Ambient Temperature / degC",
    "Step Count / 1",
    "Stoichiometry / 1",
)


def write_truth(node: VirtualNode, folder: Path, day: datetime.date) -> Path:
    """Write one row for each wake and return the path. Positive current charges."""
    path = folder / f"filmgauge__{node.name}__{day:%Y%m%d}_001.bdf.csv"
    step, phase = 0, None
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for truth in node.truth:
            step += truth.phase != phase
            phase = truth.phase
            writer.writerow(
                (
                    f"{truth.now_us / 1e6:.6f}",
                    f"{truth.voltage_v:.6f}",
                    f"{truth.current_ua / 1e6:.12f}",
                    f"{truth.temperature_c:.4f}",
                    step,
                    f"{truth.stoichiometry:.9f}",
                )
            )
    return path
