"""The last part of a wake that reports: sends the record, or stores it for later, and does what a
peer has asked for meanwhile."""

from filmgauge.compat import const, unload
from filmgauge.record import FAULT_BACKLOG, FAULT_STORE
from filmgauge.record.record import Record

_REQUEST_NEW_SESSION = const(8)  # uplink/peer_context.py


class Reporter:
    """`uplink` is the way out; `capacity` records wait in flash at most, in `store` if given.

    record: the last one; has_reached: whether it is where it was to go, at a receiver or, where
    nobody acknowledges, in flash.
    """

    def __init__(self, uplink, capacity, state, store=None, retained=None):
        self.uplink = uplink
        uplink.guard = self
        self.record = None
        self.has_reached = False
        self._state = state
        self._retained = retained
        self._is_stored = False  # the record that is being sent
        if not store:
            from filmgauge.store.backlog import PATH, Backlog

            store = Backlog(PATH, capacity)
        self._backlog = store

    def report(self, fields, ledger, level: int) -> bool:
        """Send a record of `fields`, with what waits in flash, at a level of service; return
        whether it is safe, sent or stored. `ledger` is for peers, None where there are none."""
        state, uplink, backlog = self._state, self.uplink, self._backlog
        record = self.record = Record(backlog=backlog.count(), **fields.__dict__)
        self._is_stored = False
        try:
            # Its number is taken only where nothing loses the record any more.
            state.seq += 1
            state.faults &= ~fields.faults
            state.pack()
            if uplink.stores_first:
                self._store(record)
            if self._retained:
                from filmgauge import sent_record

                sent_record.write(state, record.to_bytes())
                self._retained.save(state.buffer)
            sent = uplink.send(record, backlog, not state.info_sent, ledger, level)
        except Exception:
            if not self._is_stored:
                self._store(record)
            raise
        if sent:
            state.info_sent = 1
        else:
            print("filmgauge: record %d waits: %s" % (fields.seq, uplink.error))
            if not self._is_stored:
                self._store(record)
        stored = self._is_stored
        if self._retained and (sent or stored):
            sent_record.clear(state)  # pyright: ignore
        self.has_reached = bool(sent or (stored and not uplink.acknowledges))
        state.transmitted(uplink.taken_nj)
        return bool(sent or stored)

    def passes_trial(self, is_first: bool) -> "bool | None":
        """Return whether a version on trial has passed it, as upgrade/trial.py says."""
        from filmgauge.upgrade.trial import has_passed

        passed = has_passed(self, is_first)
        has_passed = None
        unload(".upgrade")
        return passed

    def apply_requests(self) -> "tuple[bool, bool] | None":
        """Put into the state what a peer has asked for; return whether that must reach flash now,
        and whether the board is to boot, None where there is nothing."""
        peer = self.uplink.peer
        left = self._state.requests & _REQUEST_NEW_SESSION
        if peer is None or not (peer.requests or peer.refused or left):
            return None
        from filmgauge.uplink.peer_requests import apply_requests

        asked = apply_requests(peer, self._state)
        apply_requests = None
        unload(".uplink.peer_requests")
        return asked

    def keep(self) -> None:
        """Let the record outlive a reset, before what may end in one."""
        if not (self._is_stored or self._retained):
            self._store(self.record)

    def delivered(self) -> None:
        """Forget that the record was stored meanwhile: it is where it was to go."""
        if self._is_stored:
            self._backlog.remove_newest()
            self._is_stored = False

    def _store(self, record):
        """Store a record for later, if flash takes it."""
        try:
            if self._backlog.add(record.to_bytes()):
                self._state.faults |= FAULT_BACKLOG
            self._is_stored = True
        except OSError as error:
            self._state.faults |= FAULT_STORE
            print("filmgauge: backlog:", error)
