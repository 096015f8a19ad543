"""Tells the records that a node keeps, oldest first, and leaves them there."""

import binascii

from filmgauge.diagnosis.output import tell
from filmgauge.store.backlog import Backlog

_MOST = 65535


def kept(begin: int, count: int) -> None:
    """Tell how many there are, and `count` of them from number `begin` on, as hexadecimal."""
    backlog = Backlog("/backlog", _MOST)
    names = backlog.names(begin + count)[begin:]
    tell({"waiting": backlog.count()})
    for name in names:
        try:
            tell([name, binascii.hexlify(backlog.read(name)).decode()])
        except OSError as error:
            tell([name, str(error)])
