"""Versions as files, so that the same version goes on where it was, and an older one can be sent
again: <nodes>/versions/<board>-<number>/{manifest,app.bin,config.json,profile.bin}.

A version with the content of the newest one for its board is that one: it keeps its number and its
signature, and nodes that have a part of it do not begin anew.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from filmgauge.upgrade.manifest import Manifest
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError
from filmgauge_host.upgrade.version import Version, sign

VERSIONS_FOLDER = "versions"  # in that of all nodes
_MANIFEST = "manifest"


def read_version(folder: Path) -> Version:
    """Return a version from its folder. Raises InputError where it is not whole."""
    try:
        data = (folder / _MANIFEST).read_bytes()
        manifest = Manifest(data)
        files = {name: (folder / name).read_bytes() for name, *_ in manifest.files}
    except OSError as error:
        raise InputError(f"{folder} has no whole version: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{folder / _MANIFEST}: {error}") from None
    version = Version(data, files)
    for name, size, digest in manifest.files:
        if len(files[name]) != size or _digest(files[name]) != digest:
            raise InputError(f"{folder / name} is not the file of its manifest")
    return version


def store_version(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    name: str,
    board: str,
    bytecode: str,
    key: Ed25519PrivateKey,
    number: int | None = None,
    again: bool = False,
) -> tuple[Version, Path]:
    """Return a version with these files and its folder: the newest of its board where that has
    them and is of this key, unless it is to be made `again`, else a new one, whose number is the
    time in seconds unless given."""
    wanted = {"name": name, "board": board, "bytecode": bytecode}
    newest, highest = _newest(folder, board)
    if newest is not None and not again and number in (None, newest[0].described.number):
        found = newest[0]
        same = sign(files, number=found.described.number, key=key, **wanted)
        if same.described.signed == found.described.signed and _is_of(found, key):
            return newest
    number = max(int(time.time()), highest + 1) if number is None else number
    version = sign(files, number=number, key=key, **wanted)
    place = folder / f"{board}-{number}"
    content = {place / each: Content(data) for each, data in version.files.items()}
    write_all({**content, place / _MANIFEST: Content(version.manifest)})
    return version, place


def _newest(folder: Path, board: str) -> tuple[tuple[Version, Path] | None, int]:
    """Return the newest whole version for a board, and its number, 0 without any."""
    numbers = []
    for path in folder.glob(f"{board}-*"):
        number = path.name.removeprefix(f"{board}-")
        if number.isdigit():
            numbers.append((int(number), path))
    for number, path in sorted(numbers, reverse=True):
        try:
            return (read_version(path), path), number
        except InputError:
            continue
    return None, 0


def _is_of(version: Version, key: Ed25519PrivateKey) -> bool:
    described = version.described
    try:
        key.public_key().verify(described.signature, described.signed)
    except InvalidSignature:
        return False
    return True


def _digest(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(data).digest()
