"""Which keys a board has had: known again, and not to be read from the file."""

import pytest

from filmgauge_host.errors import InputError
from filmgauge_host.serial.used_keys import UsedKeys

ONE, TWO = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


def test_keys_are_new_until_a_board_has_had_one_of_them(tmp_path):
    used = UsedKeys(tmp_path)
    assert used.are_new({"ble_key": ONE, "command_key": TWO})
    used.add({"ble_key": ONE, "command_key": "", "node": "a"})
    for again in (used, UsedKeys(tmp_path)):
        assert not again.are_new({"ble_key": ONE.upper(), "command_key": TWO})
        assert not again.are_new({"command_key": ONE})
        assert again.are_new({"ble_key": TWO})
        assert again.are_new({"ble_key": "", "command_key": ""})
        assert again.are_new({})
    used.add({"command_key": TWO})
    assert not UsedKeys(tmp_path).are_new({"ble_key": TWO})


def test_the_file_has_no_key_and_only_its_owner_reads_it(tmp_path):
    UsedKeys(tmp_path).add({"ble_key": ONE})
    (file,) = tmp_path.iterdir()
    assert ONE not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_without_keys(tmp_path):
    UsedKeys(tmp_path).add({"node": "a", "ble_key": ""})
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "used_keys").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="used_keys cannot be read"):
        UsedKeys(tmp_path)
