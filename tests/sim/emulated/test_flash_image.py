"""UF2 files and the file system in them, against other readers; files that are something else."""

import hashlib
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from littlefs import LittleFS, UserContext

from filmgauge_sim.board.executable import own_interpreter
from filmgauge_sim.emulated.flash_image import file_system, make_littlefs, read_image, with_files
from filmgauge_sim.emulated.uf2 import FLASH_BYTES, ImageError, read_uf2, write_uf2
from filmgauge_sim.nodes.boards import board_kind

KIND = board_kind("pico-w")
BLOCK = 4096
BLOCKS = 848 * 1024 // BLOCK  # MICROPY_HW_FLASH_STORAGE_BYTES of RPI_PICO_W
BEGIN = 2 * 1024 * 1024 - 848 * 1024
FILES = {
    "/main.py": b"import launch\n",
    "/app.bin": bytes(range(256)) * 350,
    "/config.json": b"{}",
    "/empty": b"",
}


def image(*texts: bytes) -> bytes:
    """A UF2 file of a flash with these texts in it."""
    return write_uf2(b"\0" * 256 + b"\0".join(texts).ljust(1024, b"\0"))


MICROPYTHON = image(b"MicroPython v1.29.0 on 2026-08-24; Raspberry Pi Pico W with RP2040\r\n")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, FLASH_BYTES // 64 - 9), st.binary(max_size=600))))
def test_what_is_written_is_read(parts: list[tuple[int, bytes]]) -> None:
    flash = bytearray(b"\xff" * FLASH_BYTES)
    for at, data in parts:
        flash[64 * at : 64 * at + len(data)] = data
    flash = flash[:FLASH_BYTES]
    made = write_uf2(bytes(flash))
    if made:
        assert read_uf2(made) == flash
    assert len(made) <= 512 * sum(2 + len(data) // 256 for _, data in parts), "erased pages in it"


def test_a_block_is_as_the_specification_draws_it() -> None:
    made = write_uf2(b"\xff" * 512 + b"\x01" * 300)
    assert len(made) == 2 * 512
    begin = struct.unpack("<8I", made[512:544])
    assert begin[:2] == (0x0A324655, 0x9E5D5157)
    assert begin[2:] == (0x2000, 0x10000300, 44, 1, 2, 0xE48BFF56)
    assert made[544:588] == b"\x01" * 44
    assert made[588:1020] == b"\0" * 432
    assert made[1020:] == struct.pack("<I", 0x0AB16F30)
    assert made[:4] == b"UF2\n"


def changed(at: int, value: int) -> bytes:
    """The image with another word in its second block."""
    return MICROPYTHON[: 512 + at] + struct.pack("<I", value) + MICROPYTHON[512 + at + 4 :]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is not UF2: 0 bytes are no blocks of 512"),
        (MICROPYTHON[:-1], r"it is not UF2: \d+ bytes are no blocks of 512"),
        (b"\x7fELF" + bytes(508), "it is not UF2: block 0 has other magic numbers"),
        (changed(0, 1), "it is not UF2: block 1 has other magic numbers"),
        (changed(4, 1), "it is not UF2: block 1 has other magic numbers"),
        (changed(508, 1), "it is not UF2: block 1 has other magic numbers"),
        (changed(28, 0xE48BFF59), "it is not for an RP2040: block 1 has family e48bff59"),
        (changed(8, 0), "it is not for an RP2040: block 1 has family e48bff56"),
        (MICROPYTHON[:-512], r"it is damaged: block 0 of (\d) is 0 of \d"),
        (MICROPYTHON[512:], r"it is damaged: block 0 of (\d) is 1 of \d"),
        (changed(12, 0x20000000), "it is not for a Pico W: 256 bytes at 20000000"),
        (changed(12, 0x101FFFFF), "it is not for a Pico W: 256 bytes at 101fffff"),
        (changed(16, 477), "it is not for a Pico W: 477 bytes at 10000100"),
        (image(b"CircuitPython"), "it is not MicroPython"),
        (
            image(b"MicroPython v1.29.0 on 2026; Raspberry Pi Pico with RP2040"),
            "it is not for the board 'Raspberry Pi Pico W with RP2040'",
        ),
        (
            write_uf2(read_uf2(MICROPYTHON)[:BEGIN] + b"\0"),
            "it reaches into the file system of the board",
        ),
    ],
)
def test_another_file_gets_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageError, match=f"^{sentence}$"):
        read_image(data, KIND)


def test_an_image_gives_its_version() -> None:
    flash, version = read_image(MICROPYTHON, KIND)
    assert version == "v1.29.0"
    assert len(flash) == FLASH_BYTES
    assert flash[256:267] == b"MicroPython"


def test_files_leave_the_interpreter_as_it_is() -> None:
    flash, _ = read_image(MICROPYTHON, KIND)
    made = with_files(flash, KIND, FILES)
    assert len(made) == FLASH_BYTES
    assert made[:BEGIN] == flash[:BEGIN]
    assert made[BEGIN:] == file_system(made, KIND) == make_littlefs(FILES, BLOCKS)
    assert read_uf2(write_uf2(made)) == made


def test_the_library_reads_them_back() -> None:
    context = UserContext(BLOCKS * BLOCK)
    context.buffer = bytearray(make_littlefs(FILES, BLOCKS))
    system = LittleFS(context=context, block_size=BLOCK, block_count=BLOCKS, mount=False)
    system.mount()
    assert system.fs_stat().disk_version == 0x00020000
    for path, content in FILES.items():
        with system.open(path[1:], "rb") as file:
            assert file.read() == content


_PACKAGED = (
    "import sys, micropython_module as m; sys.exit(m.run_main(['micropython', *sys.argv[1:]]))"
)
_MICROPYTHON_READS = """\
import hashlib, os, sys, vfs
class Flash:
    def __init__(self, path):
        self.file = open(path, 'r+b')
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.write(buffer)
    def ioctl(self, request, argument):
        if request == 3:
            self.file.flush()
        if request == 6:
            self.file.seek(argument * 4096)
            self.file.write(b'\\xff' * 4096)
        return {4: 212, 5: 4096}.get(request, 0)
flash = Flash(sys.argv[1])
vfs.mount(vfs.VfsLfs2(flash, progsize=256), '/pico')
for name in sorted(os.listdir('/pico')):
    with open('/pico/' + name, 'rb') as file:
        print(name, hashlib.sha256(file.read()).digest().hex())
os.mkdir('/pico/backlog')
with open('/pico/backlog/1', 'wb') as file:
    file.write(b'of the board')
vfs.umount('/pico')
flash.file.close()
"""


def test_the_interpreter_reads_them_and_writes_beside_them(tmp_path: Path) -> None:
    """With the settings of the port's own _boot.py."""
    flash, script = tmp_path / "flash", tmp_path / "read.py"
    flash.write_bytes(make_littlefs(FILES, BLOCKS))
    script.write_text(_MICROPYTHON_READS)
    own = own_interpreter()
    command = [own] if own else [sys.executable, "-c", _PACKAGED]
    done = subprocess.run(
        [*command, str(script), str(flash)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    expected = {path[1:]: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}
    assert dict(line.split() for line in done.stdout.splitlines()) == expected
    context = UserContext(BLOCKS * BLOCK)
    context.buffer = bytearray(flash.read_bytes())
    system = LittleFS(context=context, block_size=BLOCK, block_count=BLOCKS, mount=False)
    system.mount()
    with system.open("backlog/1", "rb") as file:
        assert file.read() == b"of the board"


@pytest.mark.parametrize(
    "make", [lambda files: make_littlefs(files, BLOCKS), lambda files: make_littlefs(files, 4)]
)
def test_files_without_room_get_one_sentence(
    make: Callable[[dict[str, bytes]], bytes],
) -> None:
    with pytest.raises(ImageError, match=r"^the files have no room in \d+ blocks: "):
        make({"/app.bin": bytes(848 * 1024)})
