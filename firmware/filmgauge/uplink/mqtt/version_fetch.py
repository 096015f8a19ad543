"""Fetches a version of the firmware that was ordered, some pieces with each report.

Its manifest and pieces are retained messages `filmgauge/firmware/<id>/<n>`: <id> are the first 16
hexadecimal digits of the manifest's SHA-256, n is 0 for the manifest. Loaded only while a version
is on its way. `go_on` tells the broker how far it is: `filmgauge/<node>/event`.
"""

import json
import struct
from binascii import hexlify

from filmgauge.compat import const
from filmgauge.upgrade.outcome import (
    FETCHING,
    NOTHING,
    REFUSING,
    RUNS,
    SWITCHED_BACK,
    WHOLE,
    outcome,
    remember,
)
from filmgauge.upgrade.staging import ORDER, Staging, exists, ordered, refuse
from filmgauge.uplink.mqtt.topics import EVENT, INFO, topic
from filmgauge.uplink.peer_context import REQUEST_REBOOT

_SUBSCRIBE = const(0x82)
_UNSUBSCRIBE = const(0xA2)
_PUBLISH = const(0x30)
_HEAD = const(5)  # client.py
_ETIMEDOUT = const(110)
_TOPIC = "filmgauge/firmware/%s/%d"
_ID_BYTES = const(8)


def go_on(client, peer, cell) -> None:
    """Bring as many pieces as a report may, or tell how it ended. `cell` is of the info, which is
    published anew where that has changed. Raises as the client does.

    A version that is whole asks for a reboot.
    """
    if peer.make_room is not None:
        peer.make_room()
    state, text = outcome()
    if state == NOTHING or not exists(ORDER):  # the power went while it was forgotten
        remember(state, text)
        return
    event: dict = {"update": name_of(ordered()[0])}
    try:
        if state == FETCHING:
            staging = Staging(peer.board.name)
            text = _fetch(client, staging, peer.config.update_pieces)
            event["done"], event["of"] = staging.next, staging.pieces
            if staging.is_whole() and not text:
                state = WHOLE
                peer.requests |= REQUEST_REBOOT
    except ValueError as error:
        state, text = REFUSING, str(error)
        refuse(text)
    except MemoryError:
        text = "no room to fetch it"
    event["state"] = state
    if text:
        event["text"] = text
    node = peer.config.node
    client.publish(topic(node, EVENT), json.dumps(event))
    try:
        remember(state, text)
    except OSError as error:  # of flash: it is told once more with the next report
        print("filmgauge: version:", error)
    if state in (RUNS, SWITCHED_BACK):
        from filmgauge.uplink.mqtt.publisher import info

        values = info(peer.config, cell, peer.board.name)
        client.publish(topic(node, INFO), json.dumps(values), retain=True)


def name_of(digest: bytes) -> str:
    """Return what a version is called in topics: of the SHA-256 of its manifest."""
    return hexlify(digest[:_ID_BYTES]).decode()


def _fetch(client, staging, most):
    """Bring pieces; return why flash has not taken one, empty where it has."""
    missing = None
    try:
        while missing is None and most and not staging.is_whole():
            missing = _bring(client, _TOPIC % (name_of(staging.sha), staging.next), staging)
            most -= 1
    finally:
        failed = _of_flash(staging.close)
    if failed or missing is not None:
        staging.missed(failed or missing)
    else:
        staging.found()
    return failed or missing or ""


def _of_flash(work, *arguments):
    """Do something in flash; return why it has failed, None where it has not. Else a failure would
    be taken for one of the connection."""
    try:
        work(*arguments)
    except OSError as error:
        return "flash: %s" % error
    return None


def _bring(client, name, staging):
    """Add the piece that is a retained message, out of the client's buffer; return None where
    there is one, empty where there is none, and why flash does not take it.

    Sessions are kept, so the subscription is not. What else comes is not for now, and comes again.
    """
    deadline = client._deadline()
    end = _ask(client, name)
    client._send(_SUBSCRIBE, client._put(end, b"\0"), deadline)  # at QoS 0
    missing = ""
    try:
        while missing == "":
            kind, length = client._receive_head(deadline)
            client._receive_body(length, deadline)
            if kind & 0xF0 == _PUBLISH:
                begin = _HEAD + 2 + struct.unpack_from(">H", client._buffer, _HEAD)[0]
                if client._buffer[_HEAD + 2 : begin] == name.encode():
                    piece = client._view[begin + (2 if kind & 6 else 0) : _HEAD + length]
                    missing = _of_flash(staging.add, piece)
    except OSError as error:
        if error.errno != _ETIMEDOUT:
            raise
    client._send(_UNSUBSCRIBE, _ask(client, name), client._deadline())
    return missing


def _ask(client, name):
    """Put a topic into the buffer of a client, behind the number of a packet; return its end."""
    client._packet_id = client._packet_id % 65535 + 1
    end = client._put(_HEAD, struct.pack(">H", client._packet_id))
    return client._put_text(end, name)
