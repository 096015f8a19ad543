"""A bumble controller without the faults of bumble's own, as far as legacy radios need it.

Each fault is pinned by a test in tests/sim/air/test_faults.py, which fails when bumble has
mended it: then the workaround can go.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from bumble import hci, ll
from bumble.controller import Controller, LegacyAdvertiser
from bumble.device import Device
from bumble.host import Host

from filmgauge_sim.air import quiet_bumble  # noqa: F401
from filmgauge_sim.air.link import AirLink

_Type: Any = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType  # type: ignore[attr-defined]
_Report = hci.HCI_LE_Advertising_Report_Event
_INTERVAL_S = 0.625e-3  # unit of an advertising interval
_DELAY_S = 10e-3  # advDelay, vol 6 part B, 4.4.2.2.1
_EVENTS = {
    _Type.ADV_IND: _Report.EventType.ADV_IND,
    _Type.ADV_SCAN_IND: _Report.EventType.ADV_SCAN_IND,
    _Type.ADV_NONCONN_IND: _Report.EventType.ADV_NONCONN_IND,
}


def advertising_kind(connectable: bool, response: bytes) -> int:
    """Return the type of a legacy advertising event."""
    if connectable:
        return int(_Type.ADV_IND)
    return int(_Type.ADV_SCAN_IND if response else _Type.ADV_NONCONN_IND)


@dataclass
class LegacyAdv(ll.AdvertisingPdu):
    """One legacy advertising event with what an active scanner gets in return."""

    advertiser_address: hci.Address
    kind: int
    data: bytes
    response: bytes

    @property
    def is_scannable(self) -> bool:
        return self.kind in (_Type.ADV_IND, _Type.ADV_SCAN_IND)


class _Advertiser(LegacyAdvertiser):
    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        loop = asyncio.get_running_loop()
        link = self.controller.link
        delay_s = link.random.uniform(0, _DELAY_S) if isinstance(link, AirLink) else 0.0
        interval_s = self.advertising_interval_min * _INTERVAL_S
        self.timer_handle = loop.call_later(interval_s + delay_s, self._on_timer_fired)

    def send_advertising_data(self) -> None:
        if self.enabled and self.advertising_type in _EVENTS:
            self.controller.send_advertising_pdu(
                LegacyAdv(
                    self.address,
                    self.advertising_type,
                    self.advertising_data,
                    self.scan_response_data,
                )
            )


class AirController(Controller):
    """A radio on an AirLink: legacy advertising only, as a microcontroller has."""

    def __init__(self, name: str, link: AirLink) -> None:
        super().__init__(name, link=link)
        self.le_legacy_advertiser = _Advertiser(self)
        self.le_features &= ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING

    def receive_advertisement(self, packet: ll.AdvertisingPdu, rssi_dbm: int) -> None:
        """Report an advertising event, and connect where that is asked for."""
        if not isinstance(packet, LegacyAdv):
            return
        if self.le_scan_enable:
            self._report(packet, _EVENTS[_Type(packet.kind)], packet.data, rssi_dbm)
            if self.le_scan_type and packet.is_scannable:
                self._report(packet, _Report.EventType.SCAN_RSP, packet.response, rssi_dbm)
        wanted = self.pending_le_connection
        connectable = packet.kind == _Type.ADV_IND
        if wanted and connectable and wanted.peer_address == packet.advertiser_address:
            self.create_le_connection(packet.advertiser_address)

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """Take the longest interval that the host allows, as radios do that save (assumed)."""
        wanted = self.pending_le_connection
        if isinstance(wanted, hci.HCI_LE_Create_Connection_Command):
            wanted.connection_interval_min = wanted.connection_interval_max
        super().create_le_connection(peer_address)

    def _report(self, packet: LegacyAdv, event: Any, data: bytes, rssi_dbm: int) -> None:
        report = _Report.Report(
            event_type=event,
            address_type=packet.advertiser_address.address_type,
            address=packet.advertiser_address,
            data=data,
            rssi=rssi_dbm,
        )
        self.send_hci_packet(_Report([report]))

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Stock bumble only says yes: who connects to an absent device waits for ever."""
        wanted, self.pending_le_connection = self.pending_le_connection, None
        if wanted:
            event = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=wanted.peer_address.address_type,
                peer_address=wanted.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
            asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


async def device_on(link: AirLink, name: str, address: str) -> tuple[Device, AirController]:
    """Return a powered device with its radio on the link. address: random, as 'F0:...'."""
    controller = AirController(name, link)
    host = Host()
    host.controller = controller  # type: ignore[assignment]
    controller.host = host
    device = Device(name=name, address=hci.Address(address), host=host)
    await device.power_on()
    return device, controller
