"""Puts this folder on the import path: host and system tests share the brokers.

Examples of hypothesis have no deadline: a busy machine must not fail a test.
"""

from hypothesis import settings

settings.register_profile("filmgauge", deadline=None)
settings.load_profile("filmgauge")
