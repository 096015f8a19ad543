"""The description of a version: what is read, and that nothing else is."""

from expect import raises

from filmgauge.upgrade.manifest import PIECE, Manifest

LINES = [
    b"filmgauge-version 1",
    b"number 1764428400",
    b"version 0.2.0",
    b"board esp32",
    b"bytecode 6.3",
    b"file app.bin 2049 " + b"ab" * 32,
    b"file profile.bin 1024 " + b"cd" * 32,
    b"signature " + b"ef" * 64,
    b"",
]


def manifest(at=None, line=b""):
    """Return the text, with another line in one place."""
    lines = LINES if at is None else LINES[:at] + [line] + LINES[at + 1 :]
    return b"\n".join(lines)


def test_what_is_read():
    found = Manifest(manifest())
    assert (found.number, found.version) == (1764428400, "0.2.0")
    assert (found.board, found.bytecode) == ("esp32", "6.3")
    assert found.files == [
        ("app.bin", 2049, b"\xab" * 32),
        ("profile.bin", 1024, b"\xcd" * 32),
    ]
    assert found.pieces == 1 + 3 + 1
    assert found.signature == b"\xef" * 64
    assert found.signed == b"\n".join(LINES[:7]) + b"\n"


def test_what_is_refused():
    for at, line in (
        (0, b"filmgauge-version 2"),
        (1, b"number 0"),
        (1, b"number -1"),
        (1, b"number 4294967296"),
        (1, b"number 1.5"),
        (1, b"version 0.2.0"),
        (2, b"version "),
        (3, b"board " + b"x" * 129),
        (5, b"file ../main.py 10 " + b"ab" * 32),
        (5, b"file profile.bin 10 " + b"ab" * 32),  # twice
        (5, b"file app.bin 0 " + b"ab" * 32),
        (5, b"file app.bin 1048577 " + b"ab" * 32),
        (5, b"file app.bin 10 " + b"ab" * 31),
        (5, b"file app.bin 10 " + b"xy" * 32),
        (5, b"file app.bin 10"),
        (6, b"file app.bin 10 " + b"ab" * 32),  # out of order
        (7, b"signature " + b"ef" * 63),
        (7, b"file app.bin 10 " + b"ab" * 32),
        (8, b"more"),
    ):
        with raises(ValueError):
            Manifest(manifest(at, line))


def test_what_is_cut_or_too_long():
    whole = manifest()
    for length in range(0, len(whole), 7):
        with raises(ValueError):
            Manifest(whole[:length])
    with raises(ValueError, "manifest must have 1024 bytes at most"):
        Manifest(whole + b"x" * PIECE)
    with raises(ValueError):
        Manifest(b"\xff" * 200)
