"""A login at a real broker, over a line that breaks, and names with several addresses."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from mqtt_brokers import Mosquitto, free_port
from tcp_peer import TcpPeer

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin
from filmgauge_host.telemetry.mqtt_receiver import LinkLost, MqttReceiver

PUBLISH = (0x32, 0x3A)  # QoS 1, and once more


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerAddress]:
    made = Mosquitto(tmp_path_factory.mktemp("broker"))
    made.start()
    yield parse_address(made.url)
    made.stop()


class BrokenLine(TcpPeer):
    """Leads to a broker, and ends as many connections as it is told with the message in them."""

    def __init__(self, target: BrokerAddress, breaks: int) -> None:
        self._target, self._breaks = target, breaks
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        with socket.create_connection((self._target.host, self._target.port)) as beyond:
            while data := stream.recv(4096):
                if data[0] in PUBLISH and self._breaks:
                    self._breaks -= 1
                    return
                beyond.sendall(data)
                if data[0] != 0xE0:  # DISCONNECT, which has no answer
                    stream.sendall(beyond.recv(4096))


@pytest.mark.parametrize("mqtt5", [False, True])
def test_a_broken_line_is_no_denial_and_one_that_breaks_each_time_is(
    broker: BrokerAddress, mqtt5: bool
) -> None:
    taken = Answer.ACCEPTED if mqtt5 else Answer.ACKNOWLEDGED
    for breaks, answer in ((1, taken), (9, Answer.DENIED)):
        with closing(BrokenLine(broker, breaks)) as line:
            address = BrokerAddress("127.0.0.1", line.port)
            with BrokerLogin(broker, ("a",)) as other, BrokerLogin(address, mqtt5=mqtt5) as login:
                assert login.publish("a", b"once") is answer
                assert other.await_message(lambda *_: True) == (answer is taken)


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_addresses_that_which_says_most_is_named(
    monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    port = free_port()
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host in ("127.0.0.1", "255.255.255.255")  # to which there is no connection at all
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found[::order])
    address = BrokerAddress("broker.example", port)
    with pytest.raises(LinkLost, match="cannot be reached: connection refused"):
        MqttReceiver(address, "x").open(5.0)
    with pytest.raises(NoBrokerError, match="cannot be reached: connection refused"):
        BrokerLogin(address).__enter__()
