"""Writes Neware .ndax files, version 14, as a cycler would: for tests only.

A zip with the voltages and currents of every record (data.ndc), clock, charge and step of each
(data_runInfo.ndc) and the kinds of the steps (data_step.ndc). Each .ndc is a header of 4096 bytes
with its kind and version, then blocks of 4096 bytes: 132 bytes with a bit for every used row, the
rows, one byte at the end.
"""

import struct
import zipfile
from itertools import pairwise

BLOCK, START, END = 4096, 132, 1
RECORDS, STEPS, CLOCK = 1, 7, 18
VERSION = 14
CHARGE, DISCHARGE, HOLD, REST = 1, 2, 3, 4


def write_ndax(path, rows, steps):
    """``rows``: (time s, V, uA of the cell, step from 1); ``steps``: (cycle from 1, kind)."""
    clock, passed, start = [], 0.0, rows[0][0]
    for k, (old, new) in enumerate(pairwise([rows[0], *rows])):
        time, _, current, step = new
        before = old[2]  # a row has the current at its time
        if step != old[3]:
            start, passed, before = old[0], 0.0, current
        passed += 0.5 * (before + current) * (time - old[0]) / 3.6e6
        clock.append(
            struct.pack("<Ix", round(1000 * (time - start)))
            + struct.pack("<4f8x", 1e-3 * max(passed, 0.0), 1e-3 * max(-passed, 0.0), 0.0, 0.0)
            + struct.pack("<iIIIh8x", 0, 1_700_000_000 + int(time), step, k + 1, 0)
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("VersionInfo.xml", "<root><config/></root>")
        archive.writestr("Step.xml", "<root><config/></root>")
        records = [struct.pack("<2f", volts, 1e-6 * ua) for _, volts, ua, _ in rows]
        archive.writestr("data.ndc", _ndc(RECORDS, records))
        archive.writestr("data_runInfo.ndc", _ndc(CLOCK, clock))
        kinds = [struct.pack("<II16xB12x", cycle - 1, 1, kind) for cycle, kind in steps]
        archive.writestr("data_step.ndc", _ndc(STEPS, kinds))


def _ndc(kind, rows):
    header = bytes([kind, 0, VERSION]).ljust(BLOCK, b"\0")
    size = len(rows[0])
    room = (BLOCK - START - END) // size
    blocks = [header]
    for first in range(0, len(rows), room):
        own = rows[first : first + room]
        used = ((1 << len(own)) - 1).to_bytes(START - 4, "little")
        block = bytes(4) + used + b"".join(own)
        blocks.append(block.ljust(BLOCK, b"\0"))
    return b"".join(blocks)
