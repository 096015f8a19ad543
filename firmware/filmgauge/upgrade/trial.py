"""What ends the trial of a version (launch.py): a record that is where it was to go. Nobody
acknowledges an advertisement, so a version that came over Bluetooth must have obeyed a command as
well: only then can another one follow it. It waits for one as long as a bridge may be away: some
days and some boots.

Loaded where a version on trial has reported.
"""

from filmgauge.compat import const, exists

_TRIAL = const("/trial")
_VERIFIED = const("/incoming/verified")  # there is one that has come over the air,
_REFUSED = const("/incoming/refused")  # and none has come by cable since
_WAITED = const("/incoming/waited")  # a byte for each boot: the days for which it has waited
_MOST_DAYS = const(14)
_MOST_BOOTS = const(28)
_DAY_S = const(86400)


def has_passed(reporter, is_first: bool) -> "bool | None":
    """Return whether a version has passed its trial; None where nobody has come so far who could
    tell. `is_first`: the report is the first of its boot. OSError from flash."""
    if not reporter.has_reached:
        return False
    uplink = reporter.uplink
    if uplink.acknowledges or not exists(_VERIFIED) or exists(_REFUSED):
        return True
    served = uplink.served
    if served is None:
        days = _waited(reporter.record.up_s // _DAY_S, is_first)
        if len(days) > _MOST_BOOTS or sum(days) >= _MOST_DAYS:
            return False
        if is_first:  # a start that was not in vain does not count as one
            with open(_TRIAL, "w"):
                pass
    return served


def _waited(days, is_first):
    """Return for how many days it has waited in each boot; in this one for so many."""
    waited = bytearray()
    if exists(_WAITED):
        with open(_WAITED, "rb") as file:
            waited.extend(file.read())
    if is_first or not waited:
        waited.append(0)
    elif days <= waited[-1]:
        return waited
    waited[-1] = min(days, _MOST_DAYS)
    with open(_WAITED, "wb") as file:
        file.write(waited)
    return waited
