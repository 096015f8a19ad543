"""Commands among what a broker sends: kept up to a bound, whatever the node waits for."""

from board_mqtt import MqttError, command_client, transcript
from expect import raises

from filmgauge.uplink.mqtt.command_client import MOST

CLEAN = 0x02


def connect_flags(name):
    """Return the flags of the CONNECT that a client has sent; it begins with 4 bytes of topic."""
    data = transcript(name)
    return data[data.index(b"MQTT") + 5]


def test_what_waited_comes_while_a_record_is_acknowledged():
    one = command_client("commanding-x")
    one.connect()
    assert one.session_present
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
