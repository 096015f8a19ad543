"""What shall be on a board, what is on it, and what must be done about the difference."""

import hashlib
import json
from dataclasses import dataclass, field

from filmgauge_host.errors import InputError
from filmgauge_host.serial.archive import Archive, Member, Piece
from filmgauge_host.serial.board_files import FileSystem
from filmgauge_host.serial.board_link import LinkError
from filmgauge_host.serial.launcher import APP
from filmgauge_sim.nodes.broker_security import CA_FILE, CERTIFICATE_FILE, KEY_FILE

CONFIG = "/config.json"
PROFILE = "/profile.bin"
CERTIFICATES = (CA_FILE, CERTIFICATE_FILE, KEY_FILE)
EXCHANGED = (CONFIG, PROFILE, *CERTIFICATES, APP)
_SPARE_BLOCKS = 4  # assumed: what littlefs takes to write, with the node's own small files
_OLDER_STARTERS = ("/exchange.py", "/exchange.mpy")  # of the launcher before update.py


class FlashError(LinkError):
    """The board is not as it should be: no room, damaged, or the node does not report."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be on the board. config and profile: None leaves what is there. certificates:
    path -> content, of TLS, empty for one that must not be there; others stay."""

    archive: Archive
    start_files: dict[str, bytes]
    bytecode: tuple[int, int] | None
    config: bytes | None = None
    profile: bytes | None = None
    certificates: dict[str, bytes] = field(default_factory=dict)

    def exchanged(self) -> dict[str, bytes]:
        """Return the SHA-256 of the files that are given and belong to a version."""
        given = {CONFIG: self.config, PROFILE: self.profile}
        given |= {path: data or None for path, data in self.certificates.items()}
        found = {path: digest(data) for path, data in given.items() if data is not None}
        return {**found, APP: self.archive.digest}


@dataclass(frozen=True, slots=True)
class Contents:
    """What is on the board. members: modules in place that are as wanted."""

    room: FileSystem
    sizes: dict[str, int]
    digests: dict[str, bytes]
    members: dict[str, Member] = field(default_factory=dict)

    def erased(self) -> "Contents":
        """Return the same board without any file."""
        return Contents(self.room._replace(free=self.room.size), {}, {})


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. exchanged and start_files: path -> content to send; modules: that differ."""

    pieces: list[Piece]
    modules: list[str]
    exchanged: dict[str, bytes]
    start_files: dict[str, bytes]
    removed: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether the board has all of it."""
        return not (self.pieces or self.exchanged or self.start_files or self.removed)

    @property
    def size(self) -> int:
        """Bytes to send."""
        pieces = sum(len(piece.data) for piece in self.pieces)
        files = sum(map(len, (*self.exchanged.values(), *self.start_files.values())))
        return pieces + files

    def names(self) -> list[str]:
        """Return what is sent: modules of the archive, and files."""
        return [*self.modules, *self.exchanged, *self.start_files]


def make_plan(wanted: Wanted, contents: Contents) -> Plan:
    """Return what to do.

    Raises InputError where something is neither given nor there, FlashError where there is no
    room.
    """
    pieces: list[Piece] = []
    modules: list[str] = []
    if contents.digests.get(APP) != wanted.archive.digest:
        pieces = wanted.archive.pieces(contents.members)
        modules = [name for name in wanted.archive.digests() if name not in contents.members]
    exchanged = {}
    for path, content, option in (
        (CONFIG, wanted.config, "--config"),
        (PROFILE, wanted.profile, "--profile, or --cell and --area"),
        *((path, content, "") for path, content in wanted.certificates.items()),
    ):
        if content is None and path not in contents.sizes:
            raise InputError(f"the board has no {path[1:]} yet: give {option}")
        if not content and not contents.sizes.get(path):
            continue
        if content is not None and contents.digests.get(path) != digest(content):
            exchanged[path] = content  # an empty one too, for which the board can switch back
    issuer = exchanged.get(CA_FILE, contents.sizes.get(CA_FILE))
    if _needs_issuer(wanted.config) and not issuer:
        raise InputError(f"the board has no {CA_FILE[1:]} yet: give --node with broker.ca")
    starts = {
        path: content
        for path, content in wanted.start_files.items()
        if contents.digests.get(path) != digest(content)
    }
    plan = Plan(pieces, modules, exchanged, starts, _superseded(wanted, contents))
    _check_room(plan, wanted, contents)
    return plan


def digest(content: bytes) -> bytes:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).digest()


def _needs_issuer(config: bytes | None) -> bool:
    """Return whether a configuration is of no use without the certificate of an issuer."""
    values = json.loads(config) if config else {}
    return bool(values.get("mqtt_tls")) and not values.get("mqtt_pin")


def _superseded(wanted: Wanted, contents: Contents) -> list[str]:
    """Return the files at the root that would be loaded instead of what is wanted, or never."""
    stems = {path.rpartition(".")[0] for path in wanted.start_files}
    others = [f"{stem}{end}" for stem in stems for end in (".py", ".mpy")]
    stale = {*others, *_OLDER_STARTERS} - set(wanted.start_files)
    return sorted(stale & set(contents.sizes))


def _check_room(plan: Plan, wanted: Wanted, contents: Contents) -> None:
    sizes = [len(content) for content in (*plan.exchanged.values(), *plan.start_files.values())]
    if plan.pieces:
        sizes.append(len(wanted.archive.data))
    if not sizes:
        return
    block, free = contents.room.block, contents.room.free
    blocks = sum(-(-size // block) for size in sizes) + _SPARE_BLOCKS
    if blocks * block > free:
        raise FlashError(
            f"the board has {free // 1024} KB free, and {blocks * block // 1024} KB are needed "
            "beside the version in place: --erase makes room, and loses the node's records and "
            "its ledger"
        )
