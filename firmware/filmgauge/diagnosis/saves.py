"""Saves what a node has saved last, while its power goes, and looks for it afterwards."""

import json

_MOST = 65535  # records that may wait


def saves(count: int) -> None:
    """Save what the node has saved last again and again, and emit the number of each save once it
    is done; None where nothing was saved so far."""
    store, buffer = _store()
    if not store.load(buffer):
        _say(None)
        return
    for _ in range(count):
        store.save(buffer)
        _say(store.sequence)


def saved() -> None:
    """Emit the number of the save that is found, None for none."""
    store, buffer = _store()
    _say({"found": store.sequence if store.load(buffer) else None})


def _say(value):
    """Print a value for the host, and feed the watchdog that the host lets run."""
    if "_guard" in globals():
        globals()["_guard"].feed()
    print("@" + json.dumps(value))


def _store():
    """Return where the node of this board saves its state, and a buffer for it."""
    from filmgauge.board import this_board
    from filmgauge.state import SIZE, State

    buffer, pages = State().buffer, this_board().pages()
    if pages:
        from filmgauge.store.page_store import PageStore

        return PageStore(pages, buffer, _MOST), buffer
    from filmgauge.store.journal import Journal

    return Journal("/state", SIZE), buffer
