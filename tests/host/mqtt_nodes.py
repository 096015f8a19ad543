"""Nodes for the tests: real paho publishers."""

from collections.abc import Iterable

import paho.mqtt.client as mqtt
from patience import until

from filmgauge.record.record import Record
from filmgauge_host.telemetry.address import parse_address


def record(seq: int, boot: int = 1, **values: int) -> Record:
    """Return a plausible record; up_s follows from seq."""
    known = {"soc_ppm": 812_345, "soc_sigma_ppm": 4_000, "voltage_uv": 2_104_000, "faults": 0}
    return Record(**{"boot": boot, "seq": seq, "up_s": seq * 60, **known, **values})


class Publisher:
    """A client that publishes at QoS 1 and waits for the broker's acknowledgement."""

    def __init__(self, url: str):
        address = parse_address(url)
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        until(self._client.is_connected)

    def send(self, messages: Iterable[tuple[str, str | bytes]], retain: bool = False) -> None:
        """Publish (topic, payload) and return when all are acknowledged."""
        sent = [self._client.publish(topic, load, 1, retain) for topic, load in messages]
        until(lambda: all(message.is_published() for message in sent))

    def records(self, node: str, seqs: Iterable[int], boot: int = 1) -> None:
        """Publish live records of a node."""
        topic = f"filmgauge/{node}/telemetry"
        self.send((topic, record(seq, boot).to_json()) for seq in seqs)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
