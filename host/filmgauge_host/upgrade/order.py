"""Payloads of the commands that bring a version, as docs/upgrade.md has them."""

import struct
from collections.abc import Iterator

from filmgauge.upgrade.staging import DOWNGRADE, SUPPLY_HOLDS
from filmgauge.uplink.version_orders import ABANDON, BEGIN, STATUS
from filmgauge_host.upgrade.version import Version

STATUS_PAYLOAD = bytes((STATUS,))
ABANDON_PAYLOAD = bytes((ABANDON,))


def order_payload(version: Version, downgrade: bool = False, supply_holds: bool = False) -> bytes:
    """Return the payload of UPDATE that orders a version."""
    flags = (DOWNGRADE if downgrade else 0) | (SUPPLY_HOLDS if supply_holds else 0)
    return struct.pack("<B32sHB", BEGIN, version.digest, len(version.manifest), flags)


def part_payloads(number: int, piece: bytes, room: int) -> Iterator[bytes]:
    """Yield the payloads of PIECE for one piece, with `room` bytes of it in each."""
    for at in range(0, len(piece), room):
        yield struct.pack("<HH", number, at) + piece[at : at + room]
