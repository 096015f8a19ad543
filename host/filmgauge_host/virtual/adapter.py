"""A host's Bluetooth adapter on the virtual air, which bleak's backends share."""

import asyncio
import logging

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from bumble.core import UUID
from bumble.device import Device

from filmgauge_host.ble import uuids

# It warns of every connection to a board, whose advertising its own host has not begun.
logging.getLogger("bumble").setLevel(logging.ERROR)


class VirtualAdapter:
    """Shared by scanners and clients. present: whether it is plugged in. tells_mtu: of each
    characteristic, as BlueZ does from 5.62 on; else it has the least."""

    def __init__(self, device: Device, tells_mtu: bool = True) -> None:
        self.device = device
        self.tells_mtu = tells_mtu
        self.present = True
        self.connecting = asyncio.Lock()  # a controller opens one connection at a time
        self._scanners = 0
        self._active = True

    def check(self) -> None:
        """Raise what bleak raises while there is no adapter."""
        if not self.present:
            raise BleakBluetoothNotAvailableError(
                "no Bluetooth adapter", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            )

    async def add_scanner(self, active: bool) -> None:
        """Begin to scan unless it does."""
        self.check()
        self._scanners += 1
        self._active = active
        if self._scanners == 1:
            await self.device.start_scanning(legacy=True, active=active)

    async def remove_scanner(self) -> None:
        """End the scan after the last one."""
        self._scanners -= 1
        if not self._scanners and self.present:
            await self.device.stop_scanning(legacy=True)


def uuid_text(uuid: UUID) -> str:
    """Return a UUID as bleak writes it: 128 bits, small letters."""
    if len(uuid.uuid_bytes) == 16:
        return uuid.to_hex_str("-").lower()
    return uuid.to_hex_str().lower().zfill(8) + uuids.BASE
