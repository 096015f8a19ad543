"""Saves what a node has saved last, while its power goes, and looks for it afterwards."""

from filmgauge.board import this_board
from filmgauge.diagnosis.backlog import open_pages
from filmgauge.diagnosis.output import attempt, emit, read_config


def saves(count: int) -> None:
    """Save what the node has saved last again and again, and emit the number of each save once it
    is done; nothing where nothing was saved so far."""
    store, buffer = open_state()
    if store.load(buffer):
        for _ in range(count):
            store.save(buffer)
            emit(store.sequence)


def saved() -> None:
    """Emit the number of the save that is found, None for none."""
    store, buffer = open_state()
    emit({"found": store.sequence if store.load(buffer) else None})


def open_state():
    """Return where the node of this board saves its state, and a buffer for it."""
    from filmgauge.state import State

    state, pages = State(0, _plans()), this_board().pages()
    buffer = state.buffer
    if pages:
        return open_pages(pages, buffer), buffer
    from filmgauge.store.journal import Journal

    return Journal("/state", state.size), buffer


def _plans():
    """Return whether the node plans its reports."""
    config, _ = attempt(read_config)
    return config is not None and config.report_most
