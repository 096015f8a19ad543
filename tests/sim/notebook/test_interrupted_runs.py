"""Ctrl-C in a run of a notebook: nothing of the run goes on behind it."""

import signal
import threading

import pytest
from patience import PATIENCE_S

import filmgauge_sim as fg
from filmgauge_sim.board.thread_handoff import ThreadHandoff


def interrupt_main() -> None:
    ident = threading.main_thread().ident
    assert ident is not None
    signal.pthread_kill(ident, signal.SIGINT)


def test_a_run_that_is_interrupted_while_a_node_works_leaves_no_thread(monkeypatch):
    """In the turn of a board that keeps its RAM, which ends late."""
    before, calls = threading.active_count(), iter(range(1000))
    go_on, stop = ThreadHandoff.interrupt, ThreadHandoff.stop
    is_ending = threading.Event()

    def interrupt(handoff, outcome):
        if next(calls) == 5:
            interrupt_main()
            is_ending.wait(PATIENCE_S)  # the turn goes on until the caller ends the work
        go_on(handoff, outcome)

    def stopping(handoff):
        is_ending.set()
        stop(handoff)

    monkeypatch.setattr(ThreadHandoff, "interrupt", interrupt)
    monkeypatch.setattr(ThreadHandoff, "stop", stopping)
    with pytest.raises(KeyboardInterrupt):
        fg.run(fg.Scenario("window"), duration="12h")
    assert threading.active_count() == before
