"""Fixtures of the system tests: every broker is a real one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from mqtt_brokers import Broker, Mosquitto, Nats

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.virtual_node import VirtualNode

pytest.register_assert_rewrite("reporting_node")

from reporting_node import Receiver, make_node  # noqa: E402

MakeNode = Callable[..., VirtualNode]


def _started(made: Broker) -> Iterator[Broker]:
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    directory = tmp_path / "broker"
    directory.mkdir()
    yield from _started(
        Nats(directory=directory) if request.param == "embedded" else Mosquitto(directory)
    )


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Broker]:
    yield from _started(Nats(directory=tmp_path / "broker"))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    directory = tmp_path / "broker"
    directory.mkdir()
    yield from _started(Mosquitto(directory))


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Callable[[Broker], Receiver]]:
    """A function that connects the host's side to a broker."""
    with ExitStack() as stack:
        yield lambda broker: stack.enter_context(Receiver(tmp_path / "host", broker.url))


@pytest.fixture
def node_on(tmp_path: Path) -> Iterator[MakeNode]:
    """A function that makes a node: (broker, scenario text, runtime="micropython")."""
    with ExitStack() as stack:

        def make(
            broker: Broker, text: str, runtime: RuntimeName = "micropython", **options: int
        ) -> VirtualNode:
            folder = tmp_path / f"node-{len(list(tmp_path.glob('node-*')))}"
            node = make_node(folder, broker.url, runtime, text, **options)
            return stack.enter_context(closing(node))

        yield make
