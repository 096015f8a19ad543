"""The parts of flashing that need no board: archive, checks, settings, port."""

import hashlib
import math
import runpy
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from filmgauge.config import Config
from filmgauge.upgrade.ways_back import ways_back
from filmgauge_host.errors import InputError
from filmgauge_host.serial.archive import HEAD_BYTES, Archive, Member, index_length, members
from filmgauge_host.serial.board_link import LinkError, find_port
from filmgauge_host.serial.flash_plan import EXCHANGED
from filmgauge_host.serial.interpreter import Identity, check_board, check_interpreter
from filmgauge_host.serial.launcher import WINDOW_BITS
from filmgauge_host.serial.node_settings import compile_cell, read_config, read_profile
from filmgauge_sim.board.firmware_image import beside_package
from filmgauge_sim.nodes.boards import BOARDS

MODULES = st.dictionaries(
    st.text("abcdef/", min_size=1, max_size=12).map(lambda name: f"filmgauge/{name}.mpy"),
    st.binary(max_size=60),
    max_size=8,
)
C3 = BOARDS["esp32-c3"]
LAUNCHER = runpy.run_path(str(beside_package("launch.py")))
UPDATE = runpy.run_path(str(beside_package("update.py")))


def listed(data: bytes) -> dict[str, Member]:
    """Return the members of an archive as the host reads them, part by part."""
    length = index_length(data[:HEAD_BYTES])
    assert length is not None
    return members(data[HEAD_BYTES : HEAD_BYTES + length])


@given(MODULES)
def test_the_launcher_finds_every_module(modules: Mapping[str, bytes]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(Archive(modules).data)
        file.flush()
        archive = LAUNCHER["Archive"](file.name)
        for name, content in modules.items():
            buffer = bytearray(len(content) + 1)
            assert archive.open(f"/{name}", "rb").readinto(buffer) == len(content)
            assert buffer[:-1] == content
        archive.umount()


def test_host_launcher_and_firmware_agree_on_what_a_version_is(tmp_path: Path) -> None:
    assert set(UPDATE["_exchanged"](LAUNCHER["ARCHIVE"])) == set(EXCHANGED)
    assert {f"/{name}" for name in LAUNCHER["_EXCHANGED"]} == set(EXCHANGED)
    kept = {path[1:] + end for path in EXCHANGED for end in (".old", ".none")}
    for name in (*kept, "main.py.old", "notes.none", "state.old", "app.bin", "app.bin.new"):
        (tmp_path / name).touch()
    assert set(ways_back(f"{tmp_path}/")) == kept


@given(MODULES)
def test_the_host_reads_what_it_has_written(modules: Mapping[str, bytes]) -> None:
    data = Archive(modules).data
    found = listed(data)
    assert {name: data[m.offset : m.offset + m.length] for name, m in found.items()} == modules


@given(MODULES)
def test_what_is_deflated_is_the_same(modules: Mapping[str, bytes]) -> None:
    data = Archive(modules, deflated=True).data
    packed = {name: data[m.offset : m.offset + m.length] for name, m in listed(data).items()}
    assert {name: zlib.decompress(each, -WINDOW_BITS) for name, each in packed.items()} == modules


@given(MODULES, MODULES)
def test_an_archive_is_made_from_another_one(
    old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> None:
    present, wanted = Archive(old).data, Archive(new)
    same = {name: at for name, at in listed(present).items() if old[name] == new.get(name)}
    made = b""
    for piece in wanted.pieces(same):
        made += piece.data or present[piece.offset : piece.offset + piece.length]
    assert made == wanted.data
    assert hashlib.sha256(made).digest() == wanted.digest


@pytest.mark.parametrize("head", [b"", b"FGAPP", b"FGAPP1\nabcdefgx", b"PK" + bytes(13)])
def test_what_is_no_archive_has_no_index(head: bytes) -> None:
    assert index_length(head) is None


@pytest.mark.parametrize(
    ("board", "machine"),
    [
        ("esp32-c3", "ESP32C3 module with ESP32C3"),
        ("esp32-c3", "LOLIN_C3_MINI with ESP32-C3FH4"),
        ("esp32-s3", "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3"),
        ("pico-w", "Raspberry Pi Pico W with RP2040"),
        ("stm32wb55", "NUCLEO-WB55 with STM32WB55RGV6"),
    ],
)
def test_a_board_is_recognised_by_its_chip(board: str, machine: str) -> None:
    identity = Identity("esp32", machine, (1, 29, 0), 6 | 3 << 8)
    for name, each in BOARDS.items():
        if name == board:
            check_board(identity, each)
        else:
            with pytest.raises(LinkError, match=f"is to be {name}, but"):
                check_board(identity, each)


def test_a_pico_without_wifi_is_none() -> None:
    identity = Identity("rp2", "Raspberry Pi Pico with RP2040", (1, 29, 0), 6 | 3 << 8)
    with pytest.raises(LinkError, match="made for: Raspberry Pi Pico with RP2040"):
        check_board(identity, BOARDS["pico-w"])


def test_bytecode_must_match_and_source_needs_the_version() -> None:
    newer = Identity("esp32", "ESP32C3", (1, 30, 1), 6 | 3 << 8 | 11 << 10)
    check_interpreter(newer, (6, 3))
    check_interpreter(newer, None)
    with pytest.raises(LinkError, match=r"loads bytecode 6\.3, and mpy-cross here makes 6\.4"):
        check_interpreter(newer, (6, 4))
    older = Identity("esp32", "ESP32C3", (1, 24, 0), 6 | 3 << 8)
    with pytest.raises(
        LinkError, match=r"runs MicroPython 1\.24\.0, and the firmware needs 1\.29"
    ):
        check_interpreter(older, None)


def test_a_configuration_is_json_or_toml(tmp_path: Path) -> None:
    toml, other = tmp_path / "node.toml", tmp_path / "node.json"
    toml.write_text(
        'node = "a"\npin_scl = 1\npin_sda = 2\npin_gate = 3\nwifi_ssid = "n"\nmqtt_host = "h"\n'
    )
    other.write_text(
        '{"mqtt_host":"h","wifi_ssid":"n","pin_gate":3,"pin_sda":2,"pin_scl":1,"node":"a"}'
    )
    assert read_config(toml, C3) == read_config(other, C3)
    assert Config.from_json(read_config(toml, C3)).pin_sda == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"node": "a"}', "configuration key pin_scl is missing"),
        (
            '{"node":"a","pin_scl":1,"pin_sda":2,"pin_gate":3,"wifi_password":"' + "s" * 65 + '"}',
            "configuration key wifi_password must have 0 to 64 characters",
        ),
        (
            '{"node":"a","pin_scl":1,"pin_sda":2,"pin_gate":3}',
            "configuration key wifi_ssid is missing",
        ),
    ],
)
def test_a_wrong_configuration_is_named_and_its_secrets_are_not(
    text: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "node.json"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_config(path, C3)
    assert sentence in str(refused.value)
    assert "sss" not in str(refused.value)


def test_a_board_without_wifi_needs_no_network(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text('{"node":"a","pin_scl":1,"pin_sda":2,"pin_gate":3}')
    assert read_config(path, BOARDS["stm32wb55"])


def test_a_profile_is_compiled_or_read(tmp_path: Path) -> None:
    data = compile_cell("evp-li", 1.0).to_bytes()
    path = tmp_path / "profile.bin"
    path.write_bytes(data)
    assert read_profile(path) == data
    path.write_bytes(data[:-1])
    with pytest.raises(InputError, match=r"--profile .*profile\.bin"):
        read_profile(path)
    for area_cm2 in (0.0, 2000.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"--area must be 0\.01 to 1000 cm2, the bounds"):
            compile_cell("evp-li", area_cm2)


def test_a_profile_of_any_area_is_compiled_whatever_the_shunt_of_a_node() -> None:
    """A large film needs a smaller shunt than the usual one, and a profile has none."""
    assert compile_cell("pre-li", 20.0).full_pc() / 3.6e9 == pytest.approx(322.0, rel=0.01)


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        ([], "no board with USB is connected"),
        (["/dev/ttyACM0", "/dev/ttyACM1"], "2 ports: name one as --port: /dev/ttyACM0, /dev/"),
    ],
)
def test_a_port_must_be_the_only_one(
    devices: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [ListPortInfo(device) for device in devices]
    for port in found:
        port.vid = 0x303A
    bare = ListPortInfo("/dev/ttyS0")  # no USB
    monkeypatch.setattr(list_ports, "comports", lambda: [bare, *found])
    with pytest.raises(InputError, match=sentence):
        find_port(None)
    assert find_port("/dev/ttyS0") == "/dev/ttyS0"
