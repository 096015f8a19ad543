"""What a node reads in a certificate by itself: X.509 in DER, RFC 5280, section 4.1.

public_key(der)   # the bytes of its SubjectPublicKeyInfo
begins(der)       # when it begins to hold, UTC: "20260131120000"

ValueError for what is no certificate. It comes from a peer that has proven nothing: every length
is checked against what is there.
"""

from filmgauge.compat import const

_SEQUENCE = const(0x30)
_VERSION = const(0xA0)
_UTC_TIME = const(0x17)
_GENERALIZED_TIME = const(0x18)
_VALIDITY = const(3)  # places after the version, which may be left out
_PUBLIC_KEY = const(5)


def public_key(der):
    """Return a view of the SubjectPublicKeyInfo, its head included."""
    _, start, _, stop = _part(der, _PUBLIC_KEY)
    return memoryview(der)[start:stop]


def begins(der) -> str:
    """Return the date from which it holds: year, month, day, hour, minute, second in 14 digits, so
    that the later of two is the greater."""
    _, _, begin, stop = _part(der, _VALIDITY)
    tag, _, begin, stop = _field(der, begin, stop)
    try:
        text = bytes(der[begin:stop]).decode()
    except UnicodeError:
        raise _wrong() from None
    if tag == _UTC_TIME:
        text = ("19" if text >= "5" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise _wrong()
    if len(text) != 15 or text[14] != "Z" or not text[:14].isdigit():
        raise _wrong()
    return text[:14]


def _part(der, place):
    """Return tag, where it starts, where its content does, and its end, of a part of what an
    issuer signs."""
    _, _, at, end = _field(der, 0, len(der), _SEQUENCE)
    _, _, at, end = _field(der, at, end, _SEQUENCE)
    part = _field(der, at, end)
    if part[0] == _VERSION:
        part = _field(der, part[3], end)
    for _ in range(place):
        part = _field(der, part[3], end)
    if part[0] != _SEQUENCE:
        raise _wrong()
    return part


def _field(der, at, end, wanted=None):
    """Return tag, where it starts, where its content does, and its end, of the field at `at`."""
    begin = at + 2
    if begin > end:
        raise _wrong()
    tag, length = der[at], der[at + 1]
    if length & 128:
        begin += length & 127
        if not 129 <= length <= 130 or begin > end:  # nothing has 64 KB
            raise _wrong()
        length = der[begin - 1] | (der[begin - 2] << 8 if length == 130 else 0)
    if begin + length > end or wanted not in (None, tag):
        raise _wrong()
    return tag, at, begin, begin + length


def _wrong():
    return ValueError("that is no certificate")
