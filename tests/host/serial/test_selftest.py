"""The self-test on virtual boards that are wired as drawn, and with one mistake each."""

from pathlib import Path
from typing import Any

import pytest
from wired_board import FLOWING_UA, answered, look_inside, section, wired

from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.scenario.loading import load_scenario

KNOWN = ("--current-ua", FLOWING_UA, "--temperature-c", 22)


def tried(
    folder: Path, bytecode: dict[str, bytes], *arguments: object, **options: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the command answers, and check -> verdict."""
    with wired(folder, bytecode, section(**options), main_py=b""):
        told = answered(folder, "selftest", *(arguments or KNOWN))
    return told, {finding["check"]: finding["verdict"] for finding in told["findings"]}


def faults(told: dict[str, Any]) -> list[str]:
    return [finding["name"] for finding in told["findings"] if finding["verdict"] == "fault"]


@pytest.mark.parametrize("board", ["esp32-c3", "stm32wb55"])
def test_a_board_wired_as_drawn_passes_every_check(tmp_path: Path, bytecode, board: str) -> None:
    told, verdicts = tried(tmp_path, bytecode, board=board)
    assert set(verdicts.values()) == {"ok"}, told
    assert len(verdicts) == 8
    assert told["healthy"] is True


def test_sensors_that_are_switched_get_their_supply(tmp_path: Path, bytecode) -> None:
    node = load_scenario("window").node[0]
    with wired(tmp_path, bytecode, node, main_py=b""):
        told = answered(tmp_path, "selftest")
    assert faults(told) == []
    passed = [finding["check"] for finding in told["findings"] if finding["verdict"] == "ok"]
    assert passed[:3] == ["I2C lines", "INA228 at 0x40", "TMP117 at 0x48"]
    assert "gate of the voltage input" in passed


@pytest.mark.parametrize(
    ("wiring", "name"),
    [
        ({"swapped_leads": True}, "swapped-leads"),
        ({"pull_ups": False}, "missing-pull-ups"),
        ({"ina228_address": 0x45}, "ina228-address"),
        ({"tmp117_address": 0x49}, "tmp117-address"),
        ({"ina228_address": 0}, "ina228-absent"),
        ({"tmp117_address": 0}, "tmp117-absent"),
        ({"temperature_error_c": 60.0}, "temperature-implausible"),
        ({"gate": "open"}, "gate-stuck-open"),
        ({"gate": "closed"}, "gate-stuck-closed"),
        ({"disconnect": "open"}, "disconnect-stuck-open"),
        ({"disconnect": "closed"}, "disconnect-stuck-closed"),
    ],
)
def test_each_mistake_has_its_name(
    tmp_path: Path, bytecode, wiring: dict[str, Any], name: str
) -> None:
    told, _ = tried(tmp_path, bytecode, wiring=WiringSection(**wiring))
    found = faults(told)
    # Without any current the shunt cannot be told from the switch.
    allowed = {name, "wrong-shunt"} if name == "disconnect-stuck-open" else {name}
    assert name in found
    assert set(found) <= allowed
    finding = next(finding for finding in told["findings"] if finding["name"] == name)
    assert finding["seen"]
    assert finding["expected"]
    assert finding["advice"]


def test_the_advice_for_an_address_is_the_one_it_has(tmp_path: Path, bytecode) -> None:
    told, verdicts = tried(tmp_path, bytecode, wiring=WiringSection(ina228_address=0x45))
    finding = next(f for f in told["findings"] if f["name"] == "ina228-address")
    assert "ina228_address = 69" in finding["advice"]
    assert verdicts["leads of the shunt"] == "ok"  # the rest is tried all the same


@pytest.mark.parametrize("fitted_ohm", [100.0, 820.0, 2200.0])
def test_a_wrong_shunt_is_told_with_its_value(tmp_path: Path, bytecode, fitted_ohm: float) -> None:
    told, _ = tried(tmp_path, bytecode, fitted_ohm=fitted_ohm)
    assert faults(told) == ["wrong-shunt"]
    advice = next(f for f in told["findings"] if f["name"] == "wrong-shunt")["advice"]
    guess = float(advice.partition("about ")[2].split()[0])
    assert guess == pytest.approx(fitted_ohm, rel=0.01)


def test_a_shunt_beyond_the_range_and_one_that_is_shorted(tmp_path: Path, bytecode) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    told, _ = tried(tmp_path / "a", bytecode, fitted_ohm=50_000.0)
    assert faults(told) == ["wrong-shunt"]
    told, _ = tried(tmp_path / "b", bytecode, fitted_ohm=1.0)  # as with a breakout's own
    assert "wrong-shunt" in faults(told)


def test_a_shunt_within_a_tenth_passes(tmp_path: Path, bytecode) -> None:
    told, _ = tried(tmp_path, bytecode, fitted_ohm=950.0)
    assert told["healthy"] is True


def test_a_known_load_does_as_well_as_a_known_current(tmp_path: Path, bytecode) -> None:
    # A resistor that takes the cycler's current at the 2.15 V that the cell has under it.
    told, verdicts = tried(tmp_path, bytecode, "--load-ohm", 975_000)
    assert told["healthy"] is True
    assert verdicts["value of the shunt"] == "ok"


def test_a_known_load_without_a_cell_lacks_the_voltage(tmp_path: Path, bytecode) -> None:
    told, _ = tried(tmp_path, bytecode, "--load-ohm", 975_000, wiring=WiringSection(gate="open"))
    (found,) = (each for each in told["findings"] if each["check"] == "leads of the shunt")
    assert found["seen"] == "needs the voltage of the cell beside --load-ohm, and none is seen"


def test_without_a_current_it_says_what_it_could_not_test(tmp_path: Path, bytecode) -> None:
    told, verdicts = tried(tmp_path, bytecode, "--temperature-c", 22, rate_c=0.0)
    assert told["healthy"] is True
    untested = {check for check, verdict in verdicts.items() if verdict == "not tested"}
    assert untested == {"disconnect switch", "leads of the shunt", "value of the shunt"}


def test_text_for_people(tmp_path: Path, bytecode) -> None:
    node = section(wiring=WiringSection(swapped_leads=True))
    with wired(tmp_path, bytecode, node, main_py=b""):
        ran = look_inside(tmp_path, "selftest", *KNOWN)
    assert ran.exit_code == 1
    assert "FAULT       leads of the shunt: swapped-leads" in ran.stdout
    assert "seen: +2.202 uA; expected: -2.202 uA" in ran.stdout
    assert "swap IN+ and IN-" in ran.stdout


def test_wrong_input_is_one_sentence(tmp_path: Path, bytecode) -> None:
    ran = look_inside(tmp_path, "selftest", "--load-ohm", 1e6, "--current-ua", 1)
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    with wired(tmp_path, bytecode, section(), main_py=b"", config_json=b'{"node": 1}'):
        ran = look_inside(tmp_path, "selftest")
    assert ran.exit_code == 1
    assert "configuration" in ran.stderr
