"""Two devices: on bumble's own link and controllers, and on ours, in virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.device import Advertisement, AdvertisingType, Device
from bumble.host import Host
from bumble.link import LocalLink

from filmgauge_sim.air.clock import VirtualLoop
from filmgauge_sim.air.controller import device_on
from filmgauge_sim.air.link import AirLink

NODE = "C1:00:00:00:00:01"
HOST = "F0:F1:F2:F3:F4:F5"


def virtually(work: Coroutine[Any, Any, Any]) -> Any:
    loop = VirtualLoop()
    try:
        return loop.complete(work)
    finally:
        loop.close()


async def pair(ours: bool, **options: Any) -> tuple[Device, Device]:
    """Return (peripheral, central), powered."""
    if ours:
        link = AirLink(seed=1, **options)
        return (await device_on(link, "node", NODE))[0], (await device_on(link, "host", HOST))[0]
    stock = LocalLink()
    return await _stock(stock, "node", NODE), await _stock(stock, "host", HOST)


async def _stock(link: LocalLink, name: str, address: str) -> Device:
    controller = Controller(name, link=link)
    controller.le_features &= ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    host = Host()
    host.controller = controller
    controller.host = host
    device = Device(name=name, address=hci.Address(address), host=host)
    await device.power_on()
    return device


async def reports(
    ours: bool,
    kind: AdvertisingType = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
    interval_ms: float = 100.0,
    seconds: float = 10.0,
    **options: Any,
) -> list[Advertisement]:
    """Let one advertise and the other scan; return what it reports."""
    peripheral, central = await pair(ours, **options)
    heard: list[Advertisement] = []

    def note(report: Any) -> None:
        advertisement = Advertisement.from_advertising_report(report)
        assert advertisement is not None
        heard.append(advertisement)

    central.host.on("advertising_report", note)
    await central.start_scanning(legacy=True, active=True)
    await peripheral.start_advertising(
        kind,
        advertising_data=b"\x02\x01\x06",
        scan_response_data=b"\x02\x0a\x00",
        advertising_interval_min=interval_ms,
        advertising_interval_max=interval_ms,
    )
    await asyncio.sleep(seconds)
    await peripheral.stop_advertising()
    return heard
