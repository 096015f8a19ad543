"""`pyb` of the STM32 port, as far as a sensor node uses it: a part of its storage.

From ports/stm32 of MicroPython: storage.c, flashbdev.c.
"""

import _board
import _link
import _protocol

_BLOCK = _protocol.STM32_BLOCK


class Flash:
    """Shares its storage, and the page in RAM, with the file system."""

    def __init__(self, *, start=0, len=-1):
        whole = _board.flash_pages * _protocol.FLASH_PAGE
        size = whole - start if len < 0 else len
        if start % _BLOCK or size % _BLOCK or not 0 <= start < start + size <= whole:
            raise ValueError
        self._start, self._size = start, size

    def readblocks(self, block, buffer, offset=0):
        address = self._start + block * _BLOCK + offset
        _link.call_into(_protocol.FLASH_READ, 0, address | len(buffer) << 20, buffer)
        return 0

    def writeblocks(self, block, buffer, offset=0):
        _link.call(_protocol.FLASH_PROGRAM, 0, self._start + block * _BLOCK + offset, buffer)
        return 0

    def ioctl(self, operation, argument):
        if operation == 3:
            _link.call(_protocol.FLASH_SYNC)
        if operation == 4:
            return self._size // _BLOCK
        return _BLOCK if operation == 5 else 0
