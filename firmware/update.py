"""Exchanges one version of the firmware for another: the part of launch.py that is seldom used.

A host may run it as well, at the prompt. The files are those that launch.py describes.
"""

import os

from launch import ARCHIVE, STARTS, SWITCH, TRIAL, is_there

_NAMES = ("/config.json", "/profile.bin", ARCHIVE)


def finish() -> None:
    """Finish what a host or a power cut has left: exchange, or go back."""
    if is_there(SWITCH):
        with open(TRIAL, "wb"):
            pass
        for name in _NAMES:
            if is_there(name + ".new"):
                if is_there(name):
                    os.rename(name, name + ".old")
                os.rename(name + ".new", name)
        os.remove(SWITCH)
    if is_there(TRIAL) and os.stat(TRIAL)[6] >= STARTS:
        go_back()


def go_back() -> None:
    """Switch back to what was before, if there is something; the trial is over then."""
    found = [name for name in _NAMES if is_there(name + ".old")]
    if not found:
        return
    print("launch: back to the version before")
    for name in found:
        os.rename(name + ".old", name)
    os.remove(TRIAL)
