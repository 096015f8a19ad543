"""Where bleak's scanners and clients come from: an adapter of this machine, or a virtual one.

Everything above this module uses bleak alone and cannot tell the two apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

Heard: TypeAlias = Callable[[BLEDevice, AdvertisementData], None]


@dataclass(frozen=True)
class Radio:
    """Makes scanners and clients. adapter: such as hci1, None for the machine's first one."""

    adapter: str | None = None
    scanner_backend: type[BaseBleakScanner] | None = None
    client_backend: type[BaseBleakClient] | None = None

    def scanner(self, heard: Heard) -> BleakScanner:
        """Return a scanner that is not started."""
        return BleakScanner(heard, backend=self.scanner_backend, **self._options())

    def client(
        self, device: BLEDevice | str, gone: Callable[[BleakClient], None], timeout_s: float
    ) -> BleakClient:
        """Return a client that is not connected; `gone` is called when the connection ends."""
        return BleakClient(
            device,
            disconnected_callback=gone,
            timeout=timeout_s,
            backend=self.client_backend,
            **self._options(),
        )

    def _options(self) -> dict[str, Any]:
        return {"bluez": {"adapter": self.adapter}} if self.adapter else {}
