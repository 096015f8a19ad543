"""Brings a version of the firmware onto a board, so that the old one runs until the new is whole.

What the board's side of it is: `firmware/launch.py`. Here: survey what is there, send what
differs beside it, verify, and leave the exchange to the next boot of the board. Whatever cuts
this off, it can be run again.
"""

import ast
import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from filmgauge_host.errors import InputError
from filmgauge_host.provision.boards import BoardType, check_board, check_interpreter
from filmgauge_host.provision.settings import check_config
from filmgauge_host.serial.archive import Archive, Member, Piece, full_name
from filmgauge_host.serial.board_agent import AGENT
from filmgauge_host.serial.board_link import BoardError, BoardLink, Identity, LinkError

APP = "/app.bin"
CONFIG = "/config.json"
PROFILE = "/profile.bin"
_EXCHANGED = (CONFIG, PROFILE, APP)
_SWITCH = "/switch"
_TRIAL = "/trial"
_REPORTED = "/reported"
_KEEP_AT_ONCE = 16384  # bytes that the board copies a request, well within its watchdog's time
_SPARE_BLOCKS = 4  # assumed: what littlefs takes to write, with the node's own small files
_LOOK_AFTER_S = 20.0
_RECORD = b"filmgauge: first record "
_WAITS = b" waits: "
_BACK = b"launch: back to the version before"

Progress = Callable[[str, int, int], None]  # what, bytes done, bytes in all


class FlashError(LinkError):
    """The board is not as it should be: no room, damaged, or the node does not report."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be on the board. config and profile: None keeps what is there."""

    archive: Archive
    start_files: dict[str, bytes]
    bytecode: tuple[int, int] | None
    config: bytes | None = None
    profile: bytes | None = None


@dataclass(slots=True)
class Found:
    """What is on the board. members: of the archive in place."""

    free: int
    block: int
    sizes: dict[str, int]
    digests: dict[str, bytes]
    members: dict[str, Member] = field(default_factory=dict)

    def is_there(self, path: str) -> bool:
        """Whether a file is on the board."""
        return path in self.sizes


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


class Flasher:
    """Flashes `wanted` over a link that is open. `progress` is told of bytes as they go."""

    def __init__(
        self, link: BoardLink, board: BoardType, wanted: Wanted, progress: Progress
    ) -> None:
        self._link = link
        self._board = board
        self._wanted = wanted
        self._progress = progress
        self._done = 0

    def check(self) -> Identity:
        """Return what the board is. Raises LinkError for another board or interpreter."""
        identity = self._link.identity()
        check_board(identity, self._board)
        check_interpreter(identity, self._wanted.bytecode)
        return identity

    def erase(self) -> None:
        """Remove every file from the board."""
        self._link.run(AGENT)
        self._link.run("clear('')", timeout_s=60)

    def survey(self, looks_only: bool = False) -> Found:
        """Look what is on the board, after finishing what it has left half done.

        looks_only: change nothing.
        """
        link = self._link
        link.run(AGENT)
        if link.value("there('/main.py')"):  # something to come back to when the cable is pulled
            link.guard()
        _, _, is_littlefs = self._state()
        if not is_littlefs:
            raise FlashError(
                "the board's file system is not littlefs, which alone outlives a power cut: "
                "format it as docs/flashing.md says"
            )
        if not looks_only:
            self._tidy()
        sizes = self._root_files()
        free, block, _ = self._state()
        wanted = [*_EXCHANGED, *self._wanted.start_files]
        digests = link.hashes([path for path in wanted if path in sizes])
        found = Found(free, block, sizes, digests)
        if APP in sizes and digests.get(APP) != self._wanted.archive.digest:
            found.members = self._members()
        return found

    def _tidy(self) -> None:
        """Finish an exchange, end a trial of something else, and remove what is left over."""
        link = self._link
        sizes = self._root_files()
        if _SWITCH in sizes:  # an exchange that only needs its boot
            link.run("import update\nupdate.finish_update()")
            sizes = self._root_files()
        if _TRIAL in sizes and self._goes_back(sizes):
            link.run("import update\nupdate.go_back()")
            sizes = self._root_files()
        left = [path for path in sizes if path.endswith((".new", ".part", ".old"))]
        if _TRIAL not in sizes and left:
            for path in left:
                link.run(f"drop({path!r})")

    def plan(self, found: Found, erased: bool = False) -> Plan:
        """Return what to do, as if the board were `erased`.

        Raises InputError where something is neither given nor there, FlashError where there is
        no room.
        """
        wanted = self._wanted
        if erased:
            found = Found(found.free + sum(found.sizes.values()), found.block, {}, {})
        pieces: list[Piece] = []
        modules: list[str] = []
        if found.digests.get(APP) != wanted.archive.digest:
            pieces = wanted.archive.pieces(found.members)
            modules = wanted.archive.changed(found.members)
        exchanged = {}
        for path, content, option in (
            (CONFIG, wanted.config, "--config"),
            (PROFILE, wanted.profile, "--profile, or --cell and --area"),
        ):
            if content is None and not found.is_there(path):
                raise InputError(f"the board has no {path[1:]} yet: give {option}")
            if content is not None and found.digests.get(path) != _digest(content):
                exchanged[path] = content
        if wanted.config is None:
            check_config(self._link.read_file(CONFIG), self._board)
        starts = {
            path: content
            for path, content in wanted.start_files.items()
            if found.digests.get(path) != _digest(content)
        }
        plan = Plan(pieces, modules, exchanged, starts, self._superseded(found))
        self._check_room(plan, found)
        return plan

    def carry_out(self, plan: Plan, found: Found) -> None:
        """Send what differs, verify it, and have the board exchange it at its next boot."""
        link = self._link
        total = plan.size
        self._done = 0
        if plan.pieces:
            self._assemble(plan.pieces, total)
        for path, content in plan.exchanged.items():
            link.write_file(path + ".new", content, self._counter(path[1:], total))
        self._verify(plan)
        for path, content in plan.start_files.items():
            link.write_file(path, content, self._counter(path[1:], total))
        for path in plan.removed:
            link.run(f"drop({path!r})")
        # The node tells of its first record, and a version that does not is switched back.
        marker = _SWITCH if plan.pieces or plan.exchanged else _TRIAL
        link.run(f"drop({_REPORTED!r})")
        if not (marker == _TRIAL and found.is_there(_TRIAL)):
            link.run(f"open({marker!r}, 'wb').close()")
        self._progress("done", total, total)

    def boot(self) -> None:
        """Reset the board."""
        self._link.reset()

    def first_record(
        self,
        timeout_s: float,
        on_wait: Callable[[str], None] | None = None,
        look_after_s: float = _LOOK_AFTER_S,
    ) -> dict[str, Any]:
        """Wait for the node's first record; return it as JSON has it.

        A port that vanishes in a reset may be back too late to hear it: after a silence of
        `look_after_s` the board is asked once.
        Raises FlashError when the time is over, or when the board went back to what was before.
        """
        deadline_s = time.monotonic() + timeout_s
        heard = b""
        said = ""
        looks_s = time.monotonic() + look_after_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            heard += self._link.listen(lambda new: b"\n" in new, min(left_s, 1.0))
            if not heard and not said and time.monotonic() > looks_s:
                if record := self._reported(said):
                    return record
                looks_s = deadline_s
            *lines, heard = heard.split(b"\n")
            for line in lines:
                if line.startswith(_RECORD):
                    with contextlib.suppress(ValueError):
                        return json.loads(line[len(_RECORD) :])
                if line.startswith(_BACK):
                    raise _went_back(said)
                said = line.decode(errors="replace").strip() or said
                if _WAITS in line and on_wait is not None:
                    on_wait(said)
        last = f"; its last word: {said}" if said else ""
        raise FlashError(f"the node did not report within {timeout_s:.0f} s{last}")

    def _reported(self, said: str) -> dict[str, Any] | None:
        """Ask the board for its first record, and let it run again.

        Raises FlashError when it went back to what was before meanwhile.
        """
        self._link.enter()
        try:
            sizes = self._root_files()
            if _REPORTED in sizes:
                return json.loads(self._link.read_file(_REPORTED))
        except ValueError:
            return None
        finally:
            self._link.reset()
        if _TRIAL not in sizes:
            raise _went_back(said)
        return None

    def _state(self) -> tuple[int, int, bool]:
        state = ast.literal_eval(self._link.run("state()").strip())
        assert isinstance(state, tuple)
        return state

    def _root_files(self) -> dict[str, int]:
        lines = self._link.run(
            "for each in os.ilistdir('/'):\n"
            " if each[1] & 0x8000: print(repr(('/' + each[0], each[3])))"
        ).splitlines()
        return dict(ast.literal_eval(line) for line in lines if line)

    def _goes_back(self, sizes: dict[str, int]) -> bool:
        """Whether a version on trial is not what is wanted, and there is one before it."""
        if not any(path + ".old" in sizes for path in _EXCHANGED):
            return False
        wanted = {APP: self._wanted.archive.digest}
        if self._wanted.config is not None:
            wanted[CONFIG] = _digest(self._wanted.config)
        if self._wanted.profile is not None:
            wanted[PROFILE] = _digest(self._wanted.profile)
        found = self._link.hashes([path for path in wanted if path in sizes])
        return found != wanted

    def _members(self) -> dict[str, Member]:
        """Return what the archive in place has; nothing of one that cannot be read."""
        try:
            lines = self._link.run(f"members({APP!r})", timeout_s=60).splitlines()
        except BoardError:
            return {}
        members = {}
        for line in lines:
            name, offset, length, digest = ast.literal_eval(line)
            members[full_name(name)] = Member(offset, length, digest)
        return members

    def _superseded(self, found: Found) -> list[str]:
        """Return the files at the root that would be loaded instead of what is wanted."""
        stems = {path.rpartition(".")[0] for path in self._wanted.start_files}
        return [
            path
            for path in found.sizes
            if path.rpartition(".")[0] in stems
            and path.endswith((".py", ".mpy"))
            and path not in self._wanted.start_files
        ]

    def _check_room(self, plan: Plan, found: Found) -> None:
        sizes = [
            len(content) for content in (*plan.exchanged.values(), *plan.start_files.values())
        ]
        if plan.pieces:
            sizes.append(len(self._wanted.archive.data))
        if not sizes:
            return
        blocks = sum(-(-size // found.block) for size in sizes) + _SPARE_BLOCKS
        if blocks * found.block > found.free:
            raise FlashError(
                f"the board has {found.free // 1024} KB free, and {blocks * found.block // 1024} "
                "KB are needed beside the version in place: --erase makes room, and loses the "
                "node's records and its ledger"
            )

    def _assemble(self, pieces: list[Piece], total: int) -> None:
        """Put the new archive together on the board, from what is there and what is sent."""
        link = self._link
        part = APP + ".part"
        link.run(f"_file = open({part!r}, 'wb')")
        for piece in pieces:
            if piece.data:
                link.send(piece.data, self._counter("firmware", total))
            for at in range(0, piece.length, _KEEP_AT_ONCE):
                count = min(_KEEP_AT_ONCE, piece.length - at)
                link.run(f"keep({APP!r}, {piece.offset + at}, {count})", timeout_s=30)
        link.run("_file.close()")
        link.run(f"os.rename({part!r}, {APP + '.new'!r})")

    def _verify(self, plan: Plan) -> None:
        wanted = {path + ".new": _digest(content) for path, content in plan.exchanged.items()}
        if plan.pieces:
            wanted[APP + ".new"] = self._wanted.archive.digest
        found = self._link.hashes(list(wanted))
        for path, digest in wanted.items():
            if found.get(path) != digest:
                raise FlashError(f"{path} arrived damaged on the board: try again")

    def _counter(self, what: str, total: int) -> Callable[[int], None]:
        def count(size: int) -> None:
            self._done += size
            self._progress(what, self._done, total)

        return count


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _went_back(said: str) -> FlashError:
    why = f": {said}" if said else ""
    return FlashError(
        f"the new version did not report, and the board went back to the one before{why}"
    )
