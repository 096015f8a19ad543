"""A record in words: flat JSON with decimal units, and the names of faults."""

from filmgauge.compat import const
from filmgauge.record.limit_text import limit_text, nth_word

FAULT_NAMES = const(
    "profile sensor temperature gap exception backlog store cell_changed memory reading range "
    "contradiction clock reset life counter safe "
)
_FAULTS = const(17)


def json_parts(record, version, fields):
    """Yield a record with `fields` (record.py) as flat JSON in parts; unknown values are null."""
    yield '{"v":%d' % version
    for name, key, digits, _, _ in fields:
        value = getattr(record, name)
        text = "null"
        if value is not None and name in _WORDS:
            text = '"%s"' % _WORDS[name](value)
        elif value is not None:
            text = decimal(value, digits)
        yield ',"%s":%s' % (key, text)
    yield "}"


def decimal(value: int, digits: int) -> str:
    """Return value / 10**digits in decimal, exactly: decimal(-1500, 3) is '-1.500'."""
    if not digits:
        return str(value)
    sign = "-" if value < 0 else ""
    text = str(abs(value))
    if len(text) <= digits:
        text = "0" * (digits + 1 - len(text)) + text
    return sign + text[:-digits] + "." + text[-digits:]


def fault_text(bits: int) -> str:
    """Return the names of the fault bits joined by +, 'none' for 0."""
    names = [nth_word(FAULT_NAMES, i) for i in range(_FAULTS) if bits >> i & 1]
    return "+".join(names) or "none"


# fields that are words in JSON
_WORDS = {"faults": fault_text, "limits": limit_text}
