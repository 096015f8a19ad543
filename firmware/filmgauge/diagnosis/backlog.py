"""Emits the records that a node keeps, oldest first, and leaves them there."""

import binascii

from filmgauge.diagnosis.output import emit
from filmgauge.store.backlog import Backlog

_MOST = 65535


def backlog(begin: int, count: int) -> None:
    """Emit how many there are, and `count` of them from number `begin` on, as hexadecimal."""
    backlog = Backlog("/backlog", _MOST)
    names = backlog.names(begin + count)[begin:]
    emit({"waiting": backlog.count()})
    for name in names:
        try:
            emit([name, binascii.hexlify(backlog.read(name)).decode()])
        except OSError as error:
            emit([name, str(error)])
