"""The bytes that the MQTT client sends, taken apart as MQTT 3.1.1 says, over a real socket."""

import struct

from board_mqtt import client, transcript
from expect import raises

KINDS = {1: "CONNECT", 3: "PUBLISH", 14: "DISCONNECT"}


def packets(data):
    """Yield (kind, flags, body) of a stream of packets (section 2.2)."""
    at = 0
    while at < len(data):
        first = data[at]
        at += 1
        length = 0
        factor = 1
        while True:
            digit = data[at]
            at += 1
            length += digit % 128 * factor
            factor *= 128
            if digit < 128:
                break
        assert at + length <= len(data), "the last packet is not whole"
        yield KINDS[first >> 4], first & 15, bytes(data[at : at + length])
        at += length


def text(body, at):
    """Return a length-prefixed string and the position behind it (section 1.5.3)."""
    length = struct.unpack_from(">H", body, at)[0]
    assert at + 2 + length <= len(body)
    return body[at + 2 : at + 2 + length].decode(), at + 2 + length


def connect_fields(body):
    """Return the parts of a CONNECT body (section 3.1)."""
    protocol, at = text(body, 0)
    fields = {"protocol": protocol, "level": body[at], "flags": body[at + 1]}
    fields["keepalive"] = struct.unpack_from(">H", body, at + 2)[0]
    fields["client"], at = text(body, at + 4)
    flags = fields["flags"]
    for bit, names in ((0x04, ("topic", "will")), (0x80, ("user",)), (0x40, ("password",))):
        if flags & bit:
            for name in names:
                fields[name], at = text(body, at)
    assert at == len(body), "bytes behind the payload of CONNECT"
    return fields


def publish_fields(flags, body):
    """Return (topic, packet id or None, payload, retain) of a PUBLISH (section 3.3)."""
    topic, at = text(body, 0)
    packet_id = None
    if flags >> 1 & 3:
        packet_id = struct.unpack_from(">H", body, at)[0]
        at += 2
    return topic, packet_id, body[at:], flags & 1


def published(data):
    """Return the fields of every PUBLISH in a stream of packets."""
    return [
        publish_fields(flags, body) for kind, flags, body in packets(data) if kind == "PUBLISH"
    ]


def test_plain_connect():
    one = client("good-plain")
    one.connect()
    one.disconnect()
    (kind, flags, body), last = packets(transcript("good-plain"))
    fields = connect_fields(body)
    assert (kind, flags) == ("CONNECT", 0)
    assert fields["protocol"] == "MQTT"
    assert fields["level"] == 4
    assert fields["flags"] == 0x02  # clean session, nothing else
    assert fields["client"] == "good-plain"
    assert last == ("DISCONNECT", 0, b"")


def test_connect_with_will_and_credentials():
    one = client("good-all", user="node", password="p\u00e4ss")
    one.connect(will=("filmgauge/a/status", '{"state":"offline"}'))
    one.disconnect()
    fields = connect_fields(next(packets(transcript("good-all")))[2])
    assert fields["topic"] == "filmgauge/a/status"
    assert fields["will"] == '{"state":"offline"}'
    assert fields["user"] == "node"
    assert fields["password"] == "p\u00e4ss"
    # user, password, retained will at QoS 1, clean session
    assert fields["flags"] == 0x80 | 0x40 | 0x20 | 1 << 3 | 0x04 | 0x02


def test_publish_at_both_levels():
    one = client("good-publish")
    one.connect()
    one.publish("a/b", '{"v":1}')
    one.publish("a/c", b"\x00\xff", retain=True)
    one.publish("a/d", "", retain=True, qos=0)
    one.disconnect()
    sent = list(packets(transcript("good-publish")))
    assert [kind for kind, _, _ in sent] == ["CONNECT"] + ["PUBLISH"] * 3 + ["DISCONNECT"]
    assert [flags for _, flags, _ in sent[1:4]] == [2, 3, 1]
    first, second, third = published(transcript("good-publish"))
    assert first == ("a/b", 1, b'{"v":1}', 0)
    assert second == ("a/c", 2, b"\x00\xff", 1)
    assert third == ("a/d", None, b"", 1)


def test_remaining_length_of_one_and_two_bytes():
    lengths = (0, 1, 119, 120, 121, 122, 123, 250, 256, 600, 756)
    one = client("good-lengths")
    one.connect()
    for length in lengths:
        one.publish("top", b"x" * length)
    one.disconnect()
    data = transcript("good-lengths")
    sent = published(data)
    assert [len(payload) for _, _, payload, _ in sent] == list(lengths)
    # 2 + 3 topic, 2 packet id: 120 makes 127, the last in one byte; 121 makes 128
    assert b"\x32\x7f\x00\x03top" in data
    assert b"\x32\x80\x01\x00\x03top" in data


def test_what_does_not_fit_is_refused_and_not_sent():
    one = client("good-fit")
    one.connect()
    one.publish("top", b"x" * 1268)  # 1275 bytes of body fill the buffer
    for topic, payload in (
        ("top", b"x" * 1269),
        ("top", b"x" * 5000),
        ("t" * 1272, b""),
        ("t" * 1273, b""),
        ("t" * 1274, b""),
        ("t" * 5000, b""),
    ):
        with raises(ValueError, "1280 bytes"):
            one.publish(topic, payload)
    one.publish("top", b"still here")
    one.disconnect()
    payloads = [payload for _, _, payload, _ in published(transcript("good-fit"))]
    assert payloads == [b"x" * 1268, b"still here"]


def test_will_that_does_not_fit_sends_nothing():
    one = client("good-will")
    with raises(ValueError, "1280 bytes"):
        one.connect(will=("status", "x" * 1300))
    with raises(OSError):
        one.publish("a", "b")
    one.connect(will=("status", "x"))
    one.disconnect()
    first = next(packets(transcript("good-will")))
    assert connect_fields(first[2])["will"] == "x"


def test_packet_ids_differ_and_are_never_zero():
    one = client("good-ids")
    one._packet_id = 65533
    one.connect()
    for _ in range(4):
        one.publish("a", "b")
    one.disconnect()
    ids = [packet_id for _, packet_id, _, _ in published(transcript("good-ids"))]
    assert ids == [65534, 65535, 1, 2]


def test_text_is_utf8():
    one = client("good-utf8")
    one.connect()
    one.publish("grad/\u00b0C", "\u00b5Ah")
    one.disconnect()
    kind, flags, body = list(packets(transcript("good-utf8")))[1]
    assert kind == "PUBLISH"
    assert publish_fields(flags, body) == ("grad/\u00b0C", 1, b"\xc2\xb5Ah", 0)
