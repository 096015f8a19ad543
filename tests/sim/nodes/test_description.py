"""One description of a node: bounds of every key, what does not fit together, and round trips."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from description_keys import KEYS, NUMBERS, nested, within
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.description import (
    DescriptionError,
    NodeDescription,
    check_description,
    description_from,
    read_description,
    to_toml,
)
from filmgauge_sim.nodes.tables import varied

HEAD = 'name = "n"\n'
FILM = HEAD + 'board = "stm32wb55"\nsupply = "film"\n'
SWITCHED = FILM + "[sensor]\nswitched = true\n"


def described(text: str) -> NodeDescription:
    return description_from(tomllib.loads(text), "node.toml")


def refused(table: dict[str, Any]) -> str:
    """Return the sentence on a table that is wrong."""
    with pytest.raises(DescriptionError) as error:
        description_from({"name": "n", **table}, "node.toml")
    sentence = str(error.value)
    assert sentence.startswith("node.toml: ")
    assert "\n" not in sentence
    return sentence


def test_a_name_is_all_that_it_takes() -> None:
    description = described(HEAD)
    assert (description.board, description.supply) == ("esp32-c3", "usb")
    assert (description.soc, description.soc_sigma) == (0.5, 0.29)  # nothing is known
    assert to_toml(description) == HEAD


@pytest.mark.parametrize("path", NUMBERS)
@given(data=st.data())
@settings(max_examples=10)
def test_every_number_has_bounds(path: str, data: st.DataObject) -> None:
    bare, meta = NUMBERS[path]
    assert meta.ge is not None
    assert meta.le is not None
    step = 1 if bare is int else 1e-6 * max(1.0, abs(meta.le))
    far = data.draw(st.sampled_from([0, 1, 1000]))
    for value in (meta.ge - step * (1 + far), meta.le + step * (1 + far)):
        sentence = refused(nested({path: bare(value)}))
        assert path in sentence
        assert any(character.isdigit() for character in sentence.partition(path)[2])
    plain = NodeDescription(name="n")
    for value in (bare(meta.ge), bare(meta.le), data.draw(within(path))):
        changed: Any = varied(plain, {path: value})
        for name in path.split("."):
            changed = getattr(changed, name)
        assert changed == value


@pytest.mark.parametrize("path", [path for path, (bare, _) in NUMBERS.items() if bare is float])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_only_finite_numbers(path: str, value: str) -> None:
    assert path in refused(nested({path: float(value)}))


@pytest.mark.parametrize("path", [path for path in KEYS if path != "name"])
def test_a_value_of_another_type_is_refused(path: str) -> None:
    wrong = 1 if KEYS[path][0] is bool else [1]
    assert path in refused(nested({path: wrong}))


@pytest.mark.parametrize("table", sorted({path.rpartition(".")[0] for path in KEYS}))
def test_an_unknown_key_is_refused(table: str) -> None:
    assert "colour" in refused(nested({f"{table}.colour".strip("."): 1}))


@given(
    st.lists(st.sampled_from([path for path in KEYS if path not in ("name", "cell.set")])).flatmap(
        lambda paths: st.fixed_dictionaries({path: within(path) for path in paths})
    ),
    st.sampled_from(tuple(BOARDS)),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
def test_whatever_is_taken_is_read_back(values: dict[str, Any], board: str) -> None:
    values["board"] = board
    try:
        description = description_from({"name": "n", **nested(values)})
    except DescriptionError:
        return
    text = to_toml(description)
    assert description_from(tomllib.loads(text)) == description


FULL = """
name = "shelf-1"
board = "stm32wb55"
supply = "film"
reduces_service = false
commands = true

[cell]
set = "pre-li"
area_cm2 = 20.0
number = 2
soc = 0.6
soc_sigma = 0.1

[sensor]
shunt_ohm = 470.0
switched = true

[pins]
disconnect = -1
charge = 7

[harvester]
kind = "photovoltaic"
area_cm2 = 10.0

[bluetooth]
advertise_ms = 5000
encrypted = true

[budget]
own_uw = 5.25
"""


def test_a_description_is_written_as_it_was() -> None:
    assert to_toml(described(FULL)).strip() == FULL.strip()


_IN_SSID = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.text(_IN_SSID, max_size=8), st.text(max_size=63))
def test_any_text_is_quoted(ssid: str, user: str) -> None:
    description = varied(NodeDescription(name="n"), {"wifi.ssid": ssid, "broker.user": user})
    assert description_from(tomllib.loads(to_toml(description))) == description


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_of_the_catalogue(board: str) -> None:
    description = described(f'name = "n"\nboard = "{board}"\n')
    assert description.kind.name == board


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is a missing key name"),
        ('name = "One"', "name: may have a-z, 0-9 and - only, not 'O'"),
        (f'name = "{"a" * 33}"', "name: must have 1 to 32 characters"),
        (HEAD + f'[wifi]\nssid = "{"é" * 29}"', "wifi.ssid must have at most 32 bytes .*, not 58"),
        (HEAD + '[wifi]\nssid = "a\\u0000b"', "wifi.ssid must have no NUL"),
        (HEAD + '[broker]\nhost = "hub\\u0000x"', "broker.host must have no blank and no control"),
        (HEAD + '[broker]\nhost = "hub..lan"', "broker.host must be an address, or a name of"),
        (HEAD + 'board = "pi"', "board must be one of esp32-c3, .*, stm32wb55, not 'pi'"),
        (HEAD + 'supply = "sun"', "supply: invalid enum value 'sun', it must be one of film, usb"),
        (HEAD + 'update_key = "zz"', "update_key must be 64 hexadecimal digits"),
        (HEAD + '[cell]\nset = "unheard-of"', "cell.set: .*unheard-of"),
        (HEAD + "[cell]\nsoc_sigma = 0.1", "cell.soc_sigma needs cell.soc"),
        (HEAD + "[capacitor]\ncapacitance_uf = 47", 'capacitor needs supply = "film"'),
        (HEAD + "[converter]\nquiescent_na = 47", 'converter needs supply = "film"'),
        (HEAD + '[harvester]\nkind = "charger"', 'harvester needs supply = "film"'),
        (HEAD + "[sensor]\nswitched = true", 'sensor.switched needs supply = "film"'),
        (FILM + "[converter]\nstart_v = 1.0", "converter: start_v must be above stop_v"),
        (FILM + "[harvester]\npower_uw = 5", "power_uw needs kind = 'constant' or 'charger'"),
        (FILM + '[harvester]\nkind = "charger"', "power_uw must be given with kind = 'charger'"),
        (FILM + "[intervals]\nfull_sample_every = 2", "full_sample_every needs sensor.switched"),
        (
            FILM + "[converter]\ncharge_ua = 42",
            "converter.charge_ua must be at most 41 uA with a shunt of 1000 ohm",
        ),
        (
            FILM + "[converter]\ndischarge_ua = 125\n[sensor]\nshunt_ohm = 330",
            "converter.discharge_ua must be at most 124 uA with a shunt of 330 ohm",
        ),
        (
            HEAD + "[cell]\narea_cm2 = 20.0",
            "sensor.shunt_ohm must be at most 93. with 20 cm2 of evp-li, whose C/5 is 44 uA, not"
            " 1000, with which the sensor measures up to 41 uA",
        ),
        (FILM + "[budget]\nown_uw = 5", "budget.own_uw needs sensor.switched = true"),
        (
            SWITCHED + "[intervals]\noffset_every = 9",
            "offset_every must be 0 with",
        ),
        (SWITCHED + "[pins]\nsensors = -1", "pins.sensors must be at least 0"),
        (HEAD + "[pins]\ndisconnect = -1\n[intervals]\noffset_every = 9", "pins.disconnect must"),
        (HEAD + "[pins]\nscl = 9\nsda = 9", "pins.scl and pins.sda must differ, not both be 9"),
        (HEAD + "[pins]\ncharge = 5", "pins.scl and pins.charge must differ"),
        (FILM + '[wifi]\nssid = "lab"', "wifi must be left out: stm32wb55 has no Wi-Fi"),
        (FILM + '[broker]\nhost = "hub"', "broker must be left out: stm32wb55 has no Wi-Fi"),
        (HEAD + "[bluetooth]\nadvertise_ms = 9", "bluetooth must be left out: esp32-c3 does not"),
    ],
)
def test_what_does_not_fit_is_named(text: str, reason: str) -> None:
    with pytest.raises(DescriptionError, match=rf"^node\.toml: .*{reason}"):
        described(text)


def test_pins_are_the_boards_unless_they_are_given() -> None:
    usual = BOARDS["stm32wb55"].pins
    film = described(SWITCHED + "[pins]\ngate = 40\n").kind.pins
    assert (film.gate, film.sensors, film.disconnect) == (40, usual.sensors, usual.disconnect)
    usb = described(HEAD).kind.pins
    assert (usb.sensors, usb.disconnect, usb.charge) == (-1, -1, -1)
    with_switch = described(HEAD + "[intervals]\noffset_every = 9\n").kind.pins
    assert with_switch.disconnect == BOARDS["esp32-c3"].pins.disconnect


def test_a_file_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    with pytest.raises(DescriptionError, match=r"node\.toml cannot be read: No such file"):
        read_description(path)
    path.write_text("name = ")
    with pytest.raises(DescriptionError, match=r"node\.toml: not TOML"):
        read_description(path)
    path.write_text('name = "n"\n[cell]\nset = "own.toml"\n')
    with pytest.raises(DescriptionError, match=r"node\.toml: cell\.set: .*own\.toml"):
        read_description(path)


def test_a_cell_of_ones_own_is_found_beside_the_file(tmp_path: Path) -> None:
    from importlib.resources import files

    known = files("filmgauge_sim") / "cell" / "sets" / "evp-li.toml"
    (tmp_path / "own.toml").write_text(known.read_text())
    (tmp_path / "node.toml").write_text('name = "n"\n[cell]\nset = "own.toml"\n')
    assert Path(read_description(tmp_path / "node.toml").cell.set) == tmp_path / "own.toml"


@pytest.mark.parametrize("path", KEYS)
@given(data=st.data())
@settings(max_examples=5)
def test_a_misspelt_key_is_answered_with_the_right_one(path: str, data: st.DataObject) -> None:
    *outer, key = path.split(".")
    at = data.draw(st.integers(1, len(key)))
    wrong = key[:at] + data.draw(st.sampled_from(["_", "x", "ee"])) + key[at:]
    sentence = refused(nested({".".join([*outer, wrong]): 1}))
    assert f"there is no key {wrong}" in sentence
    assert sentence.endswith(f"; did you mean {key}?")


def test_a_capacitor_that_carries_no_boot_and_report_is_refused() -> None:
    """150 ms of a boot, 15 of a sample and 64 of a page at 8 mA and 1.8 V through 90 %, and 5 %
    more, from 3.0 V down to 2.0 V: 1537 uF; its 0.1 ohm take one more, 50 ohm three quarters more,
    and through 100 ohm 2.2 V do not give it at all."""
    film = {"board": "stm32wb55", "supply": "film"}
    small = varied(NodeDescription(name="small"), film)
    text = "capacitor.capacitance_uf must be at least 1538, .* report .3841 uJ., not 1530"
    with pytest.raises(ValueError, match=text):
        check_description(varied(small, {"capacitor.capacitance_uf": 1530}))
    check_description(varied(small, {"capacitor.capacitance_uf": 1538}))
    weak = {"capacitor.series_ohm": 50.0, "capacitor.capacitance_uf": 2700}
    with pytest.raises(ValueError, match="capacitance_uf must be at least 2715"):
        check_description(varied(small, weak))
    dead = varied(small, {"capacitor.series_ohm": 100.0, "converter.restart_v": 2.2})
    with pytest.raises(ValueError, match="series_ohm must be lower, not 100"):
        check_description(dead)


def test_a_series_resistance_with_which_samples_see_their_own_wake_is_refused() -> None:
    """8 mA and 1.8 V through 90 % at 3.1 V: 5.2 mA, which 1.94 ohm turn into 10 mV."""
    film = {"board": "stm32wb55", "supply": "film", "capacitor.series_ohm": 2.0}
    always_on = varied(NodeDescription(name="always-on"), film)
    check_description(always_on)
    switched = varied(always_on, {"sensor.switched": True})
    with pytest.raises(ValueError, match=r"series_ohm must be at most 1\.94 with .* not 2: what"):
        check_description(switched)
    check_description(varied(switched, {"capacitor.series_ohm": 1.93}))
