"""`os.statvfs` of the ROM: that of a folder of the host would be the host's."""

import os

_DIRECTORY = 0x4000
_of_file_system = os.statvfs


def _size(path):
    state = os.stat(path)
    if state[0] & _DIRECTORY:
        return sum(_size(path + "/" + name) for name in os.listdir(path))
    return state[6]


def _statvfs(path):
    """Return what a port's ROM file system says: bytes for blocks, none of them free."""
    if path == "/rom" or path.startswith("/rom/"):
        return (1, 0, _size("/rom"), 0, 0, 0, 0, 0, 0, 32767)
    return _of_file_system(path)


os.statvfs = _statvfs
