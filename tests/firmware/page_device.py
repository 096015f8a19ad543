"""Raw pages behind a driver with one page in RAM, and power that goes while it is written."""

PAGE = 4096
_PART = 512


class PageDevice:
    """cut_after: steps of a write (erase, then eight parts) after which the power goes."""

    def __init__(self, pages):
        self.image = bytearray(b"\xff" * (pages * PAGE))
        self.cut_after = None
        self.writes = 0
        self._ram = bytearray(PAGE)
        self._page = -1

    def readblocks(self, block, buffer, offset):
        at = block * 512 + offset
        buffer[:] = memoryview(self.image)[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset):
        page, begin = divmod(block * 512 + offset, PAGE)
        if page != self._page:
            assert self._page < 0, "two pages without a word to the driver in between"
            self._page = page
            self._ram[:] = memoryview(self.image)[page * PAGE : (page + 1) * PAGE]
        self._ram[begin : begin + len(buffer)] = buffer
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.image) // 512
        if operation == 3 and self._page >= 0:
            at, self._page = self._page * PAGE, -1
            self.writes += 1
            self._step()
            self.image[at : at + PAGE] = b"\xff" * PAGE
            for begin in range(0, PAGE, _PART):
                self._step()
                part = memoryview(self._ram)[begin : begin + _PART]
                self.image[at + begin : at + begin + _PART] = part
        return 0

    def _step(self):
        if self.cut_after is not None:
            if not self.cut_after:
                self.cut_after = None
                raise OSError(5)
            self.cut_after -= 1
