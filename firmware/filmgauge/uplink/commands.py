"""Frames of commands: who may tell a node what to do, over Bluetooth or MQTT alike.

    commands = Commands(node, key_text, CommandCounter())
    counter, operation, payload = commands.verify(frame)    # Refused: status and reason

A frame is `version u8, operation u8, counter u32, payload, MAC`: the first 16 bytes of
HMAC-SHA-256 over the node's name, a zero byte, and the frame up to the MAC. The counter of a frame
that holds is in flash before anything is done: no frame acts twice, whatever becomes of the power.
"""

import struct
from binascii import hexlify, unhexlify
from hashlib import sha256

from filmgauge.compat import const

VERSION = const(1)
DONE = const(0)
MALFORMED = const(1)
WRONG_MAC = const(2)
OLD_COUNTER = const(3)
UNKNOWN = const(4)
DENIED = const(5)

PIECE = const(10)  # operations of actions.py that may come twice: of a signed version,
CRASHES = const(11)  # and what a node says of its failures
UNCOUNTED = (PIECE, CRASHES)
LONGEST = const(256)  # of a frame
_HEAD = const("<BBI")
_HEAD_SIZE = const(6)
MAC_SIZE = const(16)
_LEAST = const(22)  # of a frame without a payload
FARTHEST = const(1000000)  # ahead of the last: one frame must not end the counter
_BLOCK = const(64)  # of SHA-256


class Refused(Exception):
    """A frame is not obeyed: `status` says why as a number, `reason` in words."""

    def __init__(self, status: int, reason: str, counter: int = 0):
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.counter = counter  # of a frame whose MAC holds


class Commands:
    """Checks frames for one node; without a key it obeys nobody."""

    def __init__(self, node: str, key_text: str, last):
        self._node = node.encode() + b"\0"
        self._key = unhexlify(key_text)
        self._last = last

    def verify(self, frame: bytes) -> "tuple[int, int, bytes]":
        """Return (counter, operation, payload) of a frame that holds; its counter is used up.

        Raises Refused, with nothing changed. OSError when flash does not keep the counter.
        """
        if not _LEAST <= len(frame) <= LONGEST:
            text = "frame must have %d to %d bytes, not %d"
            raise Refused(MALFORMED, text % (_LEAST, LONGEST, len(frame)))
        if frame[0] != VERSION:
            text = "frame version must be %d, not %d"
            raise Refused(MALFORMED, text % (VERSION, frame[0]))
        body = frame[:-MAC_SIZE]
        if not self._key:
            raise Refused(WRONG_MAC, "the node has no command_key")
        if not _same(frame[-MAC_SIZE:], hmac(self._key, self._node, body)[:MAC_SIZE]):
            raise Refused(WRONG_MAC, "the MAC is wrong")
        _, operation, counter = struct.unpack_from(_HEAD, body, 0)
        if operation in UNCOUNTED:
            return counter, operation, body[_HEAD_SIZE:]
        last = self._last.value
        if counter <= last:
            reason = "counter must be above %d, not %d" % (last, counter)
            raise Refused(OLD_COUNTER, reason, counter)
        if counter > last + FARTHEST:
            reason = "counter must be %d at most, not %d" % (last + FARTHEST, counter)
            raise Refused(OLD_COUNTER, reason, counter)
        self._last.save(counter)
        return counter, operation, body[_HEAD_SIZE:]

    def mac_of_answer(self, counter: int, status: int, text: str, last: int) -> str:
        """Return what vouches for an answer, in hexadecimal: the first 16 bytes of HMAC-SHA-256
        over the node's name, a zero byte, and the answer as `ack COUNTER STATUS LAST TEXT`."""
        answer = "ack %d %d %d %s" % (counter, status, last, text)
        return hexlify(hmac(self._key, self._node, answer.encode())[:MAC_SIZE]).decode()


def hmac(key: bytes, *parts) -> bytes:
    """Return HMAC-SHA-256 (RFC 2104) of the parts one behind the other; the key is short."""
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key))
    for part in parts:
        inner.update(part)
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner.digest()).digest()


def _same(one, other):
    """Compare in a time that does not tell where they differ."""
    different = 0
    for i in range(MAC_SIZE):
        different |= one[i] ^ other[i]
    return not different
