"""Fetches a version of the firmware that was ordered, some pieces with each report.

Its manifest and pieces are retained messages `filmgauge/firmware/<id>/<n>`: <id> are the first 16
hexadecimal digits of the manifest's SHA-256, n is 0 for the manifest. Loaded only while a version
is on its way. `go_on` tells the broker how far it is: `filmgauge/<node>/event`.
"""

import json
import struct
from binascii import hexlify

from filmgauge.compat import const
from filmgauge.upgrade.outcome import FETCHING, REFUSING, WHOLE, outcome, remember
from filmgauge.upgrade.staging import Staging, ordered, refuse
from filmgauge.uplink.mqtt.topics import EVENT, topic

_SUBSCRIBE = const(0x82)
_PUBLISH = const(0x30)
_HEAD = const(5)  # client.py
_ETIMEDOUT = const(110)
_TOPIC = "filmgauge/firmware/%s/%d"
_ID_BYTES = const(8)


def go_on(client, config, board: str) -> str:
    """Bring as many pieces as a report may, or tell how it ended; return the state, a word of
    outcome.py. Raises as the client does."""
    state, text = outcome()
    event: dict = {"update": name_of(ordered()[0])}
    if state == FETCHING:
        try:
            staging = Staging(board)
            _fetch(client, staging, config.update_pieces)
            event["done"], event["of"] = staging.next, staging.pieces
            if staging.is_whole():
                state = WHOLE
        except ValueError as error:
            state, text = REFUSING, str(error)
            refuse(text)
    event["state"] = state
    if text:
        event["text"] = text
    client.publish(topic(config.node, EVENT), json.dumps(event))
    remember(state, text)
    return state


def name_of(digest: bytes) -> str:
    """Return what a version is called in topics: of the SHA-256 of its manifest."""
    return hexlify(digest[:_ID_BYTES]).decode()


def _fetch(client, staging, most):
    try:
        while most and not staging.is_whole():
            piece = _retained(client, _TOPIC % (name_of(staging.sha), staging.next))
            if piece is None:
                staging.missed()
                return
            staging.add(piece)
            most -= 1
        staging.found()
    finally:
        staging.close()


def _retained(client, name):
    """Return the payload of a retained message, in the client's buffer; None for none."""
    deadline = client._deadline()
    client._packet_id = client._packet_id % 65535 + 1
    end = client._put(_HEAD, struct.pack(">H", client._packet_id))
    end = client._put(client._put_text(end, name), b"\0")  # at QoS 0
    client._send(_SUBSCRIBE, end, deadline)
    while True:
        try:
            kind, length = client._receive(deadline)
        except OSError as error:
            if error.errno == _ETIMEDOUT:
                return None
            raise
        if kind & 0xF0 == _PUBLISH:
            size = struct.unpack_from(">H", client._buffer, _HEAD)[0]
            begin = _HEAD + 2 + size
            if begin <= _HEAD + length and client._buffer[_HEAD + 2 : begin] == name.encode():
                return client._view[begin + (2 if kind & 6 else 0) : _HEAD + length]
