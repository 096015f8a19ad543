"""The virtual air: boards and host devices around one link, in virtual time.

air = Air(seed=1, loss=0.3)
node = VirtualNode(..., antenna=air.antenna("window-1"))
scanner = air.scanner()
node.step()
air.run_to(node.now_us)
for heard in scanner.take(): ...
"""

from collections.abc import Callable
from dataclasses import dataclass

from bumble import hci
from bumble.device import Advertisement as BumbleAdvertisement
from bumble.device import Device

from filmgauge_sim.air.board_device import BoardDevice
from filmgauge_sim.air.clock import VirtualLoop
from filmgauge_sim.air.controller import device_on
from filmgauge_sim.air.link import AirLink
from filmgauge_sim.air.positions import Places

HOST_ADDRESS = "F0:F1:F2:F3:F4:F5"


@dataclass(frozen=True)
class Heard:
    """One report of a scanner: an advertisement, or the response to a scan."""

    at_us: int
    address: str  # 'C1:02:...'
    rssi_dbm: int
    data: bytes
    is_response: bool
    is_connectable: bool


class Scanner:
    """A host's adapter that scans; `take` gives what it has heard since the last call."""

    def __init__(self, device: Device, now_s: Callable[[], float]) -> None:
        self.device = device
        self._now_s = now_s
        self._heard: list[Heard] = []
        device.host.on("advertising_report", self._on_report)

    def take(self) -> list[Heard]:
        """Return what was heard, and forget it."""
        heard, self._heard = self._heard, []
        return heard

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        advertisement = BumbleAdvertisement.from_advertising_report(report)
        if advertisement is None:
            return
        self._heard.append(
            Heard(
                round(self._now_s() * 1e6),
                advertisement.address.to_string(with_type_qualifier=False),
                advertisement.rssi,
                advertisement.data_bytes,
                advertisement.is_scan_response,
                advertisement.is_connectable,
            )
        )


class Air:
    """One link and its loop in virtual time. places: by node name or address, in metres."""

    def __init__(
        self,
        seed: int,
        loss: float = 0.0,
        places_m: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        self.paced = False  # by a simulation; otherwise each board that talks moves it
        self.link = AirLink(seed, loss, Places(dict(places_m or {})))

    def antenna(self, name: str) -> BoardDevice:
        """Return an antenna for the board of a node."""
        return BoardDevice(self, name)

    def alias(self, name: str, address: str) -> None:
        """Let a device be where the node of this name was put."""
        places_m = self.link.places.at_m
        if name in places_m:
            places_m[address] = places_m[name]

    def device(self, name: str, address: str = HOST_ADDRESS) -> Device:
        """Return a powered device on the air, such as a host's adapter."""
        device, _ = self.loop.complete(device_on(self.link, name, address))
        return device

    def scanner(self, active: bool = True, address: str = HOST_ADDRESS) -> Scanner:
        """Return an adapter that scans."""
        device = self.device("scanner", address)
        scanner = Scanner(device, self.loop.time)
        self.loop.complete(device.start_scanning(legacy=True, active=active))
        return scanner

    def at(self, at_us: int, act: Callable[[], None]) -> None:
        """Let something happen at a time, or now when that has passed."""
        self.loop.call_at(max(at_us / 1e6, self.loop.time()), act)

    @property
    def now_us(self) -> int:
        """The time that the air has reached."""
        return round(self.loop.time() * 1e6)

    def next_us(self) -> int | None:
        """Return when something is due next, None when nothing is."""
        due_s = self.loop.due_s()
        return None if due_s is None else round(due_s * 1e6)

    def run_to(self, now_us: int) -> None:
        """Let the air go on to a time."""
        self.loop.run_to(now_us / 1e6)

    def poll(self) -> None:
        """Let threads and sockets of the real world have their say, at the present time."""
        self.loop.poll()

    def close(self) -> None:
        """End everything that still waits."""
        self.loop.close()
