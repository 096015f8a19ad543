"""Exchanges one version of the firmware for another: the part of launch.py that is seldom used.

A host may run it as well, at the prompt. The files are those that launch.py describes; it gives
their names: `archive`, `switch` and `trial`.
"""

import os


def finish(archive: str, switch: str, trial: str, starts: int) -> None:
    """Finish what a host or a power cut has left: exchange, or go back after so many starts."""
    if _is_there(switch):
        with open(trial, "wb"):
            pass
        for name in _exchanged(archive):
            if _is_there(name + ".new"):
                if _is_there(name):
                    os.rename(name, name + ".old")
                os.rename(name + ".new", name)
        os.remove(switch)
    if _is_there(trial) and os.stat(trial)[6] >= starts:
        go_back(archive, trial)


def go_back(archive: str, trial: str) -> None:
    """Switch back to what was before, if there is something; the trial is over then."""
    found = [name for name in _exchanged(archive) if _is_there(name + ".old")]
    if not found:
        return
    print("launch: back to the version before")
    for name in found:
        os.rename(name + ".old", name)
    os.remove(trial)


def _exchanged(archive):
    return "/config.json", "/profile.bin", "/ca.der", "/client.der", "/client.key", archive


def _is_there(path):
    return path[1:] in os.listdir("/")
