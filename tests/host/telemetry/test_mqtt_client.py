"""Our client of a broker where paho's own would fail."""

import threading

import pytest
from mqtt_brokers import Broker
from patience import until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.mqtt_client import make_client


def test_a_thread_that_ends_by_itself_can_be_stopped(
    embedded: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = parse_address(embedded.url)
    client = make_client(address, "stopped")
    client.connect(address.host, address.port)
    client.loop_start()
    until(client.is_connected)
    here = threading.current_thread()

    def once_it_has_ended() -> threading.Thread:
        """Let the thread end between the look at it and the wait for it."""
        client.disconnect()
        until(lambda: client._thread is None)
        return here

    with monkeypatch.context() as patched:
        patched.setattr("threading.current_thread", once_it_has_ended)
        client.loop_stop()
    assert not client.is_connected()
