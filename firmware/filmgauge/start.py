"""The first module of the firmware: makes room, reads what the node is, and runs it, whatever
happens."""

import gc
import sys

from filmgauge.board import WATCHDOG, this_board
from filmgauge.compat import const, exists, reserve_modules, unload

_COLLECT_EVERY = const(32768)  # bytes
_MODULES = const(50)  # at once at most where all parts of a wake stay, with those of the port
_AFTER_FAILURE_MS = const(60000)
# Modules (compat.unload)
_READING = const(".node_files .config .gauge.profile_format .store.page_pair crash")
_PARTS = const(  # what a new node loads again
    ".node .wake_schedule .state_store .state .store .record .reporting .gauge .charge .sensors"
    " .control .uplink .config"
)
_FAILURES = const("/failures")  # crash.py
_MOST_FAILURES = const(5)  # in a row, as there
_COUNTING = const(".failures .store.page_pair crash")
_MOST_SHORTAGES = const(2)  # in a row; then only a boot gives the heap back whole


def start(trial=None) -> None:
    """Run the node for ever; only a developer's Ctrl-C reaches the prompt. `trial` is that of a
    new version (launch.py)."""
    # Without this, what loading leaves behind splits the heap of a 64 KB board for good.
    gc.threshold(_COLLECT_EVERY)
    board = this_board()
    board.mark_running(True)
    try:
        _run(board, trial)
    except (Exception, KeyboardInterrupt):  # whoever is told of it resets the board
        board.mark_running(False)
        raise


def _run(board, trial):
    """Run the node, until there is something that only the launcher can mend."""
    if not board.boots_anew:
        reserve_modules(_MODULES)
    failures = _failures(board, trial)  # in a row
    node = None
    shortages = 0  # wakes in a row for which the heap was too small
    while True:
        node, sleep_ms, failed = _one_wake(board, node, trial is not None, failures)
        if failed:
            unload(_PARTS)
            failures = _failures(board, trial, failed)
            failed = None
        if sleep_ms is None:
            shortages += 1
            if shortages < _MOST_SHORTAGES:
                continue
            _count_memory_reset(board)
            sleep_ms = _AFTER_FAILURE_MS
        elif node is not None:
            shortages = 0
            if failures and node.has_reported:
                failures = _failures(board, trial, None, True)
        if trial is not None and node is not None and node.reported:
            trial.passed(node.reported.to_json())
            trial = None
        board.sleep(sleep_ms)  # does not return where the board boots anew
        if shortages >= _MOST_SHORTAGES or failures >= _MOST_FAILURES:
            board.reset()
        if trial is not None and not (node is not None and node.waits_for_peer):
            trial.count_wake()


def _one_wake(board, node, on_trial, failures):
    """Live through one wake, whatever happens; return the node, None after a failure, how long to
    sleep in ms, None where the heap was too small, and what failed, for `_failures`. There were
    so many failures in a row before."""
    sleep_ms = _AFTER_FAILURE_MS
    key = None
    try:
        if node is None:
            node = _new_node(board, on_trial)
        return node, node.wake(), None
    except Exception as error:
        if isinstance(error, MemoryError):
            sleep_ms = None
            unload("")
        sys.print_exception(error)
        failed = error
    try:
        if node is not None:
            key = node.fail(sleep_ms is None, failures + 1 >= _MOST_FAILURES)
    except Exception as error:
        sys.print_exception(error)
    return None, sleep_ms, (failed, key)


def _failures(board, trial, failed=None, reported=False):
    """Return how many failures in a row there are: at a boot, behind another one that `failed`,
    and none behind a record. Most boots have none, and load nothing for it."""
    at_boot = failed is None and not reported and board.boots_anew and board.cause != WATCHDOG
    if at_boot and not exists(_FAILURES):
        return 0
    from filmgauge.failures import count

    found = count(board, trial is not None, failed, reported)
    unload(_COUNTING)
    return found


def _new_node(board, on_trial):
    from filmgauge.node_files import read_config, read_profile

    config, profile = read_config(board.pages(True), not on_trial), read_profile()
    read_config = read_profile = None
    unload(_READING)
    from filmgauge.node import Node  # only now: what reading has left lies below it

    return Node(board, config, profile, on_trial)


def _count_memory_reset(board):
    """Let the state tell that the board boots because its heap is too small."""
    try:
        _new_node(board, False).count_memory_reset()
    except Exception as error:
        sys.print_exception(error)
    unload(_PARTS)
