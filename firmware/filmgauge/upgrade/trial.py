"""What ends the trial of a version (launch.py): a record that is where it was to go. Nobody
acknowledges an advertisement, so a version that came over Bluetooth must have obeyed a command as
well: only then can another one follow it.

Loaded where a version on trial has reported.
"""

from filmgauge.compat import const, exists

_TRIAL = const("/trial")
_VERIFIED = const("/incoming/verified")  # there is one that has come over the air,
_REFUSED = const("/incoming/refused")  # and none has come by cable since
_LONGEST_WAIT_S = const(1209600)  # 14 days: a bridge may be away


def has_passed(reporter, board, is_first: bool) -> "bool | None":
    """Return whether a version has passed its trial; None where nobody has come so far who could
    tell. `is_first`: the report is the first of its boot."""
    if not reporter.has_reached:
        return False
    uplink = reporter.uplink
    if uplink.acknowledges or not exists(_VERIFIED) or exists(_REFUSED):
        return True
    served = uplink.served
    if served is None and board.clock_ms() // 1000 > _LONGEST_WAIT_S:
        return False
    if served is None and is_first:  # a start that was not in vain does not count as one
        with open(_TRIAL, "w"):
            pass
    return served
