"""A version on its way: what has been ordered, and what of it is in flash already.

    staging = Staging("esp32")              # OSError where nothing is ordered
    while staging.next < staging.pieces:
        staging.add(piece(staging.next))    # ValueError: refused, one sentence; OSError from flash
    staging.close()                         # whole: the launcher does the rest at the next boot

Files of /incoming: `order` (SHA-256 and size of the manifest, flags), `manifest`, `app.bin`,
`changes` (of config.json), `profile.bin`; `misses`, a byte for each report in which the next piece
was not there; what the launcher and check.py leave: `verified`, `back` or `refused`; and `waited`
(trial.py).

How far it has come is how long its files are, so nothing else has to outlive a cut: a piece that
is not whole is written anew.
"""

import os
import struct
import sys
from hashlib import sha256

from filmgauge.compat import const, names_in
from filmgauge.upgrade.manifest import NAMES, PIECE, Manifest
from filmgauge.upgrade.ways_back import ways_back

FOLDER = "/incoming"
ORDER = "/incoming/order"
MANIFEST = "/incoming/manifest"
VERIFIED = "/incoming/verified"
BACK = "/incoming/back"
REFUSED = "/incoming/refused"
_MISSES = "/incoming/misses"
INSTALLED = "/version"
_SWITCH = "/switch"  # launch.py
_TRIAL = "/trial"
_REMEMBERED = "/state.old"
_MOST_MISSES = const(24)
DOWNGRADE = const(1)  # flags of an order
SUPPLY_HOLDS = const(2)
_ORDER = "<32sHB"
_ORDER_SIZE = const(35)
_FLUSH_PIECES = const(4)  # a block of most boards: what is synced more often is erased more often
_SPARE_BLOCKS = const(4)  # as flash_plan.py


class Staging:
    """pieces: of the version, 1 while its manifest is not there; next: the one to bring; sha: of
    the manifest."""

    def __init__(self, board: str):
        self.sha, self._size, self._flags = ordered()
        self._board = board
        self._file = None
        self._manifest = None
        self.pieces, self.next = 1, 0
        if size_of(MANIFEST) == self._size:
            with open(MANIFEST, "rb") as file:
                self._begin(file.read(self._size))

    def _begin(self, data):
        if len(data) != self._size or sha256(data).digest() != self.sha:
            raise ValueError("the manifest is not the one that was ordered")
        self._manifest = manifest = Manifest(data)
        self.pieces, self.next = manifest.pieces, 1
        for name, size, _ in manifest.files:
            stored = min(size_of(path_of(name)), size)
            self.next += -(-size // PIECE) if stored == size else stored // PIECE
            if stored < size:
                break

    def room(self) -> int:
        """Return how many bytes the next piece has."""
        if self._manifest is None:
            return self._size
        _, size, offset = self._part()
        return min(PIECE, size - offset)

    def add(self, data) -> None:
        """Write the next piece. ValueError where the version is refused."""
        if len(data) != self.room():
            text = "piece %d must have %d bytes, not %d"
            raise ValueError(text % (self.next, self.room(), len(data)))
        if self._manifest is None:
            self._begin(bytes(data))
            _check(self._manifest, self._board, self._flags)
            with open(MANIFEST, "wb") as file:
                file.write(data)
            return
        name, size, offset = self._part()
        if self._file is None:
            path = path_of(name)
            self._file = open(path, "r+b" if offset else "wb")  # noqa: SIM115
            self._file.seek(offset)
        self._file.write(data)
        if offset + len(data) == size:
            self._close_file()
        elif not (self.next + 1) % _FLUSH_PIECES:
            self._file.flush()
        self.next += 1

    def _part(self):
        """Return name and size of the file of the next piece, and where it begins there."""
        number = self.next - 1
        for name, size, _ in self._manifest.files:  # pyright: ignore
            count = -(-size // PIECE)
            if number < count:
                return name, size, number * PIECE
            number -= count
        raise ValueError("the version is whole")

    def is_whole(self) -> bool:
        """Return whether all is there."""
        return self._manifest is not None and self.next == self.pieces

    def close(self) -> None:
        """Close what is open. Where all is there the launcher learns of it."""
        self._close_file()
        if self.is_whole() and not exists(_TRIAL):
            with open(_SWITCH, "w") as file:
                file.write(".")

    def _close_file(self):
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def missed(self, why: str) -> None:
        """Note that the next piece is not there; ValueError, `why` or that it did not come, where
        that is so for long, or nobody can note how long."""
        if size_of(_MISSES) < _MOST_MISSES:
            try:
                with open(_MISSES, "ab") as file:
                    file.write(b".")
                return
            except OSError:
                pass
        raise ValueError(why or "piece %d did not come" % self.next)

    def found(self) -> None:
        """Forget what was missed."""
        if exists(_MISSES):
            os.remove(_MISSES)


def order(digest: bytes, size: int, flags: int) -> None:
    """Order a version by its manifest; what another one has left goes. No version is on
    trial. OSError from flash."""
    new = struct.pack(_ORDER, digest, size, flags)
    if exists(ORDER) and ordered()[:2] != (digest, size):
        clear()
    for path in ["/" + name for name in ways_back()] + [_REMEMBERED]:
        if exists(path):
            os.remove(path)  # of a trial whose end a cut has ended: never to be gone back to
    if not exists(FOLDER):
        os.mkdir(FOLDER)
    with open(ORDER + ".new", "wb") as file:
        file.write(new)
    os.rename(ORDER + ".new", ORDER)


def ordered() -> "tuple[bytes, int, int]":
    """Return SHA-256 and size of the manifest that was ordered, and the flags. OSError."""
    with open(ORDER, "rb") as file:
        return struct.unpack(_ORDER, file.read(_ORDER_SIZE))


def clear() -> None:
    """Forget the order and what has come of it. What there is to tell goes last."""
    if exists(ORDER):
        os.remove(ORDER)  # without it the rest is nothing, whatever becomes of the power
    last = VERIFIED, BACK, REFUSED
    for path in [FOLDER + "/" + name for name in names_in(FOLDER)]:
        if path not in last and not path.endswith("."):
            os.remove(path)
    for path in last:
        if exists(path):
            os.remove(path)
    os.rmdir(FOLDER)


def refuse(reason: str) -> None:
    """Let the next report tell why there is no new version. Where flash is full, what has come of
    the version makes room; OSError from flash."""
    try:
        _write_reason(reason)
    except OSError:
        for path in [MANIFEST] + [path_of(name) for name in NAMES]:
            if exists(path):
                os.remove(path)
        _write_reason(reason)


def _write_reason(reason):
    with open(REFUSED, "w") as file:
        file.write(reason)


def path_of(name: str) -> str:
    """Return where a file of a version is collected. A configuration brings only changes."""
    return FOLDER + "/" + ("changes" if name == "config.json" else name)


def _check(manifest, board, flags):
    """Raise ValueError where a version is nothing for this node."""
    if manifest.board != board:
        raise ValueError("the version is for %s, and this board is %s" % (manifest.board, board))
    mpy = sys.implementation._mpy  # pyright: ignore
    loads = "%d.%d" % (mpy & 255, mpy >> 8 & 3)
    if manifest.bytecode != loads:
        text = "the version has bytecode %s, and this interpreter loads %s"
        raise ValueError(text % (manifest.bytecode, loads))
    number = installed().get("number", 0)
    if manifest.number <= number and not flags & DOWNGRADE:
        text = "number must be above %d, not %d, or the order a downgrade"
        raise ValueError(text % (number, manifest.number))
    block, _, _, free = os.statvfs("/")[:4]
    blocks = sum([-(-size // block) for _, size, _ in manifest.files]) + _SPARE_BLOCKS
    if blocks > free:
        text = "the version needs %d KB of flash, and %d are free"
        raise ValueError(text % (-(-blocks * block // 1024), free * block // 1024))


def installed() -> dict:
    """Return what is known of the version that runs: number, previous and outcome; empty where it
    has come by cable."""
    import json

    try:
        with open(INSTALLED) as file:
            return json.loads(file.read())
    except (OSError, ValueError):
        return {}


def exists(path: str) -> bool:
    """Return whether there is such a file or directory."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def size_of(path: str) -> int:
    """Return the bytes of a file, 0 where there is none."""
    try:
        return os.stat(path)[6]
    except OSError:
        return 0
