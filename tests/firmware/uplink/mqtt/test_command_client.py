"""Commands among what a broker sends: kept up to a bound, whatever the node waits for."""

import json
import struct
from binascii import hexlify, unhexlify

from board_mqtt import MqttError, command_client, transcript
from expect import raises
from peer_contexts import KEY, peer_with
from scratch_files import unused_path

from filmgauge.store.counters import StoredNumber
from filmgauge.uplink.commands import hmac
from filmgauge.uplink.mqtt.command_client import MOST
from filmgauge.uplink.mqtt.command_exchange import exchange
from filmgauge.uplink.peer_context import REQUEST_REPORT

CLEAN = 0x02


def frame(operation, counter):
    """Return a frame without a payload."""
    body = struct.pack("<BBI", 1, operation, counter)
    return body + hmac(unhexlify(KEY), b"window-1\0", body)[:16]


def published(data):
    """Yield topic, packet id, payload and retain of each PUBLISH that a client has sent."""
    at = 0
    while at < len(data):
        first, length, shift = data[at], 0, 0
        while True:
            at += 1
            length |= (data[at] & 127) << shift
            shift += 7
            if data[at] < 128:
                break
        body = data[at + 1 : at + 1 + length]
        at += 1 + length
        if first >> 4 == 3:
            end = 2 + struct.unpack_from(">H", body, 0)[0]
            packet_id = struct.unpack_from(">H", body, end)[0]
            yield body[2:end].decode(), packet_id, bytes(body[end + 2 :]), first & 1


def connect_flags(name):
    """Return the flags of the CONNECT that a client has sent; it begins with 4 bytes of topic."""
    data = transcript(name)
    return data[data.index(b"MQTT") + 5]


def test_what_waited_comes_while_a_record_is_acknowledged():
    one = command_client("commanding-x")
    one.connect()
    one.publish("t", "a record")
    one.ping()
    assert one.has_received
    whole = [(packet_id, bool(again), frame) for packet_id, again, frame in one.frames]
    assert whole[:3] == [(7, False, b"one"), (8, True, b"two"), (0, False, b"three")]
    # what is too long for a frame is known by that, whatever the rest of it was
    assert whole[3:] == [(9, False, b"4" * 257), (10, False, b"5" * 257)]
    assert one.subscribe()
    for packet_id, _, _ in one.frames:
        one.acknowledge(packet_id)
    one.disconnect()
    sent = transcript("commanding-x")
    for packet_id in (7, 8, 9, 10):
        assert b"\x40\x02\x00" + bytes([packet_id]) in sent
    for packet_id in (0, 11):
        assert b"\x40\x02\x00" + bytes([packet_id]) not in sent
    assert b"\x82\x06\x00" in sent
    assert not connect_flags("commanding-x") & CLEAN


def test_a_refused_subscription_is_said():
    one = command_client("commanding-y")
    one.connect()
    one.topic = b"no"
    assert not one.subscribe()
    one.disconnect()


def test_a_session_that_is_not_wanted_is_dropped():
    one = command_client("commanding-z", keeps_session=False)
    one.connect()
    one.disconnect()
    assert connect_flags("commanding-z") & CLEAN


def test_the_other_password_is_used_where_one_is_refused():
    one = command_client("commanding-other", other_password="old")
    one.connect()
    one.publish("t", "x")
    one.disconnect()
    with raises(MqttError, "not allowed"):
        command_client("commanding-other", other_password="older").connect()
    with raises(MqttError, "not allowed"):
        command_client("commanding-other").connect()


def test_what_nobody_can_want_ends_the_connection():
    for name, words in (("big", "of 20005 bytes"), ("two", "malformed"), ("torn", "malformed")):
        one = command_client("thrusting-" + name)
        one.connect()
        with raises(MqttError, words):
            one.publish("t", "x")
        with raises(OSError):
            one.publish("t", "x")


def test_a_flood_ends_with_the_deadline_and_is_kept_up_to_a_bound():
    one = command_client("swamping", 300)
    one.connect()
    with raises(OSError):
        one.publish("t", "x")
    assert len(one.frames) == MOST


def test_what_a_broker_sends_again_is_done_once_and_is_no_attack():
    peer = peer_with(unused_path(), 1)
    path = unused_path()
    peer.backlog.stored_number = lambda _: StoredNumber(path)
    name = "commanding-" + hexlify(frame(2, 5)).decode()
    one = command_client(name)
    one.connect()
    one.ping()
    exchange(one, peer)
    one.disconnect()
    assert peer.requests == REQUEST_REPORT
    assert peer.refused == 5  # all that came behind it
    answers = []
    for topic, packet_id, payload, retained in published(transcript(name)):
        assert (topic, retained, packet_id > 0) == ("filmgauge/window-1/ack", 0, True)
        answers.append(json.loads(payload))
    assert [each["counter"] for each in answers] == [5, 5, 0, 0, 0, 0]
    assert [each["status"] for each in answers] == [0, 3, 1, 1, 1, 1]  # no more in a wake
    assert [len(each["mac"]) for each in answers] == [32] * 6
    assert {each["last"] for each in answers} == {5}
