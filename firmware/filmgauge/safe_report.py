"""The record of the safe mode (safe.py, beside the package): what a node is that only counts.

It is made of what the state and one reading say, and sent or stored as every other.
"""

from filmgauge.board import this_board
from filmgauge.compat import Namespace
from filmgauge.node_files import read_config
from filmgauge.readings import add_counters
from filmgauge.record import FAULT_SAFE
from filmgauge.state import State
from filmgauge.state_loading import random_life
from filmgauge.store.retained import Retained

_JOURNAL = "/state"
_WATCHDOG_MS = 120000  # longer than every deadline of one report together


def report(current_pa) -> bool:
    """Make a record and send it, or store it; return whether a command asks for a boot."""
    board = this_board()
    board.watchdog(_WATCHDOG_MS)
    config = read_config(board.pages(True), False)
    setattr(config, "ble_connected_ms", 0)  # noqa: B010  it advertises, and takes no connection
    state = State(board.TAIL, getattr(config, "report_most"))  # noqa: B009
    retained = Retained(board.retained, state.size)
    pages = board.pages()
    store = journal = _journal(pages, state, config)
    if not (retained.load(state.buffer) and state.unpack()):
        if not (journal.load(state.buffer) and state.unpack()):
            state.clear_parts()
        state.boot += 1
        state.seq = state.wakes = state.info_sent = 0
        state.base_ms = state.last_ms = board.clock_ms()
    state.life = state.life or random_life()
    fields = Namespace(current_pa=current_pa, faults=state.faults | FAULT_SAFE)
    add_counters(fields, state, board.clock_ms())
    state.seq += 1
    state.pack()
    _save(journal, retained, state)  # no record may leave before its number is in flash
    state.seq -= 1  # which the reporter takes
    from filmgauge.reporting import Reporter

    uplink = board.uplink(config, None)
    if uplink.peer is not None:
        uplink.peer.requested = state.requests
    capacity = getattr(config, "backlog")  # noqa: B009
    reporter = Reporter(uplink, capacity, state, pages and store)
    reporter.report(fields, None, 0)
    reboots = False
    if uplink.peer is not None:
        from filmgauge.uplink.peer_requests import apply_requests

        reboots = apply_requests(uplink.peer, state)[1]
    state.pack()
    _save(journal, retained, state)
    return reboots


def _journal(pages, state, config):
    if pages:
        from filmgauge.store.page_store import PageStore

        return PageStore(pages, state.buffer, config.backlog)
    from filmgauge.store.journal import Journal

    return Journal(_JOURNAL, state.size)


def _save(journal, retained, state):
    try:
        journal.save(state.buffer)
    except OSError as error:
        print("filmgauge: journal:", error)
    retained.save(state.buffer)
