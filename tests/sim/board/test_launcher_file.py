"""firmware/launch.py on a real interpreter, with the power cut at every request of an exchange."""

from pathlib import Path

import pytest
from launched_board import Board, app, boots

from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.board.outcome import ResetCause


def test_a_version_that_reports_stays(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        boots(board, 1)
        assert board.last_word() == "old old old"
        board.offer(app("new"))
        boots(board, 2)
        assert board.runs()[1:] == ["new new new", "new new new"]
        names = {"app.bin", "config.json", "profile.bin", "reported"}
        assert board.names() == names
        assert fetch(board.board.flash, "/reported") == b"{}"


def test_nothing_that_is_not_whole_is_exchanged(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.put(".new", app("new"), "new")
        boots(board, 1)
        assert board.runs() == ["old old old"]


@pytest.mark.parametrize(
    "does", ["raise ValueError('no')", "import machine; machine.reset()", "pass"]
)
def test_a_version_that_does_not_report_is_switched_back(does: str, tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.offer(app("new", does))
        boots(board, 5)
        assert [line for line in board.said if line.startswith("new")] == ["new new new"] * 4
        assert board.last_word() == "old old old"
        assert board.names() == {"app.bin", "config.json", "profile.bin"}


def test_a_first_version_is_tried_for_ever(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        install(board.board.flash, {"/trial": b"", "/app.bin": app("first", "pass")})
        boots(board, 7)
        assert board.runs() == ["first old old"] * 7
        assert len(fetch(board.board.flash, "/trial")) == 4


def test_a_version_that_hangs_in_its_imports_meets_a_watchdog(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.offer(app("new", "\n    while True:\n        __import__('time').sleep_ms(100)"))
        assert board.boot().cause is ResetCause.WATCHDOG


def test_a_power_cut_at_any_request_of_an_exchange(tmp_path: Path) -> None:
    with Board(tmp_path / "whole") as board:
        before = board.board.flash.image[:]
        board.offer(app("new"))
        offered = board.board.flash.image[:]
        board.boot()
        requests = board.board.requests
        assert board.last_word() == "new new new"
        for cut in range(1, requests):
            _restore(board, offered)
            board.board.cut_at_request = board.board.requests + cut
            outcome = board.boot()
            assert outcome.cause is ResetCause.POWER_ON
            board.boot()
            assert board.last_word() == "new new new", cut
            assert board.names() == {"app.bin", "config.json", "profile.bin", "reported"} or (
                board.names() >= {"app.bin", "config.json", "profile.bin"}
                and not {"switch", "trial"} & board.names()
            )
        assert before != offered


def test_a_power_cut_at_any_request_of_going_back(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.offer(app("new", "pass"))
        boots(board, 4)
        spent = board.board.flash.image[:]
        first = board.board.requests
        board.boot()
        assert board.last_word() == "old old old"
        for cut in range(1, board.board.requests - first):
            _restore(board, spent)
            board.board.cut_at_request = board.board.requests + cut
            board.boot()
            board.boot()
            assert board.last_word() == "old old old", cut
            assert not {"switch", "app.bin.old"} & board.names()


def _restore(board: Board, image: bytes) -> None:
    board.board.flash.image[:] = image


@pytest.mark.parametrize(
    ("does", "stays"), [("trial and trial.passed('{}')", b"new"), ("pass", b"old")]
)
def test_certificates_come_and_go_with_their_version(
    does: str, stays: bytes, tmp_path: Path
) -> None:
    names = ("/ca.der", "/client.der", "/client.key")
    with Board(tmp_path) as board:
        install(board.board.flash, dict.fromkeys(names, b"old"))
        install(board.board.flash, {f"{name}.new": b"new" for name in names})
        board.offer(app("new", does))
        boots(board, 5)
        assert [fetch(board.board.flash, name) for name in names] == [stays] * 3
        assert not any(name.endswith((".new", ".old")) for name in board.names())


def test_a_version_that_does_not_even_begin_ends_in_the_safe_mode(tmp_path: Path) -> None:
    """What counts charge needs nothing of the archive; a new version is tried at once."""
    with Board(tmp_path) as board:
        pins = b'{"pin_scl": 5, "pin_sda": 4}'
        install(board.board.flash, {"/app.bin": app("old", "1 // 0"), "/config.json": pins})
        outcomes = [board.boot(ResetCause.HARD) for _ in range(5)]
        assert [outcome.sleep_ms for outcome in outcomes] == [0] * 4 + [900_000]
        assert "ZeroDivisionError" in fetch(board.board.flash, "/crash.0").decode("latin-1")
        assert sum("safe: the firmware fails" in line for line in board.said) == 1
        assert board.boot(ResetCause.DEEP_SLEEP).sleep_ms == 900_000
        assert board.boot(ResetCause.WATCHDOG).sleep_ms == 900_000
        board.offer(app("new"))
        assert board.boot(ResetCause.HARD).sleep_ms == 1000
        assert board.last_word().startswith("new")


def test_what_records_a_failure_is_imported_anew_where_it_found_no_room(tmp_path: Path) -> None:
    does = """import crash, micropython, sys
    sys.modules.pop("crash")
    micropython.heap_lock()
    try:
        import crash
    finally:
        micropython.heap_unlock()
"""
    with Board(tmp_path) as board:
        install(board.board.flash, {"/app.bin": app("old", does)})
        assert board.boot().cause is ResetCause.HARD  # and not at the prompt
        assert "MemoryError" in fetch(board.board.flash, "/crash.0").decode("latin-1")
