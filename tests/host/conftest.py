"""Fixtures of the host tests: every broker is a real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mqtt_brokers import Broker, Mosquitto, Nats
from mqtt_nodes import Publisher


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    directory = tmp_path / "broker"
    directory.mkdir()
    made = Nats(directory=directory) if request.param == "embedded" else Mosquitto(directory)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Nats]:
    made = Nats(directory=tmp_path / "broker")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def publisher(broker: Broker) -> Iterator[Publisher]:
    made = Publisher(broker.url)
    yield made
    made.close()
