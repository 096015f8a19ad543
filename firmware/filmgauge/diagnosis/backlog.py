"""Emits the records that a node keeps, oldest first, and leaves them there."""

import binascii

from filmgauge.board import this_board
from filmgauge.diagnosis.output import emit
from filmgauge.state import State

_MOST = 65535


def open_pages(pages, buffer):
    """Return what keeps state and records in pages of their own."""
    from filmgauge.store.page_store import PageStore

    return PageStore(pages, buffer, _MOST)


def open_backlog(pages, buffer):
    """Return the backlog where a board has it."""
    if pages:
        return open_pages(pages, buffer)
    from filmgauge.store.backlog import Backlog

    return Backlog("/backlog", _MOST)


def backlog(begin: int, count: int) -> None:
    """Emit how many there are, and `count` of them from number `begin` on, as hexadecimal."""
    backlog = open_backlog(this_board().pages(), State().buffer)
    names = backlog.names(begin + count)[begin:]
    emit({"waiting": backlog.count()})
    for name in names:
        try:
            emit([name, binascii.hexlify(backlog.read(name)).decode()])
        except OSError as error:
            emit([name, str(error)])
