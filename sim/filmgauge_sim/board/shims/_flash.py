"""The flash of a real interpreter: reads from the image, writes and erases through the host."""

import _board
import _link
import _protocol
import ustruct
import vfs

_PAGE = _protocol.FLASH_PAGE
_SUPERBLOCKS = (0, 1)  # where ports/stm32/main.c looks for one


class Flash:
    """Block device under littlefs. The host alone writes, so that it can cut the power."""

    block = _PAGE

    def __init__(self, path, size=None):
        self._image = open(path, "rb")
        self._size = size or _board.flash_pages * _PAGE

    def readblocks(self, block, buffer, offset=0):
        _link.elapse(_protocol.READ_US)
        self._image.seek(block * self.block + offset)
        self._image.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self._erase(block)
            offset = 0
        _link.call(_protocol.FLASH_PROGRAM, 0, block * self.block + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 3:
            self._sync()
        if operation == 4:
            return self._size // self.block
        if operation == 5:
            return self.block
        if operation == 6:
            self._erase(argument)
        return 0

    def _erase(self, block):
        _link.call(_protocol.FLASH_ERASE, 0, block)

    def _sync(self):
        pass


class PagedFlash(Flash):
    """Of the STM32 port, whose driver erases by itself."""

    block = _protocol.STM32_BLOCK

    def _erase(self, block):
        pass

    def _sync(self):
        _link.call(_protocol.FLASH_SYNC)


def mount(path, place="/"):
    """Mount the board's file system, making it when there is none, as the port does; return
    whether there is one."""
    if _board.port == "stm32":
        size = _found_bytes(path)
        flash = PagedFlash(path, size)
        makes = size is None
        options = {}
    else:
        flash = Flash(path)
        makes = True
        options = {"progsize": 256} if _board.port == "rp2" else {}
    vfs.umount("/")  # the file system of this machine, in which the image is
    try:
        file_system = vfs.VfsLfs2(flash, mtime=False, **options)
    except OSError:
        if not makes:
            print("MPY: can't mount flash")
            return False
        vfs.VfsLfs2.mkfs(flash, **options)
        file_system = vfs.VfsLfs2(flash, mtime=False, **options)
    vfs.mount(file_system, place)
    return True


def _found_bytes(path):
    """Return the size that the superblock says, None where there is none."""
    with open(path, "rb") as image:
        for block in _SUPERBLOCKS:
            image.seek(block * _protocol.STM32_BLOCK)
            head = image.read(32)
            if head[8:16] == b"littlefs":
                size, count = ustruct.unpack_from("<II", head, 24)
                return min(size * count, _board.flash_pages * _PAGE)
    return None
