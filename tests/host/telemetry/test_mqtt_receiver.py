"""The receiver against real brokers, over TLS, and against a broker that says what it must not."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_brokers import Mosquitto, free_port
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge_host.telemetry import mqtt_receiver
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.mqtt_receiver import (
    Accepted,
    Event,
    LinkLost,
    MqttReceiver,
    Publication,
    Subscribed,
)
from filmgauge_host.telemetry.tls_files import TlsFiles

TOPIC = "filmgauge/a/telemetry"


def events(receiver: MqttReceiver, count: int) -> list[Event]:
    """Receive until there are as many events."""
    found: list[Event] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < deadline_s
        found += receiver.receive(0.1)
    return found


@contextmanager
def session(
    address: BrokerAddress, resumed: bool = False
) -> Iterator[tuple[MqttReceiver, list[Event]]]:
    """Yield a receiver that is accepted, and what came with that."""
    receiver = MqttReceiver(address, "receiver-under-test")
    receiver.open(5.0)
    accepted, *more = events(receiver, 1)
    assert accepted == Accepted(resumed, "")
    yield receiver, more
    receiver.disconnect(2.0)


def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(broker):
    address = parse_address(broker.url)
    publisher = Publisher(broker.url)
    with session(address) as (receiver, _):
        receiver.subscribe([(TOPIC, 1), ("filmgauge/a/last", 0)])
        assert events(receiver, 1) == [Subscribed([True, True])]
        publisher.send((TOPIC, str(number)) for number in range(10))
        publisher.send([("filmgauge/a/last", "x")], retain=True)
        found = events(receiver, 11)
        texts = [each.payload for each in found if each.packet_id]
        assert texts == [b"%d" % number for number in range(10)]
        assert all(each.topic == TOPIC and not each.retained for each in found if each.packet_id)
        for each in found[:10]:
            if each.payload in (b"0", b"1", b"2", b"3"):
                receiver.acknowledge(each.packet_id)
    with session(address, resumed=True) as (receiver, again):
        again += events(receiver, 6 - len(again))
        assert sorted(each.payload for each in again) == [
            b"%d" % number for number in range(4, 10)
        ]
        receiver.subscribe([("filmgauge/a/last", 0)])
        assert Publication("filmgauge/a/last", b"x", True, 0) in events(receiver, 2)
        receiver.unsubscribe([TOPIC, "filmgauge/a/last"])
        publisher.send([("filmgauge/a/last", "")], retain=True)
        for each in again:
            receiver.acknowledge(each.packet_id)
    publisher.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A self-signed certificate of localhost and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {folder}/key -out {folder}/cert"
    subprocess.run(command.split(), check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def tls_broker(certificate: Path, tmp_path_factory) -> Iterator[BrokerAddress]:
    port = free_port()
    lines = f"message_size_limit 0\nlistener {port} 127.0.0.1\ncafile {certificate}/cert\n"
    lines += f"certfile {certificate}/cert\nkeyfile {certificate}/key\n"
    running = Mosquitto(tmp_path_factory.mktemp("broker"), lines)
    running.start()
    yield BrokerAddress("localhost", port, tls=True)
    running.stop()


def test_over_tls_everything_comes_and_a_foreign_certificate_is_refused(tls_broker, certificate):
    receiver = MqttReceiver(tls_broker, "receiver-under-test")
    with pytest.raises(LinkLost, match=r"cannot be reached: .*certificate"):
        receiver.open(5.0)
    trusting = replace(tls_broker, files=TlsFiles(certificate / "cert"))
    with session(trusting) as (receiver, _):
        receiver.subscribe([("big/#", 1)])
        sizes = [0, 1, 127, 128, 16_384, 60_000, 400_000, 5]
        own = MqttReceiver(trusting, "publisher-under-test")
        own.open(5.0)
        for number, size in enumerate(sizes, 1):
            own._queue(0x32, b"\0\5big/x" + bytes([0, number]) + b"z" * size)
        found: list[Event] = []

        def everything() -> bool:
            own.receive(0.01)  # both at once: neither waits for the other
            found.extend(receiver.receive(0.01))
            return len(found) == 1 + len(sizes)

        until(everything)
        kept = [len(each.payload) for each in found if isinstance(each, Publication)]
        assert kept[:6] + kept[7:] == sizes[:6] + sizes[7:]
        assert 65_536 < kept[6] <= 400_000
        own.disconnect(2.0)


def serve(answer: Callable[[socket.socket], None]) -> BrokerAddress:
    """Run a broker that reads CONNECT and then does what `answer` does."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        link, _ = server.accept()
        with link, server:
            link.recv(1000)
            answer(link)
            link.recv(1)

    threading.Thread(target=run, daemon=True).start()
    return BrokerAddress("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize(
    ("code", "words"),
    [(1, "protocol"), (4, "bad user name"), (5, "not authorized"), (9, "code 9")],
)
def test_a_refusal_says_why(code, words):
    receiver = MqttReceiver(serve(lambda link: link.sendall(bytes([0x20, 2, 0, code]))), "x")
    receiver.open(5.0)
    (answer,) = events(receiver, 1)
    assert isinstance(answer, Accepted)
    assert words in answer.refusal
    receiver.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x20\xff\xff\xff\xff\xff", "malformed length"),
        (b"\x20\x01\x00", "too short"),
        (b"\x32\x03\x00\x01a", "too short"),
        (b"\x30\x00", "too short"),
        (b"", "closed"),
    ],
)
def test_a_broker_that_breaks_the_protocol_loses_the_connection(answer, words):
    def reply(link: socket.socket) -> None:
        if answer:
            link.sendall(answer)
        else:
            link.shutdown(socket.SHUT_RDWR)

    receiver = MqttReceiver(serve(reply), "x")
    receiver.open(5.0)
    with pytest.raises(LinkLost, match=words):
        events(receiver, 1)
    receiver.close()


def test_silence_is_broken_by_pings_and_a_broker_that_answers_none_is_lost(monkeypatch):
    heard = bytearray()
    receiver = MqttReceiver(serve(lambda link: heard.extend(link.recv(2))), "x")
    receiver.open(5.0)
    monkeypatch.setattr(mqtt_receiver, "KEEPALIVE_S", 0.05)
    with pytest.raises(LinkLost, match="does not answer"):
        events(receiver, 1)
    until(lambda: heard == b"\xc0\x00")
    receiver.close()


def packet(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    body += packet_id.to_bytes(2, "big") if packet_id else b""
    body += payload
    length, rest = bytearray(), len(body)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([0x32 if packet_id else 0x30, *length, rest]) + body


messages = st.tuples(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from([0, 1, 100, 120, 130, 20_000, 196_000, 300_000]),
    st.integers(0, 65535),
)


@given(st.lists(messages, max_size=6), st.lists(st.integers(1, 300_000), max_size=8))
def test_packets_are_the_same_wherever_reads_cut_them(sent, cuts):
    stream = b"".join(packet(topic.encode(), b"p" * size, number) for topic, size, number in sent)
    receiver = MqttReceiver(BrokerAddress("nowhere", 1), "x")
    found: list[Event] = []
    for cut in cuts:
        found += receiver._events(stream[:cut])
        stream = stream[cut:]
    found += receiver._events(stream)
    assert [(each.topic, each.packet_id) for each in found] == [(t, n) for t, _, n in sent]
    for each, (_, size, _) in zip(found, sent, strict=True):
        assert len(each.payload) == size or 131_000 < len(each.payload) < size


def test_a_topic_that_is_no_text_comes_as_none():
    receiver = MqttReceiver(BrokerAddress("nowhere", 1), "x")
    assert receiver._events(packet(b"\xff", b"p", 3)) == [Publication("", b"p", False, 3)]
