"""Puts this folder on the import path: host and system tests share the brokers.

Each worker imports all tests, so what takes long to import and few tests need is imported where it
is used. Hypothesis would import trio, of which a plug-in makes properties of coroutines repeat.

Examples of hypothesis have no deadline: a busy machine must not fail a test. What is imported to
find the tests stays until the end, so the garbage collector passes it over, what little of it is
garbage too, which to find takes longer than it frees, and looks for garbage seldom: trees of
sources made it walk over what is in use for a quarter of their time.

A shell lets what it starts in the background ignore Ctrl-C, and programs that tests start and
interrupt would inherit that.
"""

import gc
import os
import signal

import pytest

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"

from hypothesis import settings

pytest.register_assert_rewrite("board_program")  # before the first folder that imports it
settings.register_profile("filmgauge", deadline=None)
settings.load_profile("filmgauge")
gc.disable()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    gc.enable()
