"""The configuration in two copies: a file that somebody has brought, and one of the node's own.

    config = load("/config.json", device)       # ValueError: what is wrong with both
    save(text, "/config.json", device)          # OSError from flash

The file may have `"crc":"1a2b3c4d"` as its first member, the CRC-32 of the text without it: then
nothing in it can turn unnoticed. The copy has the CRC-32 of the file that it goes with. While
that is the one in place, the copy counts; a file with another one is newer, since whoever writes
both writes the file first, and the copy is renewed. A file that is torn or gone leaves the copy.

Where the file system does not outlive a cut, `device` is that of two raw pages with the copy in
them, and a change is written there alone: power that goes meanwhile costs neither the
configuration nor the file system. Elsewhere the copy is a file, and what is torn is renewed.
"""

import binascii
import os
import struct

from filmgauge.compat import const, exists
from filmgauge.config import Config

NAME = "config.bak"
_CRC_MEMBER = const(b'{"crc":"')
_HEAD = const(18)  # the member with its quotation marks and comma


def sealed(text: bytes) -> bytes:
    """Return a configuration with its CRC-32 as the first member; `text` is one without."""
    return _CRC_MEMBER + b'%08x",' % binascii.crc32(text) + text[1:]


def unsealed(text: bytes) -> bytes:
    """Return a configuration without that member; ValueError where the CRC is another one."""
    if not text.startswith(_CRC_MEMBER):
        return text
    plain = b"{" + text[_HEAD:]
    if text[len(_CRC_MEMBER) : _HEAD - 2] != b"%08x" % binascii.crc32(plain):
        raise ValueError("configuration does not match its checksum")
    return plain


def effective(file: bytes, copy: "bytes | None") -> bytes:
    """Return the text that counts of a file and of what the pages have, both as they were read."""
    if copy and struct.unpack_from("<I", copy, 0)[0] == binascii.crc32(file):
        return copy[4:]
    return file


def load(path: str, device=None, renews: bool = True) -> Config:
    """Return the configuration that counts; ValueError naming what is wrong with the file.

    renews: a copy that is behind, and a file that is broken, are written anew. Not so on trial:
    there no copy, which is of the version before, stands for a file that came with this one.
    """
    text, crc = _file(path)
    if device is None and _base(path) == crc:  # what most wakes find: the copy is not read
        try:
            return _checked(text)
        except ValueError:
            pass
    copy, base = _copy(path, device)
    if copy is not None and base == crc:
        try:
            return _checked(copy)
        except ValueError:
            pass
    try:
        config = _checked(text)
    except ValueError as error:
        if copy is None or (not renews and exists(path + ".old")):
            raise
        config = _checked(copy)
        print("filmgauge: %s: its copy is used" % error)
        if renews and device is None:
            _renew(lambda: _write_file(copy, path))
        return config
    if renews:
        _renew(lambda: _write_copy(text, crc, path, device))
    return config


def current(path: str, device=None) -> bytes:
    """Return the text of the configuration that counts; ValueError where there is none."""
    text, crc = _file(path)
    copy, base = _copy(path, device)
    if copy is not None and base == crc:
        return unsealed(copy)
    try:
        _checked(text)
    except ValueError:
        if copy is None:
            raise
        text = copy
    return unsealed(text or b"")


def save(text: bytes, path: str, device=None) -> None:
    """Write a configuration, checked before: the file, then the copy; with pages the copy alone.
    OSError from flash, with the old one in force."""
    text = sealed(text)
    if device is None:
        _write_file(text, path)
        _renew(lambda: _write_copy(text, binascii.crc32(text), path, None))
    else:
        _write_copy(text, _file(path)[1], path, device)


def _checked(text):
    """Return the configuration that a text is; ValueError for anything else."""
    if text is None:
        raise ValueError("there is no configuration")
    return Config.from_json(unsealed(text))


def _file(path):
    """Return the bytes of the file and their CRC-32; None and 0 where it cannot be read."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return None, 0
    return text, binascii.crc32(text)


def _base(path):
    """Return which file the copy says that it goes with, None where there is no copy."""
    try:
        with open(_folder(path) + NAME, "rb") as file:
            head = file.read(4)
    except OSError:
        return None
    return struct.unpack("<I", head)[0] if len(head) == 4 else None


def _copy(path, device):
    """Return the text of the copy, and which file it goes with; None for either without one."""
    try:
        if device is not None:
            from filmgauge.store.page_pair import PagePair

            data = PagePair(device).read(NAME) or b""
        else:
            with open(_folder(path) + NAME, "rb") as file:
                data = file.read()
            end = len(data) - 4
            if end < 4 or struct.unpack_from("<I", data, end)[0] != binascii.crc32(data[:end]):
                data = b""
            data = data[:end]
    except OSError:
        data = b""
    return (data[4:], struct.unpack_from("<I", data, 0)[0]) if data else (None, None)


def _write_copy(text, crc, path, device):
    data = struct.pack("<I", crc) + text
    if device is not None:
        from filmgauge.store.page_pair import PagePair

        PagePair(device).write(NAME, data)
        return
    with open(_folder(path) + NAME, "wb") as file:  # as crash.py has what it keeps
        file.write(data + struct.pack("<I", binascii.crc32(data)))


def _write_file(text, path):
    """Put a file in the place of another in one step."""
    with open(path + ".new", "wb") as file:
        file.write(text)
    os.rename(path + ".new", path)


def _folder(path):
    return path[: path.rfind("/") + 1]


def _renew(write):
    try:
        write()
    except OSError as error:  # the other one is whole
        print("filmgauge: configuration not renewed:", error)
