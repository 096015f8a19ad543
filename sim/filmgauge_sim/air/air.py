"""The virtual air: boards and host devices around one link, in virtual time.

air = Air(seed=1, loss=0.3)
options = NodeOptions(radio_port=air.radio_port("window-1"))
node = virtual_node(scenario, scenario.node[0], broker, folder, options)
scanner = air.scanner()
node.step()
air.run_to(node.now_us)
for report in scanner.drain(): ...
"""

from dataclasses import dataclass

from bumble import hci
from bumble.device import Advertisement as BumbleAdvertisement
from bumble.device import Device

from filmgauge_sim.air.board_device import BoardDevice
from filmgauge_sim.air.clock import VirtualLoop
from filmgauge_sim.air.controller import device_on
from filmgauge_sim.air.link import AirLink, Positions

HOST_ADDRESS = "F0:F1:F2:F3:F4:F5"


@dataclass(frozen=True)
class ScanReport:
    """One report of a scanner: an advertisement, or the response to a scan."""

    at_us: int
    address: str  # 'C1:02:...'
    rssi_dbm: int
    data: bytes
    is_response: bool
    is_connectable: bool


class Scanner:
    """A host's adapter that scans; `drain` gives what it has received since the last call."""

    def __init__(self, device: Device, loop: VirtualLoop) -> None:
        self.device = device
        self._loop = loop
        self._reports: list[ScanReport] = []
        device.host.on("advertising_report", self._on_report)

    def drain(self) -> list[ScanReport]:
        """Return what was received, and forget it."""
        reports, self._reports = self._reports, []
        return reports

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        advertisement = BumbleAdvertisement.from_advertising_report(report)
        if advertisement is None:
            return
        self._reports.append(
            ScanReport(
                self._loop.now_us,
                advertisement.address.to_string(with_type_qualifier=False),
                advertisement.rssi,
                advertisement.data_bytes,
                advertisement.is_scan_response,
                advertisement.is_connectable,
            )
        )


class Air:
    """One link and its loop in virtual time. positions: by node name or address, in metres."""

    def __init__(
        self,
        seed: int,
        loss: float = 0.0,
        positions_m: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        self.link = AirLink(seed, loss, Positions(dict(positions_m or {})))

    def radio_port(self, name: str) -> BoardDevice:
        """Return the radio port for the board of a node."""
        return BoardDevice(self.loop, self.link, name)

    def device(self, name: str, address: str = HOST_ADDRESS) -> Device:
        """Return a powered device on the air, such as a host's adapter."""
        device, _ = self.loop.complete(device_on(self.link, name, address))
        return device

    def scanner(self, active: bool = True, address: str = HOST_ADDRESS) -> Scanner:
        """Return an adapter that scans."""
        device = self.device("scanner", address)
        scanner = Scanner(device, self.loop)
        self.loop.complete(device.start_scanning(legacy=True, active=active))
        return scanner

    @property
    def now_us(self) -> int:
        """The time that the air has reached."""
        return self.loop.now_us

    def run_to(self, now_us: int) -> None:
        """Let the air go on to a time."""
        self.loop.run_to(now_us)

    def poll(self) -> None:
        """Let threads and sockets of the real world have their say, at the present time."""
        self.loop.poll()

    def close(self) -> None:
        """End everything that still waits."""
        self.loop.close()
