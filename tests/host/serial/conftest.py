"""Puts this folder on the import path; the firmware as it is flashed, made once for all tests."""

import pytest

pytest.register_assert_rewrite("wired_board")


@pytest.fixture(scope="session")
def bytecode() -> dict[str, bytes]:
    """Return what a flashing tool puts on a board: path on the board -> content."""
    from filmgauge_host.serial.archive import Archive
    from filmgauge_host.serial.firmware_build import modules, start_files

    return start_files() | {"/app.bin": Archive(modules()).data}
