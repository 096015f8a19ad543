"""What there is to tell of a version that was ordered: the end of it, or how far it has come.

state, text = outcome()         # ("switched back", "it did not report"), ("fetching", "")
forget()                        # once that has been told
"""

import json
import os

from filmgauge.upgrade.staging import (
    BACK,
    INSTALLED,
    ORDER,
    REFUSED,
    VERIFIED,
    clear,
    exists,
    installed,
)

FETCHING = "fetching"
WHOLE = "whole"
TRIAL = "on trial"
RUNS = "runs"
SWITCHED_BACK = "switched back"
REFUSING = "refused"
NOTHING = "nothing"


def outcome() -> "tuple[str, str]":
    """Return the state of the order in one of the words above, and a reason or a version."""
    if exists(REFUSED):
        with open(REFUSED) as file:
            return REFUSING, file.read()
    if exists("/trial"):
        return TRIAL, ""
    if exists(BACK):
        return SWITCHED_BACK, "%s did not report" % _verified(BACK)["version"]
    if exists("/switch"):
        return WHOLE, ""
    if exists(VERIFIED):
        return RUNS, _verified(VERIFIED)["version"]
    return (FETCHING if exists(ORDER) else NOTHING), ""


def remember(state: str, text: str) -> None:
    """Write the outcome to where it stays, for the info of the node: once it has been told."""
    if state in (RUNS, SWITCHED_BACK):
        values = installed()
        if state == RUNS:
            values = _verified(VERIFIED)
        values["outcome"] = state if state == RUNS else state + ": " + text
        with open(INSTALLED + ".new", "w") as file:
            file.write(json.dumps(values))
        os.rename(INSTALLED + ".new", INSTALLED)
    if state in (RUNS, SWITCHED_BACK, REFUSING, NOTHING):
        clear()


def _verified(path):
    """Return number, version and previous of the version that check.py has verified."""
    with open(path) as file:
        return json.loads(file.read())
