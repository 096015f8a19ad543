"""A whole bridge: spool, forwarder and gateway, opened and closed together.

with Bridge(radio, parse_address(url), path, registry) as bridge:
    await bridge.gateway.run()
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from filmgauge_host.ble.gateway import Gateway, GatewayOptions
from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.address import BrokerAddress


class Bridge:
    """Use as a context; `gateway.run` on the loop of the radio. log: gets lines to show."""

    def __init__(
        self,
        radio: Radio,
        address: BrokerAddress,
        spool: Path,
        registry: NodeRegistry,
        options: GatewayOptions | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._stack = ExitStack()
        self.spool = self._stack.enter_context(Spool(spool))
        self.forwarder = MqttForwarder(address, self.spool)
        self.gateway = Gateway(radio, self.spool, self.forwarder, registry, options, log)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.forwarder)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()
