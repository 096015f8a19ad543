"""Values of the node's own service and of Device Information: integers, little-endian.

critical = write_all(ble, found, desk, counter)

Loaded when a central has come, and let go when all is written.
"""

import json
import struct

import filmgauge
from filmgauge.compat import const
from filmgauge.config import SECRETS, numbers, texts
from filmgauge.gauge.ledger import LINES
from filmgauge.uplink.ble import battery_service, gatt

_VERSION = const(1)
_UNKNOWN = const(0xFFFFFFFF)
_LONGEST = const(512)  # of an attribute; Core specification, vol 3 part F, 3.2.9


def write_all(ble, found, peer, counter: int) -> int:
    """Write the values of the three services, whose handles are `found`; return the critical
    status of the battery. `counter` is that of the last command."""
    battery, device, own = found
    record = peer.record
    for handle, value in zip(battery, battery_service.values(record, peer.profile)):
        ble.gatts_write(handle, value)
    names = ("filmgauge", peer.board.name, peer.config.node, filmgauge.VERSION)
    for handle, text in zip(device, names):
        ble.gatts_write(handle, text.encode())
    ble.gatts_write(own[gatt.RECORD], record.to_bytes())
    ble.gatts_write(own[gatt.LEDGER], _ledger(peer.ledger))
    ble.gatts_write(own[gatt.ENERGY], _energy(record, peer.profile))
    ble.gatts_write(own[gatt.STATE], peer.state(counter))
    ble.gatts_write(own[gatt.CONFIGURATION], configuration(peer.config))
    return battery_service.critical(record)


def configuration(config) -> bytes:
    """Return a JSON object of the keys that differ from their defaults, without secrets.

    Where they do not fit, as many as do, and "more": 1.
    """
    parts = []
    room = _LONGEST - len('{"more":1}')
    for name, default, _, _ in list(numbers()) + list(texts()):
        value = getattr(config, name)
        if value == default or name in SECRETS:
            continue
        part = '"%s":%s' % (name, json.dumps(value))
        room -= len(part) + 1
        if room < 0:
            parts.append('"more":1')
            break
        parts.append(part)
    return ("{" + ",".join(parts) + "}").encode()


def _ledger(ledger):
    lines = [ledger.line_pc(line) for line in range(LINES)]
    return struct.pack("<BB%dq" % LINES, _VERSION, LINES, *lines)


def _energy(record, profile):
    known = [_UNKNOWN, _UNKNOWN]
    if profile is not None:
        for i, nah in enumerate((record.available_nah, record.available_full_nah)):
            if nah is not None:
                known[i] = min(_UNKNOWN - 1, battery_service.energy_nwh(nah, profile))
    return struct.pack("<BII", _VERSION, *known)
