"""Questions of `filmgauge provision`: every node can be described, and Enter changes nothing."""

from pathlib import Path

from provision_files import provision

from filmgauge_sim.nodes.description import NodeDescription, read_description

USB_START = ["", ""]  # board and supply
NETWORK = ["lab", "mqtt://broker.lan", "wifi-word", ""]
AGAIN = [""] * 20


def answered(folder: Path, *answers: str) -> tuple[NodeDescription, str]:
    """Return node `n` after the answers, and what was said."""
    ran = provision("--out", folder, env={}, input="\n".join(["n", *answers, ""]))
    assert ran.exit_code == 0, ran.output
    return read_description(folder / "n/node.toml"), ran.stderr


def cell(name: str = "evp-li", area_cm2: float = 1) -> list[str]:
    return [name, str(area_cm2), "n", "50"]


def test_another_board_or_supply_keeps_the_cell(tmp_path: Path) -> None:
    film = ["stm32wb55", "film", *cell("pre-li", 3)]
    before, _ = answered(tmp_path, *film, *[""] * 4, "", "", "", "", "", "", "", "300", "7")
    on_usb, said = answered(tmp_path, "stm32wb55", "usb", *AGAIN)
    assert (on_usb.cell, on_usb.commands) == (before.cell, before.commands)
    assert "cm2 [3.0]" in said
    assert on_usb.bluetooth == before.bluetooth
    assert on_usb.intervals.sample_s == 60  # what suits a film's budget says nothing about USB
    with_wifi, _ = answered(tmp_path, "esp32-c3", "usb", *[""] * 4, *NETWORK, *AGAIN)
    assert (with_wifi.cell, with_wifi.bluetooth.advertise_ms) == (before.cell, 0)
    other, _ = answered(tmp_path, "pico-w", "usb", *AGAIN)
    assert (other.cell, other.wifi, other.broker) == (
        before.cell,
        with_wifi.wifi,
        with_wifi.broker,
    )


def test_another_board_on_the_same_film_keeps_its_circuit(tmp_path: Path) -> None:
    film = ["stm32wb55", "film", *cell("pre-li", 20), "", "", "", "y"]
    circuit = ["9000", "40", "200", "12", "20", "constant", "33", "300", "7"]
    before, _ = answered(tmp_path, *film, *circuit)
    after, _ = answered(tmp_path, "esp32-c3", "film", *[""] * 4, *NETWORK, *AGAIN)
    assert after.board == "esp32-c3"
    for key in ("cell", "capacitor", "converter", "harvester", "intervals"):
        assert getattr(after, key) == getattr(before, key), key


def test_a_cell_that_is_too_large_for_the_shunt_on_usb_is_asked_for_one(tmp_path: Path) -> None:
    answers = [*USB_START, "evp-li", "60", "400", "300", "n", "50", *NETWORK, *AGAIN]
    node, said = answered(tmp_path, *answers)
    assert (node.cell.area_cm2, node.sensor.shunt_ohm) == (60, 300)
    refused = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert ["sensor.shunt_ohm must be at most 310" in line for line in refused] == [True, True]
    assert answered(tmp_path, *AGAIN)[0] == node


def test_pins_can_be_swapped(tmp_path: Path) -> None:
    pins = ["n", "4", "5", "6", "-1", "", "", ""]
    node, said = answered(tmp_path, *USB_START, *cell(), *NETWORK, *pins, "", "")
    assert (node.pins.scl, node.pins.sda) == (4, 5)
    assert "Error" not in said
    both = ["n", "6", "6", "5", "6", "4", "-1", *AGAIN]
    node, said = answered(tmp_path, *[""] * 8, *both)
    assert (node.pins.scl, node.pins.sda, node.pins.gate) == (6, 5, 4)
    assert said.count("Error: pins.scl and pins.sda must differ, not both be 6") == 1


def test_a_shunt_on_film_asks_for_the_currents_that_fit_it(tmp_path: Path) -> None:
    film = ["stm32wb55", "film", *cell("evp-li", 60), "", "", ""]
    wired = ["n", "", "", "", "", "2000", "", "", "30", "20"]
    node, said = answered(tmp_path, *film, *wired, *AGAIN)
    assert (node.sensor.shunt_ohm, node.converter.charge_ua) == (2000, 20)
    assert said.count("Error: converter.charge_ua must be at most 20.5 uA") == 2
    assert said.count("Current that it charges the cell with") == 2


def test_an_unknown_charge_takes_its_deviation_along(tmp_path: Path) -> None:
    answered(tmp_path, *USB_START, *cell(), *NETWORK, *AGAIN)
    path = tmp_path / "n/node.toml"
    path.write_text(path.read_text().replace("soc = 0.5", "soc = 0.5\nsoc_sigma = 0.1"))
    node, _ = answered(tmp_path, "", "", "", "", "", "unknown", *AGAIN)
    assert node.cell.soc is None


def test_what_is_not_wired_as_documented_stays_so_unless_it_becomes_that(tmp_path: Path) -> None:
    wired = ["n", "7", "8", "6", "3", "500", "0x41", "0x49"]
    node, _ = answered(tmp_path, *USB_START, *cell(), *NETWORK, *wired, "", "")
    again, said = answered(tmp_path, *[""] * 20)
    assert again == node
    assert "Is it wired as docs/hardware.md says? [y/N]" in said
    usual, _ = answered(tmp_path, *[""] * 8, "y", "", "", "")
    assert usual.pins == NodeDescription(name="n").pins
    assert usual.sensor == NodeDescription(name="n").sensor
    assert (usual.kind.pins.disconnect, usual.intervals.offset_every) == (3, 360)
    assert "says? [Y/n]" in answered(tmp_path, *AGAIN)[1]


def test_a_switch_without_calibration_stays_without(tmp_path: Path) -> None:
    answered(tmp_path, *USB_START, *cell(), *NETWORK, "y", "n", "", "")
    path = tmp_path / "n/node.toml"
    path.write_text(path.read_text() + "[pins]\ndisconnect = 3\n")
    node, _ = answered(tmp_path, *AGAIN)
    assert (node.kind.pins.disconnect, node.intervals.offset_every) == (3, 0)
    without, _ = answered(tmp_path, *[""] * 8, "y", "n", "", "")
    assert without.kind.pins.disconnect == -1
