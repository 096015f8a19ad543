"""Brokers that refuse, fall silent, break off or break the protocol: every call ends."""

import time

from board_mqtt import HOST, BrokerAddress, Client, MqttError, client, transcript
from expect import raises

ETIMEDOUT = 110
SHORT_MS = 300


def ended_with(error):
    """Return the number of an OSError."""
    return error.args[0]


def connected(name, timeout_ms=5000):
    """Return a connected client."""
    one = client(name, timeout_ms)
    one.connect()
    return one


def assert_closed(one):
    """A closed client refuses to publish instead of falling over."""
    with raises(OSError):
        one.publish("a", "b")


def test_refusals_are_told_in_words():
    words = ("protocol version", "client id", "unavailable", "bad credentials", "not allowed")
    for code in range(1, 6):
        one = client("refuse-%d" % code)
        with raises(MqttError, words[code - 1]):
            one.connect()
        assert_closed(one)
    with raises(MqttError, "code 77"):
        client("refuse-77").connect()


def test_a_name_that_nobody_knows_is_told_in_words():
    with raises(OSError, "the broker's name no such is not found"):  # no resolver is asked for it
        Client(BrokerAddress("no such", 1), "nobody").connect()


def test_wrong_answers_to_connect():
    for answer in ("40020000", "d000", "2000", "20030000ff", "3003000141", "00000000"):
        one = client("wrong-" + answer)
        with raises(MqttError, "CONNACK"):
            one.connect()
        assert_closed(one)


def test_silent_broker_ends_connect():
    one = client("mute-0", SHORT_MS)
    with raises(OSError) as caught:
        one.connect()
    assert ended_with(caught.error) == ETIMEDOUT
    assert_closed(one)


def test_silent_broker_ends_publish():
    one = connected("mute-1", SHORT_MS)
    with raises(OSError) as caught:
        one.publish("a", "b")
    assert ended_with(caught.error) == ETIMEDOUT
    assert_closed(one)


def test_silence_does_not_matter_without_acknowledgement():
    one = connected("mute-1", SHORT_MS)
    one.publish("a", "b", qos=0)
    one.disconnect()
    assert transcript("mute-1").endswith(b"\x30\x04\x00\x01ab\xe0\x00")


def test_broker_that_never_pauses_ends_publish():
    one = connected("flood-0", SHORT_MS)
    with raises(OSError) as caught:
        one.publish("a", "b")
    assert ended_with(caught.error) == ETIMEDOUT


def test_broker_that_never_pauses_ends_disconnect():
    one = connected("flood-0")
    begun_s = time.time()
    one.disconnect()
    assert time.time() - begun_s < 5  # it would go on for ten
    assert_closed(one)


def test_broker_that_does_not_read_ends_publish():
    one = connected("stalled-0", SHORT_MS)
    payload = "b" * 700
    with raises(OSError) as caught:
        for _ in range(100000):
            one.publish("a", payload, qos=0)
    assert ended_with(caught.error) == ETIMEDOUT


def test_broker_closes_in_connack():
    for count in range(4):
        one = client("hangup-%d" % count)
        with raises(OSError) as caught:
            one.connect()
        assert ended_with(caught.error) != ETIMEDOUT
        assert_closed(one)


def test_broker_closes_in_puback():
    for count in range(4, 8):
        one = connected("hangup-%d" % count)
        with raises(OSError) as caught:
            one.publish("a", "b")
        assert ended_with(caught.error) != ETIMEDOUT
        assert_closed(one)


def test_answers_byte_by_byte():
    one = connected("dribble-0")
    one.publish("a", "1")
    one.publish("a", "2")
    one.disconnect()
    assert transcript("dribble-0").endswith(b"\x32\x06\x00\x01a\x00\x022\xe0\x00")


def test_other_packets_before_the_acknowledgement():
    one = connected("late-0")
    one.publish("a", "1")
    one.publish("a", "2")
    one.disconnect()
    assert transcript("late-0").endswith(b"\x32\x06\x00\x01a\x00\x022\xe0\x00")


def test_malformed_length():
    one = client("malformed-0")
    with raises(MqttError, "malformed"):
        one.connect()
    one = connected("malformed-1")
    with raises(MqttError, "malformed"):
        one.publish("a", "b")
    assert_closed(one)


def test_packet_larger_than_the_buffer():
    for length in (1276, 2000, 16383, 16384, 268435455):
        one = connected("oversized-%d" % length)
        with raises(MqttError, "%d bytes" % length):
            one.publish("a", "b")
        assert_closed(one)


def test_largest_packet_that_fits_is_tolerated():
    one = connected("oversized-1275", SHORT_MS)
    with raises(OSError) as caught:
        one.publish("a", "b")
    assert ended_with(caught.error) == ETIMEDOUT


def test_nobody_listens():
    with raises(OSError) as caught:
        Client(BrokerAddress(HOST, 1), "nobody", timeout_ms=SHORT_MS).connect()
    assert ended_with(caught.error) != ETIMEDOUT


def test_connects_again_after_failure():
    one = client("moody-0")
    outcomes = []
    for _ in range(4):
        try:
            one.connect()
            one.publish("a", "b")
            one.disconnect()
            outcomes.append(True)
        except OSError:
            outcomes.append(False)
    assert sorted(outcomes) == [False, False, True, True]
    assert outcomes[0] != outcomes[1]


def test_every_call_is_safe_on_a_closed_client():
    one = client("good-closed")
    one.disconnect()
    one.close()
    assert_closed(one)
    one.connect()
    one.connect()
    one.publish("a", "b")
    one.disconnect()
    one.disconnect()
    assert_closed(one)
    # packet id 2: the publish that was refused has used up the first
    assert transcript("good-closed").endswith(b"\x32\x06\x00\x01a\x00\x02b\xe0\x00")
