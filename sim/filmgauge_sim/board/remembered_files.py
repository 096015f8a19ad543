"""The board's file system for boots that find the flash as an earlier one did: their questions are
mostly the same, and littlefs would answer the same with as many block reads.

When it is mounted, littlefs knows nothing but what is on the flash. So the answers of a boot, and
how many reads each took, can be kept until it writes. A boot that finds every block that was read
as it was gets these answers, and its clock the time of these reads. As soon as it asks something
else, littlefs is brought to where it would be, and goes on.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_on_board import BoardFile, BoardFiles, Link

_EIO = 5
_WRITING = frozenset("wax+")  # modes of `open`
_MOST_STEPS = 200  # of all boots with one flash: a boot may last for years

_Question: TypeAlias = tuple[str | int, ...]  # equal ones of two boots want the same answer


class _Step:
    """What came of one question, and what was asked next. error: its number, 0 for none."""

    __slots__ = ("answer", "error", "reads", "then")

    def __init__(self, reads: int, answer: Any = None, error: int = 0) -> None:
        self.reads = reads
        self.answer = answer
        self.error = error
        self.then: dict[_Question, _Step] = {}


class RememberedFiles(BoardFiles):
    """See BoardFiles: the same answers after the same time."""

    def __init__(self, flash: Flash, link: Link) -> None:
        super().__init__(flash, link)
        self._flash_before: dict[int, bytes] = {}  # block -> what the first boot has read in it
        self._mounted: _Step | None = None  # with which every boot begins
        self._step: _Step | None = None  # the last one; None when what comes next is not kept
        self._owed: list[Callable[[], Any]] | None = None  # by littlefs, None where it keeps up
        self.kept_steps = 0  # steps behind that, of all boots since the flash was changed
        self._opened = 0

    def mount(self) -> None:
        """See BoardFiles."""
        self._opened = 0
        self._owed = self._step = None
        if self._mounted is not None and self._is_as_before():
            self.reads.noted = self._flash_before
            self._owed, self._step = [], self._mounted
            self.reads.pay(self._mounted.reads)
            return
        self._mounted = None
        noted = self.reads.noted = self._flash_before = {}
        self.kept_steps, count = 0, self.reads.count
        super().mount()
        if self.reads.noted is noted:  # it has not made a new file system
            self._mounted = self._step = _Step(self.reads.count - count)

    def open(self, path: str, mode: str = "r") -> BoardFile:
        """See BoardFiles."""
        if not _WRITING.isdisjoint(mode):
            self.leave_known()
            return super().open(path, mode)
        self._opened += 1
        file = _RememberedFile(self, self._opened)

        def act() -> None:
            file.real = BoardFiles.open(self, path, mode)

        self.ask(("open", path, mode), act)
        return file

    def listdir(self, path: str = "/") -> list[str]:
        """See BoardFiles."""
        names = self.ask(("listdir", path), lambda: tuple(BoardFiles.listdir(self, path)))
        return list(names)

    def stat(self, path: str) -> tuple[int, ...]:
        """See BoardFiles."""
        return self.ask(("stat", path), lambda: BoardFiles.stat(self, path))

    def mkdir(self, path: str) -> None:
        """See BoardFiles."""
        self.leave_known()
        super().mkdir(path)

    def remove(self, path: str) -> None:
        """See BoardFiles."""
        self.leave_known()
        super().remove(path)

    def rename(self, old: str, new: str) -> None:
        """See BoardFiles."""
        self.leave_known()
        super().rename(old, new)

    def ask(self, question: _Question, act: Callable[[], Any]) -> Any:
        """Return what `act` answers, which writes nothing, or what it has answered before."""
        step, self._step = self._step, None
        known = step.then.get(question) if step is not None else None
        if known is not None and self._owed is not None:
            self._owed.append(act)
            self.reads.pay(known.reads)
        elif step is None or self.kept_steps == _MOST_STEPS:
            self._catch_up()
            return act()
        else:
            known = step.then[question] = self._answered(act)
            self.kept_steps += 1
        self._step = known
        if known.error:
            raise OSError(known.error, "")
        return known.answer

    def leave_known(self) -> None:
        """Let littlefs do what it owes, before what is not the same at every boot."""
        self._catch_up()
        self._step = None

    def _answered(self, act: Callable[[], Any]) -> _Step:
        self._catch_up()
        count = self.reads.count
        try:
            answer, number = act(), 0
        except OSError as error:
            answer, number = None, error.errno or _EIO
        return _Step(self.reads.count - count, answer, number)

    def _catch_up(self) -> None:
        """Let littlefs do what this boot has done so far, which the board has paid for."""
        owed, self._owed = self._owed, None
        if owed is None:
            return
        self.reads.is_free = True
        try:
            super().mount()
            for act in owed:
                with suppress(OSError):
                    act()
        finally:
            self.reads.is_free = False

    def _is_as_before(self) -> bool:
        image, size = self._flash.image, self._flash.driver.block
        return all(
            image[block * size : (block + 1) * size] == content
            for block, content in self._flash_before.items()
        )


class _RememberedFile(BoardFile):
    """A file that is read. real: that of littlefs, once littlefs has opened it."""

    real: BoardFile

    def __init__(self, files: RememberedFiles, number: int) -> None:
        self._remembered = files
        self._number = number  # of the files of this boot

    def read(self, count: int = -1) -> Any:
        """See BoardFile."""
        return self._remembered.ask(("read", self._number, count), lambda: self.real.read(count))

    def write(self, data: Any) -> int:
        """See BoardFile."""
        self._remembered.leave_known()
        return self.real.write(data)

    def close(self) -> None:
        """See BoardFile."""
        self._remembered.ask(("close", self._number), lambda: self.real.close())
