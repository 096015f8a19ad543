"""Puts this folder on the import path; one flash image of the firmware for all tests."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("wired_board")


@pytest.fixture(scope="session")
def bytecode() -> dict[str, bytes]:
    """Return the firmware as a flashing tool copies it: path on the board -> content."""
    from filmgauge_sim.board.image import rom

    folder = rom() / "firmware"
    files = {
        f"/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("filmgauge/**/*.mpy")
    }
    main = Path(__file__).resolve().parents[3] / "firmware" / "main.py"
    return files | {"/main.py": main.read_bytes()}
