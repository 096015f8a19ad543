"""The last part of a wake that reports: sends the record, or stores it for later."""

from filmgauge.compat import const
from filmgauge.record import FAULT_BACKLOG, FAULT_STORE
from filmgauge.record.record import Record

_BACKLOG = const("/backlog")


class Reporter:
    """`uplink` is the way out; `capacity` records wait in flash at most, in `store` if given.

    record: the last one; has_reached: whether it is where it was to go, at a receiver or, where
    nobody acknowledges, in flash.
    """

    def __init__(self, uplink, capacity, state, store=None):
        self.uplink = uplink
        self.record = None
        self.has_reached = False
        self._state = state
        if not store:
            from filmgauge.store.backlog import Backlog

            store = Backlog(_BACKLOG, capacity)
        self._backlog = store

    def report(self, fields, ledger, level: int) -> bool:
        """Send a record of `fields`, with what waits in flash, at a level of service; return
        whether it is safe, sent or stored. `ledger` is for peers, None where there are none."""
        state, uplink, backlog = self._state, self.uplink, self._backlog
        record = self.record = Record(backlog=backlog.count(), **fields.__dict__)
        stored = uplink.stores_first and self._store(record)
        sent = uplink.send(record, backlog, not state.info_sent, ledger, level)
        if sent:
            state.info_sent = 1
        else:
            print("filmgauge: record %d waits: %s" % (fields.seq, uplink.error))
            stored = stored or self._store(record)
        self.has_reached = bool(sent or (stored and not uplink.acknowledges))
        state.transmitted(uplink.taken_nj)
        return bool(sent or stored)

    def _store(self, record):
        """Store a record for later; return whether flash took it."""
        try:
            if self._backlog.add(record.to_bytes()):
                self._state.faults |= FAULT_BACKLOG
        except OSError as error:
            self._state.faults |= FAULT_STORE
            print("filmgauge: backlog:", error)
            return False
        return True
