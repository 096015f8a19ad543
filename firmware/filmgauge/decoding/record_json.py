"""Records from the JSON that a node publishes: for who receives them. No node reads its own."""

import json

from filmgauge.record.limit_text import KINDS, LEVELS
from filmgauge.record.record import VERSION, Record, fields
from filmgauge.record.record_text import FAULT_NAMES

_KINDS, _LEVELS, _FAULTS = KINDS.split(), LEVELS.split(), FAULT_NAMES.split()
_WITHOUT_LIFE = 3
_VERSIONS = tuple(range(_WITHOUT_LIFE, VERSION + 1))


def record_from_json(payload) -> Record:
    """Read `Record.to_json` (text or bytes); raise ValueError naming the field that is wrong."""
    try:
        data = json.loads(payload)
    except (ValueError, UnicodeError):
        raise ValueError("record is not JSON") from None
    return record_from_dict(data)


def record_from_dict(data) -> Record:
    """Read an already parsed flat record; raise ValueError naming the field that is wrong."""
    if not isinstance(data, dict):
        raise ValueError("record must be a JSON object")
    version = data.get("v")
    if version not in _VERSIONS:
        raise ValueError("record version v must be %d, not %r" % (VERSION, version))
    if version != _WITHOUT_LIFE and data.get("life") is None:
        raise ValueError("life is missing")
    values = {}
    for name, key, digits, _, _ in fields():
        value = data.get(key)
        if value is not None:
            in_words = name in _WORDS
            value = _WORDS[name](value) if in_words else _integer(key, value, digits)
        values[name] = value
    return Record(**values)


def fault_bits(text) -> int:
    """Return the bits of a `fault_text`; raise ValueError for a name that is not known."""
    if not isinstance(text, str):
        raise ValueError("faults must be text, not %r" % (text,))
    if text == "none":
        return 0
    bits = 0
    for name in text.split("+"):
        if name not in _FAULTS:
            raise ValueError("faults must be none or of %s, not %r" % (_FAULTS, name))
        bits |= 1 << _FAULTS.index(name)
    return bits


def limit_word(text) -> int:
    """Return the word of a `limit_text`; raise ValueError for what is none."""
    if not isinstance(text, str):
        raise ValueError("limits must be text, not %r" % (text,))
    word = 0
    if text == "none":
        return word
    for part in text.split("+"):
        kind, _, level = part.partition(":")
        if kind not in _KINDS or level not in _LEVELS:
            raise ValueError("limits must be none or kind:level, not %r" % (part,))
        shift = 2 * _KINDS.index(kind)
        if word >> shift & 3:
            raise ValueError("limits must tell %s once" % kind)
        word |= _LEVELS.index(level) + 1 << shift
    return word


def _integer(key, value, digits):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("%s must be a number or null, not %r" % (key, value))
    if not -1e12 < value < 1e12:  # also turns away NaN and the infinities
        raise ValueError("%s must be between -1e12 and 1e12, not %r" % (key, value))
    if not digits and value != int(value):
        raise ValueError("%s must be an integer, not %r" % (key, value))
    return round(value * 10**digits)


# fields that are words in JSON
_WORDS = {"faults": fault_bits, "limits": limit_word}
