"""Checks a signature of Ed25519 (RFC 8032) with the integers of MicroPython.

    if not is_signed(public_key, message, signature, feed): ...

Stricter than the RFC asks: no S of L or more, no encoding that is not canonical, no key of small
order, and the equation without the cofactor. So no signature has a second form. Nothing here is
secret, so nothing takes the same time always. Loaded once a whole version is there, then let go.
"""

from filmgauge.upgrade.sha512 import sha512

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752  # of -1
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_ZERO = 0, 1, 1, 0  # x, y, z and x y / z of a point at x / z, y / z


def is_signed(key: bytes, message: bytes, signature: bytes, feed) -> bool:
    """Return whether the owner of `key` has signed the message. `feed` feeds a watchdog:
    it is called some 60 times, at even distances."""
    if len(key) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    point = _decoded(key, feed)
    if scalar >= _L or point is None:
        return False
    x, y = point
    if _is_small(x, y):
        return False
    digest = sha512(signature[:32] + key + message, feed)
    factor = int.from_bytes(digest, "little") % _L
    # R is to be S B - factor A: both at once, from the highest bit.
    base, minus = _point(_BASE_X, _BASE_Y), _point(_P - x, y)
    addends = None, _addend(base), _addend(minus), _addend(_sum(base, _addend(minus)))
    found = _ZERO
    for i in range(252, -1, -1):
        if not i & 7:
            feed()
        which = (scalar >> i & 1) | (factor >> i & 1) << 1
        found = _double(found)
        if which:
            found = _sum(found, addends[which])
    return _encoded(found, feed) == signature[:32]


def _decoded(encoding, feed):
    """Return the point (x, y) of an encoding, None where it is not the one of a point."""
    y = int.from_bytes(encoding, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = y * y - 1, _D * y * y + 1
    v3 = v * v * v % _P
    x = u * v3 * _power(u * v3 * v3 * v % _P, (_P - 5) // 8, feed) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT % _P
        if (v * x * x - u) % _P:
            return None
    if not x and sign:
        return None
    return (_P - x if x & 1 != sign else x), y


def _encoded(point, feed):
    x, y, z, _ = point
    inverse = _power(z, _P - 2, feed)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _is_small(x, y):
    """Return whether 8 times a point is nothing."""
    point = _point(x, y)
    for _ in range(3):
        point = _double(point)
    return not point[0] and point[1] == point[2]


def _power(number, exponent, feed):
    found = 1
    for i in range(254, -1, -1):
        if not i & 31:
            feed()
        found = found * found % _P
        if exponent >> i & 1:
            found = found * number % _P
    return found


def _point(x, y):
    return x, y, 1, x * y % _P


def _double(point):
    x, y, z, _ = point
    a, b = x * x, y * y
    e, g = ((x + y) * (x + y) - a - b) % _P, (b - a) % _P
    f, h = (g - 2 * z * z) % _P, (-a - b) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _addend(point):
    """Return what `_sum` needs of its second point."""
    x, y, z, t = point
    return (y - x) % _P, (y + x) % _P, 2 * z % _P, 2 * _D * t % _P


def _sum(point, addend):
    x, y, z, t = point
    a, b = (y - x) * addend[0] % _P, (y + x) * addend[1] % _P
    c, d = t * addend[3] % _P, z * addend[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P
