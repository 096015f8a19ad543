"""Keys of the circuit in a scenario: what does not fit together is told in one sentence."""

from pathlib import Path

import pytest

from filmgauge_sim.scenario.loading import ScenarioError, load_scenario

HEAD = 'name = "x"\n[[node]]\nname = "n"\n'
FILM = HEAD + 'supply = "film"\n'
CHARGER = FILM + '[node.harvester]\nkind = "charger"\ncharger_uw = 9\n'


def load(folder: Path, text: str):
    path = folder / "x.toml"
    path.write_text(text)
    return load_scenario(str(path))


def test_a_node_on_its_film(tmp_path: Path) -> None:
    text = (
        FILM + '[node.harvester]\nkind = "photovoltaic"\narea_cm2 = 8\n'
        "[[node.harvester.light]]\nlux = 200\nbegin_h = 8\nend_h = 18\n"
    )
    node = load(tmp_path, text).node[0]
    assert node.harvester.light[0].days == "all"
    assert node.converter.quiescent_na == 488


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + "[node.capacitor]\ncapacitance_uf = 47\n", "capacitor needs supply"),
        (HEAD + "[node.sensor]\nswitched = true\n", "sensor.switched needs supply"),
        (FILM + '[[node.cycler]]\naction = "rest"\nhours = 1\n', "cycler must be left out"),
        (FILM + "[node.converter]\nstart_v = 1.0\n", "start_v must be above stop_v"),
        (FILM + "[node.converter]\nceiling_v = 3.0\n", "ceiling_v must be above"),
        (FILM + "[node.capacitor]\nleakage_mohm = 0\n", "leakage_mohm"),
        (FILM + "[node.harvester]\npower_uw = 5\n", "power_uw needs kind"),
        (HEAD + "[node.firmware]\nble_advertise_ms = 9\n", "needs a board without Wi-Fi"),
        (HEAD + '[node.firmware]\nble_key = "12"\n', "ble_key must be 32 hexadecimal digits"),
        (HEAD + "[node.firmware]\nble_interval_ms = 19\n", "ble_interval_ms"),
        (FILM + '[node.harvester]\nkind = "trace"\n', "file must be given"),
        (FILM + '[node.harvester]\nkind = "sun"\n', "thermoelectric"),
        (
            FILM + '[node.harvester]\nkind = "photovoltaic"\narea_cm2 = 1\n'
            "[[node.harvester.light]]\nlux = 9\nbegin_h = 8\nend_h = 7\n",
            "end_h must be above begin_h",
        ),
        (FILM + "[node.harvester]\nevery_h = 5\n", "every_h needs kind = 'charger'"),
        (CHARGER + "charger_h = 5\n", "every_h must be given"),
        (CHARGER + "charger_h = 5\nevery_h = 5\n", "charger_h must be below every_h"),
        (FILM + "[node.firmware]\nown_uw = 5\n", "own_uw needs sensor.switched"),
        (HEAD + 'board = "stm32"\n', "must be one of esp32-c3, (.+, )?stm32wb55$"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ScenarioError, match=reason):
        load(tmp_path, text)
