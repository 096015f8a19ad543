"""NOR flash behind a port's driver: erased to ones by the page, programmed towards zero.

The image is a file so that a real interpreter can read it without a request; only this side
writes, and the power may be cut at each erase and each program, in the middle of it too.
"""

import mmap
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filmgauge_sim.board.outcome import POWER_CUT, BoardStopped
from filmgauge_sim.board.shims import _protocol

PAGE = _protocol.FLASH_PAGE  # what is erased at once
_ROW = 256


@dataclass(frozen=True)
class FlashDriver:
    """What a port shows to its file system, and what flash takes for it.

    block: bytes of a block of littlefs; prog: of its program size. page_in_ram: the driver keeps
    one page in RAM, and erases and rewrites it when another one is written or it is told to.
    erase_us: of a page; program_us: of 256 bytes.
    """

    block: int = PAGE
    prog: int = 32
    page_in_ram: bool = False
    erase_us: int = 45_000  # assumed: serial NOR, typical 4 KiB sector
    program_us: int = 700  # assumed: serial NOR, one 256-byte page

    @property
    def page_us(self) -> int:
        """What a page takes that is erased and programmed whole."""
        return self.erase_us + self.program_us * PAGE // _ROW


NOR = FlashDriver()


@dataclass
class FlashCut:
    """Power goes in an erase or a program, the one with this number, of which `part` is done.

    garbage: seed of what is then in the rest of it, None where that is as it was.
    """

    operation: int
    part: float = 0.0
    garbage: int | None = None

    def done(self, size: int) -> int:
        """Return how many of so many bytes are done."""
        return min(size - 1, int(size * self.part))

    def rest(self, before: bytes) -> bytes:
        """Return what is in the rest of the operation, of what was there before."""
        if self.garbage is None:
            return before
        return random.Random(self.garbage).randbytes(len(before))


class Image(mmap.mmap):
    """What is in flash, mapped from its file. changes: how often it was written to so far."""

    changes = 0

    def __setitem__(self, where: Any, data: Any) -> None:
        super().__setitem__(where, data)
        self.changes += 1


class Flash:
    """`pages` pages of 4 KiB in the file `path`, which is made erased when it is not there.

    What takes time passes it with `spend`, in us, which may end in a loss of power.
    """

    def __init__(self, path: Path, pages: int, driver: FlashDriver = NOR) -> None:
        self.path = path
        self.pages = pages
        self.driver = driver
        self.programs = 0
        self.cut: FlashCut | None = None
        self._revocable: deque[tuple[int, bytes]] = deque(maxlen=0)
        self.reset_wear()
        if not path.exists():
            path.write_bytes(b"\xff" * (pages * PAGE))
        if path.stat().st_size != pages * PAGE:
            raise ValueError(f"{path} must have {pages * PAGE} bytes, not {path.stat().st_size}")
        with path.open("r+b") as file:
            self.image = Image(file.fileno(), 0)  # read it, but write through the methods

    def forget_last(self, operations: int) -> None:
        """Lose so many of the last operations with the power from now on: a fault."""
        self._revocable = deque(maxlen=operations)

    def reset_wear(self) -> None:
        """Count erases, programs and the time that they take from zero."""
        self.programs = self.operations = self.busy_us = 0
        self.wear = [0] * self.pages

    @property
    def erases(self) -> int:
        """Pages erased so far; `wear` has them page by page."""
        return sum(self.wear)

    def program(
        self, address: int, data: bytes, spend: Callable[[int], None] = lambda us: None
    ) -> None:
        """Program bytes; bits only ever go from 1 to 0. Raises ValueError outside the flash."""
        self._check(address, data)
        old = self.image[address : address + len(data)]
        new = bytes(a & b for a, b in zip(old, data, strict=True)) if old.strip(b"\xff") else data
        self._revocable.append((address, old))
        cut = self._begin()
        self.programs += 1
        if cut is not None:
            done = cut.done(len(data))
            rest = bytes(a & b for a, b in zip(old[done:], cut.rest(old[done:]), strict=True))
            self.image[address : address + len(data)] = new[:done] + rest
            self._stop()
        self.image[address : address + len(data)] = new
        self._pass_time(self.driver.program_us * -(-len(data) // _ROW), spend)

    def erase(self, page: int, spend: Callable[[int], None] = lambda us: None) -> None:
        """Erase a page. Raises ValueError outside the flash."""
        if not 0 <= page < self.pages:
            raise ValueError(f"flash has pages 0 to {self.pages - 1}, not {page}")
        self._revocable.append((page * PAGE, self.image[page * PAGE : (page + 1) * PAGE]))
        cut = self._begin()
        self.wear[page] += 1
        begin, end = page * PAGE, (page + 1) * PAGE
        if cut is not None:
            done = cut.done(PAGE)
            self.image[begin:end] = b"\xff" * done + cut.rest(self.image[begin + done : end])
            self._stop()
        self.image[begin:end] = b"\xff" * PAGE
        self._pass_time(self.driver.erase_us, spend)

    def sync(self, spend: Callable[[int], None] = lambda us: None) -> None:
        """Bring into flash what the driver holds back: nothing here."""

    def lose_power(self) -> None:
        """Lose what is in RAM only: nothing here, unless flash forgets."""
        while self._revocable:
            address, before = self._revocable.pop()
            self.image[address : address + len(before)] = before

    def close(self) -> None:
        """Write the image out and let go of it."""
        self.lose_power()
        self.image.flush()
        self.image.close()

    def _check(self, address: int, data: bytes) -> None:
        end = address + len(data)
        if end > len(self.image):
            raise ValueError(f"flash ends at {len(self.image)}, not {end}")

    def _pass_time(self, us: int, spend: Callable[[int], None]) -> None:
        self.busy_us += us
        spend(us)

    def _begin(self) -> FlashCut | None:
        """Count an operation; return the cut in it, None where there is none."""
        self.operations += 1
        cut = self.cut
        return cut if cut is not None and cut.operation == self.operations else None

    def _stop(self) -> None:
        self.cut = None
        raise BoardStopped(POWER_CUT)


class PageInRam(Flash):
    """Flash behind a driver with one page in RAM (ports/stm32/flashbdev.c of MicroPython).

    `image` is what the board reads: of the page in RAM what it shall become. The port also erases
    such a page by itself, at most half a second after it was changed, and rewrites it five
    seconds after; nothing in the firmware leaves one changed for so long.
    """

    def __init__(self, path: Path, pages: int, driver: FlashDriver) -> None:
        super().__init__(path, pages, driver)
        self._page = -1
        self._cells = b""  # what the flash itself holds of that page
        self.is_dirty = False

    def program(
        self, address: int, data: bytes, spend: Callable[[int], None] = lambda us: None
    ) -> None:
        """Change pages in RAM. Raises ValueError outside the flash."""
        self._check(address, data)
        view = memoryview(data)
        while view:
            page, offset = divmod(address, PAGE)
            piece = view[: PAGE - offset]
            if page != self._page:
                self.sync(spend)
                self._page, self._cells = page, self.image[page * PAGE : (page + 1) * PAGE]
            self.image[address : address + len(piece)] = piece
            self.is_dirty = True
            address, view = address + len(piece), view[len(piece) :]

    def sync(self, spend: Callable[[int], None] = lambda us: None) -> None:
        """Erase and rewrite the page in RAM, if it was changed."""
        if not self.is_dirty:
            return
        wanted = self.image[self._page * PAGE : (self._page + 1) * PAGE]
        self.wear[self._page] += 1
        self._change_cells(b"\xff" * PAGE)
        self._pass_time(self.driver.erase_us, spend)
        self.programs += 1
        self._change_cells(wanted)
        half = self.driver.program_us * PAGE // _ROW // 2
        self._cells = wanted[: PAGE // 2] + b"\xff" * (PAGE // 2)
        self._pass_time(half, spend)
        self._cells = wanted
        self._pass_time(half, spend)
        self.is_dirty = False

    def _change_cells(self, wanted: bytes) -> None:
        """Let an operation make the flash itself hold what is wanted, unless it is cut."""
        cut = self._begin()
        if cut is not None:
            done = cut.done(PAGE)
            self._cells = wanted[:done] + cut.rest(self._cells[done:])
            self._stop()
        self._cells = wanted

    def lose_power(self) -> None:
        """Lose the page in RAM."""
        if self.is_dirty:
            self.image[self._page * PAGE : (self._page + 1) * PAGE] = self._cells
        self._page, self.is_dirty = -1, False


def make_flash(path: Path, pages: int, driver: FlashDriver) -> Flash:
    """Return the flash behind a driver."""
    return PageInRam(path, pages, driver) if driver.page_in_ram else Flash(path, pages, driver)
