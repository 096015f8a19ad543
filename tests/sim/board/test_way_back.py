"""What was not there before a version came goes with it, where something runs without it: on a
real interpreter, with the power cut at every request."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from launched_board import PASSES, Board, app, boots, modules

from filmgauge_sim.board.littlefs_outside import fetch, install

CERTIFICATES = ("client.der", "client.key")
SETTINGS = {"config.json", "profile.bin"}
FAILS = "raise ValueError('no')"
STARTS = 4  # of a trial, launch.py
# What runs before the version comes, and what the board has of it.
BEFORE: dict[str, set[str]] = {"old": {"app.bin"}, "frozen": set()}


class BoardBefore(Board):
    """A board with a version `before` another one, in an archive or frozen."""

    def __init__(self, folder: Path, before: str) -> None:
        super().__init__(folder, modules(before) if before == "frozen" else None)
        self.before = before
        self._image = self.board.flash.image[:]

    def begin_anew(self) -> None:
        """Be as before the other version came."""
        self.board.flash.image[:] = self._image


@pytest.fixture(scope="module", params=BEFORE)
def board(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BoardBefore]:
    with BoardBefore(tmp_path_factory.mktemp(request.param), request.param) as board:
        yield board


def offer(board: BoardBefore, does: str) -> None:
    """Bring a version with certificates, which the board does not have."""
    board.begin_anew()
    install(board.board.flash, {f"/{name}.new": b"new" for name in CERTIFICATES})
    board.offer(app("new", does))


def check_went_back(board: BoardBefore, at: object = None) -> None:
    assert board.last_word() == f"{board.before} old old", at
    assert board.names() == SETTINGS | BEFORE[board.before], at


@pytest.mark.parametrize("with_settings", [True, False])
@pytest.mark.parametrize("does", [FAILS, "import machine; machine.reset()", "pass"])
def test_what_came_with_a_version_that_does_not_report_goes(
    does: str, with_settings: bool, board: Board
) -> None:
    if with_settings:
        offer(board, does)
    else:
        board.begin_anew()
        install(board.board.flash, {"/app.bin.new": app("new", does), "/switch": b""})
    boots(board, STARTS + 1)
    check_went_back(board)


def test_what_came_with_a_version_that_reports_stays(board: BoardBefore) -> None:
    offer(board, PASSES)
    boots(board, 2)
    assert board.last_word() == "new new new"
    assert board.names() == {*SETTINGS, "app.bin", "reported", *CERTIFICATES}


def test_files_of_somebody_else_are_no_way_back(board: BoardBefore) -> None:
    offer(board, PASSES)
    theirs = {"notes.old", "main.py.old", "app.none", "old"}
    install(board.board.flash, {f"/{name}": b"theirs" for name in theirs})
    install(board.board.flash, {"/state.old": b"of the version before"})
    boots(board, 2)
    assert board.names() == {*SETTINGS, "app.bin", "reported", *CERTIFICATES, *theirs}


def cuts(board: BoardBefore, image: bytes) -> Iterator[int]:
    """Boot a flash as `image` is, with the power cut at each request of that boot in turn."""
    board.board.flash.image[:] = image
    first = board.board.requests
    board.boot()
    for cut in range(1, board.board.requests - first):
        board.board.flash.image[:] = image
        board.board.cut_at_request = board.board.requests + cut
        board.boot()
        yield cut


def test_a_power_cut_at_any_request_of_an_exchange(board: BoardBefore) -> None:
    offer(board, FAILS)
    for cut in cuts(board, board.board.flash.image[:]):
        boots(board, STARTS)
        if board.last_word().startswith("new"):  # the cut has come before its first start
            boots(board, 1)
        check_went_back(board, cut)


def test_a_power_cut_at_any_request_of_going_back(board: BoardBefore) -> None:
    offer(board, FAILS)
    boots(board, STARTS)
    for cut in cuts(board, board.board.flash.image[:]):
        boots(board, 1)
        assert board.last_word() == f"{board.before} old old", cut
        assert board.names() - {"trial", "reported"} == SETTINGS | BEFORE[board.before], cut


def test_what_a_trial_has_left_whose_end_was_cut_is_not_gone_back_to(board: BoardBefore) -> None:
    offer(board, FAILS)
    left = {"/profile.bin.none": b"", "/config.json.old": b"of long ago", "/app.bin.none": b""}
    install(board.board.flash, left)
    boots(board, STARTS + 1)
    check_went_back(board)


@pytest.mark.parametrize("has_settings", [True, False])
def test_a_first_version_is_never_removed(has_settings: bool, tmp_path: Path) -> None:
    with Board(tmp_path, {"empty.py": ""}) as board:  # nothing runs
        flash = board.board.flash
        if not has_settings:
            flash.image[:] = b"\xff" * len(flash.image)
        install(flash, {f"/{name}.new": b"new" for name in CERTIFICATES})
        board.offer(app("first", FAILS))
        boots(board, STARTS + 3)
        assert board.runs() == ["first new new"] * (STARTS + 3)
        assert board.names() == {*SETTINGS, *CERTIFICATES, "app.bin", "trial"}
        assert len(fetch(flash, "/trial")) == STARTS
