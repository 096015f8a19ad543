"""A whole bridge: spool, courier and gateway, opened and closed together.

with Bridge(radio, parse_address(url), path, known) as bridge:
    await bridge.gateway.run()
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from filmgauge_host.ble.gateway import Gateway, GatewayOptions
from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.node_registry import KnownNodes
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.address import BrokerAddress


class Bridge:
    """Use as a context; `gateway.run` on the loop of the radio. tell: gets lines to show."""

    def __init__(
        self,
        radio: Radio,
        address: BrokerAddress,
        spool: Path,
        known: KnownNodes,
        options: GatewayOptions | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._stack = ExitStack()
        self.spool = self._stack.enter_context(Spool(spool))
        self.courier = MqttForwarder(address, self.spool)
        self.gateway = Gateway(radio, self.spool, self.courier, known, options, tell)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.courier)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
