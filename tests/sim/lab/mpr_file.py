"""Writes BioLogic .mpr files as EC-Lab would: for tests only.

A mark of 52 bytes, then modules: `MODULE`, a header with names, length, version and date, data.
The module of the data has the number of rows, the number of columns, the number of each column's
kind, zeros up to a fixed length, and the rows, packed. Of newer programs the header also has
the room of the module, all bits set, before its length.
"""

import struct

_MARK = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
_DATE = b"03/02/26"
_SETTINGS, _DATA = b"VMP Set   ", b"VMP data  "
# Flags (mode and direction share one byte), time, voltage, current, charge, cycle, step.
_KINDS = (1, 2, 4, 6, 8, 13, 24, 131)
_ROW = struct.Struct("<BdffddH")


def write_mpr(path, rows, *, since_1150=False):
    """Write rows with the voltage in V, the current in mA and the charge in mAh."""
    version, before_rows = (3, 406) if since_1150 else (2, 405)
    head = struct.pack("<IB", len(rows), len(_KINDS)) + struct.pack("<8H", *_KINDS)
    packed = [
        _ROW.pack(
            1 | (4 if r.current_a > 0.0 else 0),
            r.time_s,
            r.voltage_v,
            1e3 * r.current_a,
            1e3 * r.net_ah,
            float(r.cycle),
            r.step,
        )
        for r in rows
    ]
    data = head.ljust(before_rows, b"\0") + b"".join(packed)
    path.write_bytes(
        _MARK
        + _module(_SETTINGS, b"VMP settings", bytes(64), 10, since_1150)
        + _module(_DATA, b"VMP data", data, version, since_1150)
    )


def _module(short, long, data, version, since_1150):
    names = b"MODULE" + short + long.ljust(25)
    if since_1150:
        sizes = struct.pack("<IIII", 0xFFFFFFFF, len(data), version, 11)
    else:
        sizes = struct.pack("<II", len(data), version)
    return names + sizes + _DATE + data
