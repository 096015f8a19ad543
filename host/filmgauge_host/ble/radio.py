"""Radios: where bleak's scanners and clients come from, and who runs work that needs one.

result = AdapterRunner("hci1").run(work)    # work(radio) is a coroutine

Everything above this module uses bleak alone and cannot tell an adapter of this machine from a
simulated one, which virtual/simulated_radio.py has.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from filmgauge_host.errors import AdapterError
from filmgauge_host.signals import SIGNALS

OnAdvertisement: TypeAlias = Callable[[BLEDevice, AdvertisementData], None]
Result = TypeVar("Result")
_START_S, _STOP_S = 5.0, 1.0  # for the adapter to start or stop scanning
_BACKOFF_S = (1.0, 5.0)  # first, longest
_FAILURES = (BleakError, OSError, EOFError, TimeoutError)


@dataclass(frozen=True)
class Radio:
    """Makes scanners and clients. adapter: such as hci1, None for the machine's first one.

    silence_s: without any advertisement a scan is begun anew. An adapter that was pulled out shows
    in nothing else; with start and stop that is within ten seconds.
    """

    adapter: str | None = None
    scanner_backend: type[BaseBleakScanner] | None = None
    client_backend: type[BaseBleakClient] | None = None
    silence_s: float = 3.0

    async def listen(
        self, on_advertisement: OnAdvertisement, on_problem: Callable[[str], None]
    ) -> None:
        """Scan for ever, also when the adapter is taken away and put back.

        on_problem: gets what is wrong each time that a scan does not begin, and "" when one does.
        """
        loop = asyncio.get_running_loop()
        last_s, backoff_s = 0.0, _BACKOFF_S[0]

        def hear(device: BLEDevice, data: AdvertisementData) -> None:
            nonlocal last_s
            last_s = loop.time()
            on_advertisement(device, data)

        while True:
            try:
                async with self.scanning(hear):
                    last_s, backoff_s = loop.time(), _BACKOFF_S[0]
                    on_problem("")
                    while (left_s := last_s + self.silence_s - loop.time()) > 0:
                        await asyncio.sleep(left_s)
            except AdapterError as error:
                on_problem(str(error))
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, _BACKOFF_S[1])

    @asynccontextmanager
    async def scanning(self, on_advertisement: OnAdvertisement) -> AsyncIterator[None]:
        """Scan as long as the context lasts. Raises AdapterError where no scan begins."""
        scanner = BleakScanner(on_advertisement, backend=self.scanner_backend, **self._options())
        try:
            try:
                await asyncio.wait_for(scanner.start(), _START_S)
            except _FAILURES as error:
                raise AdapterError(f"Bluetooth cannot be used: {_in_words(error)}") from None
            yield
        finally:
            with suppress(*_FAILURES):
                await asyncio.wait_for(scanner.stop(), _STOP_S)

    def client(
        self,
        device: BLEDevice | str,
        on_disconnect: Callable[[BleakClient], None],
        timeout_s: float,
    ) -> BleakClient:
        """Return a client that is not connected; the callback comes when a connection ends."""
        return BleakClient(
            device,
            disconnected_callback=on_disconnect,
            timeout=timeout_s,
            backend=self.client_backend,
            **self._options(),
        )

    def _options(self) -> dict[str, Any]:
        return {"bluez": {"adapter": self.adapter}} if self.adapter else {}


class RadioRunner(Protocol):
    """Runs work that needs a radio."""

    def run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        """Return what the work returns, None when SIGINT or SIGTERM ended it."""


class AdapterRunner:
    """Runs work with an adapter of this machine. adapter: such as hci1, None for the first."""

    def __init__(self, adapter: str | None) -> None:
        self._adapter = adapter

    def run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        """See RadioRunner."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work(Radio(self._adapter)))
        for number in SIGNALS:
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return None


def _in_words(error: BaseException) -> str:
    """Return what bleak or the system says."""
    if isinstance(error, FileNotFoundError):
        return "there is no system bus, so no BlueZ"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error.args[0]) if error.args else ""
    return text or type(error).__name__
