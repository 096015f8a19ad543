"""The flash of a real interpreter: reads from the image, writes and erases through the host."""

import _board
import _link
import _protocol
import vfs

_BLOCK = _protocol.FLASH_BLOCK


class Flash:
    """Block device under littlefs. The host alone writes, so that it can cut the power."""

    def __init__(self, path):
        self._image = open(path, "rb")

    def readblocks(self, block, buffer, offset=0):
        _link.elapse(_protocol.READ_US)
        self._image.seek(block * _BLOCK + offset)
        self._image.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            _link.call(_protocol.FLASH_ERASE, 0, block)
            offset = 0
        _link.call(_protocol.FLASH_PROGRAM, 0, block * _BLOCK + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return _board.flash_blocks
        if operation == 5:
            return _BLOCK
        if operation == 6:
            _link.call(_protocol.FLASH_ERASE, 0, argument)
        return 0


def mount(path, place="/"):
    """Mount the board's file system, formatting it when there is none, as the port does."""
    flash = Flash(path)
    vfs.umount("/")
    try:
        file_system = vfs.VfsLfs2(flash, mtime=False)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        file_system = vfs.VfsLfs2(flash, mtime=False)
    vfs.mount(file_system, place)
