"""The signed description of a version of the firmware, a short text (docs/upgrade.md).

    manifest = Manifest(data)       # ValueError: one sentence on what is wrong
    for name, size, digest in manifest.files: ...

Whether the signature is right is asked of check.py.
"""

from binascii import unhexlify

from filmgauge.compat import const

PIECE = const(1024)  # bytes of each part of a file that goes over the air, but for the last
_LARGEST = const(1048576)  # bytes of a file
_FIRST = "filmgauge-version 1"
_KEYS = ("number", "version", "board", "bytecode")
_SIGNATURE = b"signature "
NAMES = ("app.bin", "config.json", "profile.bin")  # in this order; each at most once
_MOST_NUMBER = 0xFFFFFFFF
_LONGEST_WORD = const(32)


class Manifest:
    """number: of the version, greater than that of each before; version: its name; board: the
    port it is for; bytecode: what the interpreter must load; files: (name, size, SHA-256) of each;
    signed: the bytes that the signature is of; pieces: how many there are, this text being one.
    """

    def __init__(self, data: bytes):
        if len(data) > PIECE:
            raise ValueError("manifest must have %d bytes at most, not %d" % (PIECE, len(data)))
        lines = data.decode().split("\n")
        if lines[0] != _FIRST or lines.pop() or len(lines) < 7:
            raise ValueError("manifest is not one of format 1")
        words = [_value(lines[1 + i], key) for i, key in enumerate(_KEYS)]
        number, self.version, self.board, self.bytecode = words
        self.number = _integer("number", number, _MOST_NUMBER)
        self.signature = _bytes("signature", _value(lines.pop(), "signature"), 64)
        self.signed = data[: data.rfind(_SIGNATURE)]
        self.files = []
        self.pieces = 1
        for line in lines[5:]:
            self._add_file(_value(line, "file").split(" "))

    def _add_file(self, words):
        names = NAMES[NAMES.index(self.files[-1][0]) + 1 :] if self.files else NAMES
        if len(words) != 3 or words[0] not in names:
            raise ValueError("manifest has a file that is none of a version, or out of order")
        name = words[0]
        size = _integer("size of " + name, words[1], _LARGEST)
        self.files.append((name, size, _bytes("SHA-256 of " + name, words[2], 32)))
        self.pieces += -(-size // PIECE)


def _value(line, key):
    name, _, value = line.partition(" ")
    if name != key or not value or (key != "file" and len(value) > _LONGEST_WORD * 4):
        raise ValueError("manifest has no %s where it should be" % key)
    return value


def _integer(name, text, most):
    value = int(text) if text.isdigit() else 0
    if not 1 <= value <= most:
        raise ValueError("manifest: %s must be 1 to %d" % (name, most))
    return value


def _bytes(name, text, count):
    try:
        found = unhexlify(text)
    except ValueError:
        found = b""
    if len(found) != count:
        raise ValueError("manifest: the %s is not %d bytes in hexadecimal" % (name, count))
    return found
