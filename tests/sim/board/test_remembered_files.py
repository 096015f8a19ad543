"""Files that answer from what an earlier boot has read: as if littlefs had read it again."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from bare_board import PAGES
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.board.flash import NOR, Flash
from filmgauge_sim.board.littlefs_on_board import BoardFiles
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.outcome import POWER_CUT, BoardStopped
from filmgauge_sim.board.remembered_files import RememberedFiles
from filmgauge_sim.board.shims import _protocol

INSTALLED = {"/config.json": b"{}" * 300, "/profile.bin": bytes(900), "/state/0": b"old"}
PATHS = [*INSTALLED, "/failures", "/state/1", "/backlog/1"]


class Board:
    """The board's end of the link: its clock, its flash, and a power that may go. `requests` are
    (operation, time)."""

    def __init__(self, path: Path) -> None:
        self.flash = Flash(path, PAGES, NOR)
        install(self.flash, INSTALLED)
        self.elapsed_us = self.now_us = 0
        self.ends_us: int | None = None
        self.requests: list[tuple[int, int]] = []

    def call(self, operation: int, small: int = 0, argument: int = 0, data: Any = b"") -> bytes:
        self.now_us, self.elapsed_us = self.now_us + self.elapsed_us, 0
        self.requests.append((operation, self.now_us))
        if self.ends_us is not None and self.now_us >= self.ends_us:
            self.ends_us = None
            raise BoardStopped(POWER_CUT)
        if operation == _protocol.FLASH_PROGRAM:
            self.flash.program(argument, data)
        elif operation == _protocol.FLASH_ERASE:
            self.flash.erase(argument)
        return b""

    @property
    def reached_us(self) -> int:
        return self.now_us + self.elapsed_us


def boot(files: BoardFiles, board: Board, steps: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Do `steps` in one boot; return what came of each, and when."""
    seen: list[Any] = []
    opened = []
    try:
        files.mount()
        for name, *arguments in steps:
            try:
                if name == "open":
                    opened.append(files.open(*arguments))
                    answer = None
                elif name in ("read", "close", "write"):
                    answer = getattr(opened[-1], name)(*arguments) if opened else None
                else:
                    answer = getattr(files, name)(*arguments)
            except OSError as error:
                answer = error.errno
            except ValueError as error:  # of a file that is closed
                answer = str(error)
            seen.append((name, answer, board.reached_us))
    except BoardStopped:
        seen.append("stopped")
    files.abandon()
    return seen


_READS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(PATHS), st.sampled_from(["r", "rb"])),
    st.tuples(st.just("read"), st.sampled_from([-1, 4, 700])),
    st.tuples(st.just("listdir"), st.sampled_from(["/", "/state", "/nothing"])),
    st.tuples(st.just("stat"), st.sampled_from(["/state", *PATHS])),
    st.just(("close",)),
)
_WRITES = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(PATHS), st.sampled_from(["wb", "ab"])),
    st.tuples(st.just("write"), st.binary(min_size=1, max_size=300)),
    st.tuples(st.just("mkdir"), st.sampled_from(["/backlog", "/state"])),
    st.tuples(st.just("remove"), st.sampled_from(PATHS)),
    st.tuples(st.just("rename"), st.sampled_from(PATHS), st.sampled_from(PATHS)),
)
_BOOT = st.tuples(
    st.lists(_READS, max_size=6),
    st.lists(st.one_of(_READS, _WRITES), max_size=3),
    st.sampled_from([None, None, None, 0, 40_000]),  # after how long the power goes, us
    st.integers(1, 4),  # times
)


@settings(max_examples=60, deadline=None)
@given(boots=st.lists(_BOOT, min_size=1, max_size=4))
def test_every_answer_and_its_time_are_those_of_littlefs(tmp_path_factory, boots) -> None:
    folder = tmp_path_factory.mktemp("flash")
    lives = []
    for kind in (BoardFiles, RememberedFiles):
        board = Board(folder / kind.__name__)
        files = kind(board.flash, board)
        life = []
        for first, then, lasts_us, times in boots:
            for _ in range(times):
                board.ends_us = None if lasts_us is None else board.reached_us + lasts_us
                life.append(boot(files, board, [*first, *then]))
        lives.append((life, board.requests, board.reached_us, board.flash.image[:]))
        board.flash.close()
    assert lives[0] == lives[1]


def test_a_directory_has_no_size(tmp_path: Path) -> None:
    """littlefs leaves in its place what was there, which is another number each time."""
    board = Board(tmp_path / "flash")
    files = BoardFiles(board.flash, board)
    files.mount()
    sizes = [files.stat(path)[6] for path in (*INSTALLED, "/state", "/", "/state")]
    board.flash.close()
    assert sizes == [600, 900, 3, 0, 0, 0]


START = [("open", "/config.json", "rb"), ("read", -1), ("close",), ("open", "/failures", "rb")]


@pytest.fixture
def board(tmp_path: Path):
    board = Board(tmp_path / "flash")
    yield board
    board.flash.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda board: install(board.flash, {"/config.json": b"changed"}),
        lambda board: install(board.flash, {"/failures": b"one"}),
    ],
)
def test_a_boot_sees_what_has_changed_while_it_was_off(
    board: Board, change: Callable[[Board], None]
) -> None:
    files = RememberedFiles(board.flash, board)
    before = boot(files, board, START)
    assert boot(files, board, START) != before  # it is later
    change(board)
    after = [answer for _, answer, _ in boot(files, board, START)]
    fresh = [answer for _, answer, _ in boot(BoardFiles(board.flash, board), board, START)]
    assert after == fresh != [answer for _, answer, _ in before]


def test_a_board_that_reads_for_ever_is_not_remembered_for_ever(board: Board) -> None:
    files = RememberedFiles(board.flash, board)
    steps = [("open", "/config.json", "rb"), ("read", 4), ("close",)] * 400
    first = boot(files, board, steps)
    again = boot(files, board, steps)
    assert [answer for _, answer, _ in again] == [answer for _, answer, _ in first]
    assert files.kept_steps <= 200


def test_a_file_that_is_open_when_the_power_goes_is_let_go_of(tmp_path: Path) -> None:
    """What littlefs could not write is still in its caches: to close it would end this process."""
    board = Board(tmp_path / "flash")
    files = BoardFiles(board.flash, board)
    board.ends_us = board.reached_us
    cut = [("open", "/state/0", "wb"), ("rename", "/profile.bin", "/config.json")]
    assert boot(files, board, cut)[-1] == "stopped"
    assert boot(files, board, START)[1][1] == INSTALLED["/config.json"]
    board.flash.close()


class InterruptedBoard(Board):
    """Somebody presses Ctrl-C within a request."""

    at: int | None = None

    def call(self, operation: int, small: int = 0, argument: int = 0, data: Any = b"") -> bytes:
        answer = super().call(operation, small, argument, data)
        if operation == self.at:
            self.at = None
            signal.raise_signal(signal.SIGINT)
        return answer


@pytest.mark.parametrize(
    "operation", [_protocol.FLASH_PROGRAM, _protocol.FLASH_ERASE, _protocol.SLEEP_US]
)
def test_an_interrupt_within_the_file_system_ends_what_was_done(
    tmp_path: Path, operation: int
) -> None:
    """littlefs swallows what its block operations raise."""
    board = InterruptedBoard(tmp_path / "flash.bin")
    files = BoardFiles(board.flash, board)
    files.mount()
    board.at = operation
    with pytest.raises(KeyboardInterrupt):
        _use(files)
    files.abandon()


def _use(files: BoardFiles) -> None:
    """Write and read so often that each kind of request is made."""
    for _ in range(100):
        file = files.open("/state/1", "wb")
        file.write(bytes(3000))
        file.close()
    for _ in range(5000):
        file = files.open("/config.json", "rb")
        file.read()
        file.close()
