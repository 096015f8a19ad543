"""What a board gets: the same modules as a virtual board, joined where they are bytecode."""

from pathlib import Path

from filmgauge_host.serial.firmware_build import modules


def test_real_boards_get_the_same() -> None:
    """Bytecode has fewer files than source."""
    names = {Path(path).with_suffix("").as_posix() for path in modules(source=True)}
    compiled = {Path(path).with_suffix("").as_posix() for path in modules()}
    assert compiled < names
    assert "filmgauge/charge/reading_check" not in compiled
    assert "filmgauge/charge/sampler" in compiled
