"""NOR flash: erased to ones by the block, programmed towards zero, in an image file.

The image is a file so that a real interpreter can read it without a request; only this side
writes, and each program or erase is one request at which the power may be cut.
"""

import mmap
from pathlib import Path

from filmgauge_sim.board.shims import _protocol

BLOCK = _protocol.FLASH_BLOCK
PROGRAM_US_PER_PAGE = 700  # assumed: serial NOR, one 256-byte page
ERASE_US = 45_000  # assumed: serial NOR, typical 4 KiB sector
_PAGE = 256


class Flash:
    """`blocks` blocks of 4 KiB in the file `path`, which is made erased when it is not there."""

    def __init__(self, path: Path, blocks: int) -> None:
        self.path = path
        self.blocks = blocks
        self.programs = 0
        self.erases = 0
        if not path.exists():
            path.write_bytes(b"\xff" * (blocks * BLOCK))
        if path.stat().st_size != blocks * BLOCK:
            raise ValueError(f"{path} must have {blocks * BLOCK} bytes, not {path.stat().st_size}")
        with path.open("r+b") as file:
            self.image = mmap.mmap(file.fileno(), 0)  # read it, but write through the methods

    def program(self, address: int, data: bytes) -> int:
        """Program bytes and return the time it takes in us; bits only ever go from 1 to 0.

        Raises ValueError outside the flash.
        """
        end = address + len(data)
        if end > len(self.image):
            raise ValueError(f"flash ends at {len(self.image)}, not {end}")
        old = self.image[address:end]
        if old.count(0xFF) == len(old):
            self.image[address:end] = data
        else:
            self.image[address:end] = bytes(a & b for a, b in zip(old, data, strict=True))
        self.programs += 1
        return PROGRAM_US_PER_PAGE * -(-len(data) // _PAGE)

    def erase(self, block: int) -> int:
        """Erase a block and return the time it takes in us. ValueError outside the flash."""
        if not 0 <= block < self.blocks:
            raise ValueError(f"flash has blocks 0 to {self.blocks - 1}, not {block}")
        self.image[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK
        self.erases += 1
        return ERASE_US

    def close(self) -> None:
        """Write the image out and let go of it."""
        self.image.flush()
        self.image.close()
