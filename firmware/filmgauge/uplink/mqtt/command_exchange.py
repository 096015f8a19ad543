"""Carries out the commands that wait at the broker, and answers each. Loaded where there are any.

Whatever the broker has sent, this ends: after MOST frames, of which a few that are refused are
answered, or after _LONGEST_MS. What is left comes with the next report.
"""

import json
import time

from filmgauge.compat import const
from filmgauge.uplink.actions import CommandPort
from filmgauge.uplink.commands import OLD_COUNTER
from filmgauge.uplink.mqtt.topics import ACK, topic

MOST = const(48)  # frames of one wake
_MOST_REFUSALS = const(4)  # that are answered in one wake; all are counted
_LONGEST_MS = const(20000)
_LONGEST_TEXT = const(200)  # of an answer, characters


def exchange(client, peer) -> None:
    """Carry out the frames of `client` (command_client.py) for `peer`. OSError and MqttError from
    the connection: what was not acknowledged by then comes again, and is not done again."""
    last = peer.backlog.stored_number("/commands")
    port = CommandPort(peer, last)
    try:
        _carry_out(client, peer, port, last)
    finally:
        port.close()


def _carry_out(client, peer, port, last):
    ack = topic(peer.config.node, ACK)
    begun_ms = time.ticks_ms()
    refusals = 0
    for _ in range(MOST):
        if not client.frames:
            client.ping()  # what was acknowledged has made room for more
            if not client.frames:
                break
        packet_id, is_repeated, frame = client.frames.pop(0)
        counter, status, text = port.execute(frame)
        if status == OLD_COUNTER and is_repeated:
            peer.refused -= 1  # by a broker that missed an acknowledgement, and nobody else
        elif status:
            refusals += 1
        if refusals <= _MOST_REFUSALS or not status:
            client.publish(ack, _answer(port, counter, status, text[:_LONGEST_TEXT], last.value))
        client.acknowledge(packet_id)
        if time.ticks_diff(time.ticks_ms(), begun_ms) > _LONGEST_MS:
            break


def _answer(port, counter, status, text, last):
    return '{"counter":%d,"status":%d,"text":%s,"last":%d,"mac":"%s"}' % (
        counter,
        status,
        json.dumps(text),
        last,
        port.mac_of_answer(counter, status, text, last),
    )
