"""Exchanges one version of the firmware for another: the part of launch.py that is seldom used.

A host may run it as well, at the prompt. The files are those that launch.py tells of.
"""

import os

import launch

_NAMES = ("/config.json", "/profile.bin", "/app.bin")
_SWITCH = "/switch"
_TRIAL = "/trial"


def finish_update() -> None:
    """Finish what a host or a power cut has left: exchange, or go back."""
    if _is_there(_SWITCH):
        with open(_TRIAL, "wb"):
            pass
        for name in _NAMES:
            if _is_there(name + ".new"):
                if _is_there(name):
                    os.rename(name, name + ".old")
                os.rename(name + ".new", name)
        os.remove(_SWITCH)
    if _is_there(_TRIAL) and os.stat(_TRIAL)[6] >= launch.STARTS:
        go_back()


def go_back() -> None:
    """Switch back to what was before, if there is something; the trial is over then."""
    found = [name for name in _NAMES if _is_there(name + ".old")]
    if not found:
        return
    print("launch: back to the version before")
    for name in found:
        os.rename(name + ".old", name)
    os.remove(_TRIAL)


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
