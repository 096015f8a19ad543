"""Puts this folder on the import path: host and system tests share the brokers.

Examples of hypothesis have no deadline: a busy machine must not fail a test. What is imported to
find the tests stays until the end, so the garbage collector passes it over.
"""

import gc

from hypothesis import settings

settings.register_profile("filmgauge", deadline=None)
settings.load_profile("filmgauge")
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
