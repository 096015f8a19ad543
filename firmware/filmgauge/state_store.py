"""Where the state of a node is kept: in retained memory, which a sleep leaves alone, and in a
journal in flash, which outlives the power.

    store = StateStore(board, state, backlog)
    store.save(to_flash)
"""

from filmgauge.compat import const
from filmgauge.record import FAULT_STORE
from filmgauge.store.retained import Retained

_JOURNAL = const("/state")


class StateStore:
    """Keeps the buffer of `state`. retained: the memory; pages: what is journal and backlog at
    once, where no file system is fit for them, else None."""

    def __init__(self, board, state, backlog: int):
        self._state = state
        self.retained = Retained(board.retained, state.size)
        self.pages = None
        device = board.pages()
        if device:
            from filmgauge.store.page_store import PageStore

            self.pages = PageStore(device, state.buffer, backlog)
        self._journal = self.pages

    def journal(self):
        """Return the journal; in files it is loaded when it is first asked for."""
        if self._journal is None:
            from filmgauge.store.journal import Journal

            self._journal = Journal(_JOURNAL, self._state.size)
        return self._journal

    def release(self) -> None:
        """Let go of a journal in files, until it is asked for again."""
        self._journal = self.pages

    def save(self, to_flash: bool) -> None:
        """Keep what is in the buffer; a flash that takes nothing is a fault to be told."""
        if to_flash:
            try:
                self.journal().save(self._state.buffer)
            except OSError as error:
                self._state.faults |= FAULT_STORE
                print("filmgauge: journal:", error)
        self.retained.save(self._state.buffer)
