"""Brings a version of the firmware onto a board, so that the old one runs until the new is whole.

What the board's side of it is: `firmware/launch.py`. Here: survey what is there, send what
differs beside it, verify, and leave the exchange to the next boot of the board. Whatever cuts
this off, it can be run again.
"""

from collections.abc import Callable

from filmgauge.upgrade.staging import BACK, INSTALLED, ORDER, VERIFIED
from filmgauge_host.serial.archive import HEAD_BYTES, Member, Piece, index_length, members
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.flash_plan import EXCHANGED, Contents, FlashError, Plan, Wanted, digest
from filmgauge_host.serial.launcher import APP, REPORTED, STARTS, SWITCH, TRIAL, update_code

_WAYS_BACK = (".old", ".none")  # what leads back to the version before: firmware/launch.py
_LEFT = (".new", ".part", ".new.part", *_WAYS_BACK)
Progress = Callable[[str, int, int], None]  # what, bytes done, bytes in all


class FlashTransfer:
    """Flashes `wanted` onto the board at its prompt behind `link`.

    `progress` gets the bytes as they go.
    """

    def __init__(self, link: BoardLink, wanted: Wanted, progress: Progress) -> None:
        self._link = link
        self._files = BoardFiles(link)
        self._wanted = wanted
        self._progress = progress
        self._done = 0
        self._total = 0

    def survey(self, read_only: bool = False) -> Contents:
        """Return what is on the board, after finishing what it has left half done.

        read_only: change nothing.
        """
        files = self._files
        if not files.file_system().is_littlefs:
            raise FlashError(
                "the board's file system is not littlefs, which alone outlives a power cut: "
                "format it as docs/flashing.md says"
            )
        sizes = files.sizes()
        if "/main.py" in sizes:  # something to come back to when the cable is pulled
            self._link.guard()
        if not read_only:
            self._tidy(sizes)
            sizes = files.sizes()
        compared = [*EXCHANGED, *self._wanted.start_files]
        digests = files.digests(path for path in compared if path in sizes)
        contents = Contents(files.file_system(), sizes, digests)
        if APP in sizes and digests.get(APP) != self._wanted.archive.digest:
            contents.members.update(self._unchanged_members())
        return contents

    def carry_out(self, plan: Plan, before_it_counts: Callable[[], None] = lambda: None) -> None:
        """Send what differs, verify it, and have the board exchange it at its next boot.

        before_it_counts: called when all of it is there, and none of it may run yet.
        """
        files = self._files
        self._done, self._total = 0, plan.size
        if plan.pieces:
            self._assemble(plan.pieces)
        for path, content in plan.exchanged.items():
            files.write(path + ".new", content, self._counter(path[1:]))
        self._verify(plan)
        if plan.start_files:  # a trial would meet a launcher of two versions if this is cut off
            files.remove(TRIAL)
        for path, content in plan.start_files.items():
            files.write(path, content, self._counter(path[1:]))
        for path in plan.removed:
            files.remove(path)
        if plan.pieces:  # no version that was ordered over the air takes the place of this one
            for path in (ORDER, VERIFIED, BACK, INSTALLED):
                files.remove(path)
        # The node tells of its first record, and a version that does not is switched back.
        files.remove(REPORTED)
        before_it_counts()
        marker = SWITCH if plan.pieces or plan.exchanged else TRIAL
        if marker not in files.sizes():
            files.create(marker)
            files.close()
        self._progress("done", self._total, self._total)

    def _tidy(self, sizes: dict[str, int]) -> None:
        """Finish an exchange, end a trial of something else, and remove what is left over."""
        if SWITCH in sizes:  # an exchange that only needs its boot
            self._link.run(f"{update_code()}finish{APP, SWITCH, TRIAL, STARTS!r}")
            sizes = self._files.sizes()
        if TRIAL in sizes and self._goes_back(sizes):
            self._link.run(f"{update_code()}go_back{APP, TRIAL!r}")
            sizes = self._files.sizes()
        if TRIAL not in sizes:
            # Not state.old: a version that comes back may not have read it yet.
            for path in sorted(self._left_over() & sizes.keys()):
                self._files.remove(path)

    def _left_over(self) -> set[str]:
        """Return what flashing that was cut off may have left; other files are somebody else's."""
        stems = {path.rpartition(".")[0] for path in self._wanted.start_files}
        starts = {f"{stem}{end}.part" for stem in stems for end in (".py", ".mpy")}
        return starts | {path + end for path in EXCHANGED for end in _LEFT}

    def _goes_back(self, sizes: dict[str, int]) -> bool:
        """Whether a version on trial is not what is wanted, and there is one before it."""
        if not any(path + suffix in sizes for path in EXCHANGED for suffix in _WAYS_BACK):
            return False
        wanted = self._wanted.exchanged()
        return self._files.digests(path for path in wanted if path in sizes) != wanted

    def _unchanged_members(self) -> dict[str, Member]:
        """Return the modules in place that are as wanted; none of an archive that is damaged."""
        files = self._files
        length = index_length(files.read(APP, 0, HEAD_BYTES))
        if length is None:
            return {}
        try:
            found = members(files.read(APP, HEAD_BYTES, length))
        except ValueError:
            return {}
        digests = files.part_digests(APP, ((each.offset, each.length) for each in found.values()))
        wanted = self._wanted.archive.digests()
        return {
            name: member
            for (name, member), digest in zip(found.items(), digests, strict=True)
            if wanted.get(name) == digest
        }

    def _assemble(self, pieces: list[Piece]) -> None:
        """Put the new archive together on the board, from what is there and what is sent."""
        files = self._files
        part = APP + ".part"
        files.create(part)
        for piece in pieces:
            files.append(piece.data, self._counter("firmware"))
            files.append_copy(APP, piece.offset, piece.length)
        files.close()
        files.rename(part, APP + ".new")

    def _verify(self, plan: Plan) -> None:
        wanted = {path + ".new": digest(content) for path, content in plan.exchanged.items()}
        if plan.pieces:
            wanted[APP + ".new"] = self._wanted.archive.digest
        found = self._files.digests(wanted)
        for path, expected in wanted.items():
            if found.get(path) != expected:
                raise FlashError(f"{path} arrived damaged on the board: try again")

    def _counter(self, what: str) -> Callable[[int], None]:
        def count(size: int) -> None:
            self._done += size
            self._progress(what, self._done, self._total)

        return count
