"""Scenarios: what is wrong is told in one sentence with file, key and bound."""

import random
import re
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.cell import VariableFilm
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.harvester import (
    Charger,
    ConstantHarvester,
    Photovoltaic,
    Thermoelectric,
)
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.secrets import SECRETS_FILE
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.scenario.loading import (
    RENAMED,
    ScenarioError,
    available_scenarios,
    load_scenario,
    scenario_of_node,
)
from filmgauge_sim.scenario.scenario import duration_us

HEAD = 'name = "test"\n'
NODE = '[[node]]\nname = "one"\n'
WORLD = NODE + "[node.world]\n"
CYCLER = NODE + "[[node.world.cycler]]\n"
FILM = '[[node]]\nname = "one"\nsupply = "film"\n'
CHARGED = FILM + '[node.harvester]\nkind = "charger"\npower_uw = 9\n[node.world.charger]\n'
LIT = FILM + '[node.harvester]\nkind = "photovoltaic"\narea_cm2 = 1\n[[node.world.light]]\n'


def load(folder: Path, text: str):
    path = folder / "wrong.toml"
    path.write_text(text)
    return load_scenario(str(path))


@pytest.mark.parametrize("name", available_scenarios())
def test_every_scenario_of_the_package_loads(name: str):
    scenario = load_scenario(name)
    assert scenario.node
    assert scenario.summary
    assert duration_us(scenario.duration) > 0


def test_bench_is_there():
    assert "bench" in available_scenarios()


def test_name_and_path_give_the_same(tmp_path: Path):
    from importlib.resources import files

    text = (files("filmgauge_sim") / "scenarios" / "bench.toml").read_text()
    assert load(tmp_path, text) == load_scenario("bench")


def test_the_least_scenario(tmp_path: Path):
    scenario = load(tmp_path, HEAD + NODE)
    assert [node.name for node in scenario.node] == ["one"]
    assert duration_us(scenario.duration) == 86_400_000_000


WRONG = {
    # unknown keys at every level
    "top": (HEAD + "speed = 1\n" + NODE, "speed"),
    "node": (HEAD + NODE + "colour = 1\n", "colour"),
    "cell": (HEAD + NODE + "[node.cell]\nvolume = 1\n", "volume"),
    "world": (HEAD + WORLD + "weather = 1\n", "weather"),
    "cycler": (HEAD + CYCLER + 'action = "rest"\nhours = 1\nvolts = 1\n', "volts"),
    "ambient": (HEAD + NODE + "[node.world.ambient]\nhumidity = 1\n", "humidity"),
    "sensor": (HEAD + NODE + "[node.world.sensor]\ngain = 1\n", "gain"),
    "network": (HEAD + "[network]\nssid = 'a'\n" + NODE, "ssid"),
    "outage": (HEAD + "[[network.outages]]\nbegin_h=1\nend_h=2\nwhy='a'\n" + NODE, "why"),
    # missing
    "no name": (NODE, "name"),
    "no node": (HEAD, "node"),
    "empty node": (HEAD + "node = []\n", "node"),
    "nameless node": (HEAD + "[[node]]\n", "name"),
    "no action": (HEAD + CYCLER + "hours = 1\n", "action"),
    "no end_h": (HEAD + "[[network.outages]]\nbegin_h = 1\n" + NODE, "end_h"),
    "no every_h": (HEAD + CHARGED + "hours = 1\n", "every_h"),
    # types
    "name number": ("name = 1\n" + NODE, "name"),
    "seed text": (HEAD + 'seed = "1"\n' + NODE, "seed"),
    "seed fraction": (HEAD + "seed = 1.5\n" + NODE, "seed"),
    "seed true": (HEAD + "seed = true\n" + NODE, "seed"),
    "node table": (HEAD + '[node]\nname = "one"\n', "node"),
    "node text": (HEAD + 'node = "one"\n', "node"),
    "node numbers": (HEAD + "node = [1]\n", "node[0] must be a table"),
    "world text": (HEAD + NODE + 'world = "hot"\n', "node[0].world"),
    "file number": (HEAD + "[[node]]\nfile = 1\n", "node[0].file"),
    "duration number": (HEAD + "duration = 3600\n" + NODE, "duration"),
    "clock fraction": (HEAD + WORLD + "clock_error_ppm = 0.5\n", "clock_error_ppm"),
    "date": (HEAD + "seed = 2026-01-01\n" + NODE, "seed"),
    # choices
    "action": (HEAD + CYCLER + 'action = "sleep"\nhours = 1\n', "charge, discharge, rest"),
    "errors": (HEAD + NODE + '[node.world.sensor]\nerrors = "some"\n', "drawn, ideal, worst"),
    # what types cannot say
    "twice": (HEAD + NODE + NODE, "one is used twice"),
    "rest with rate": (HEAD + CYCLER + 'action = "rest"\nhours = 1\nrate_c = 0.1\n', "rate_c"),
    "no rate": (HEAD + CYCLER + 'action = "charge"\nhours = 1\n', "rate_c"),
    "endless rest": (HEAD + CYCLER + 'action = "rest"\n', "hours"),
    "rest until": (HEAD + CYCLER + 'action = "rest"\nuntil_v = 2\n', "hours"),
    "backwards": (HEAD + "[[network.outages]]\nbegin_h = 2\nend_h = 1\n" + NODE, "end_h"),
    "no outage": (HEAD + "[[network.outages]]\nbegin_h = 2\nend_h = 2\n" + NODE, "end_h"),
    # what a node has no use for
    "cycled film": (
        HEAD + FILM + '[[node.world.cycler]]\naction = "rest"\nhours = 1\n',
        'world: cycler must be left out with supply = "film"',
    ),
    "light on usb": (
        HEAD + NODE + "[[node.world.light]]\nlux = 9\n",
        "world: light needs harvester.kind = 'photovoltaic'",
    ),
    "charger of none": (
        HEAD + FILM + "[node.world.charger]\nhours = 1\nevery_h = 2\n",
        "world: charger needs harvester.kind = 'charger'",
    ),
    "no such cell": (HEAD + WORLD + "cell_set = 'none'\n", "world: cell_set: none is neither a"),
    "a cell without a profile": (
        HEAD + NODE + "[node.cell]\nset = 'evp-li-boundary'\n",
        "cell.set: evp-li-boundary is of physics boundary, and a gauge's profile",
    ),
    "warm usb": (HEAD + WORLD + "source_c = 30\n", "source_c needs harvester.kind"),
    "trace on usb": (HEAD + WORLD + 'trace = "a.csv"\n', 'world: trace needs supply = "film"'),
    "capacitor on usb": (HEAD + WORLD + "capacitor_v = 2\n", 'capacitor_v needs supply = "film"'),
    "charger stays": (HEAD + CHARGED + "hours = 5\nevery_h = 5\n", "hours must be below"),
    "night": (HEAD + LIT + "lux = 9\nbegin_h = 8\nend_h = 7\n", "light[0].end_h must be above"),
}
BOUNDS = [
    ("seed", "seed = {}", -1, 2**31),
    ("stoichiometry", "stoichiometry = {}", -0.01, 1.01),
    ("clock_error_ppm", "clock_error_ppm = {}", -50001, 50001),
    ("capacitor_v", "capacitor_v = {}", -0.1, 5.1),
    ("source_c", "source_c = {}", -40.1, 85.1),
    ("mean_c", "[node.world.ambient]\nmean_c = {}", -40.1, 85.1),
    ("swing_c", "[node.world.ambient]\nswing_c = {}", -0.1, 60.1),
    ("period_h", "[node.world.ambient]\nperiod_h = {}", 0.4, 8761),
    ("shunt_ohm", "[node.world.sensor]\nshunt_ohm = {}", 0.9, 100001),
    ("ina228_address", "[node.world.wiring]\nina228_address = {}", -1, 80),
    ("tmp117_address", "[node.world.wiring]\ntmp117_address = {}", -1, 76),
    ("lux", "[[node.world.light]]\nlux = {}", -0.1, 200001),
    ("begin_h", "[[node.world.light]]\nlux = 1\nbegin_h = {}", -0.1, 24.1),
    ("every_h", "[node.world.charger]\nhours = 1\nevery_h = {}", 0.001, 100001),
    ("association_ms", "[network]\nassociation_ms = {}", 0, 60001),
    ("latency_ms", "[network]\nlatency_ms = {}", 0, 10001),
    ("rate_c", "[[node.world.cycler]]\naction = 'charge'\nhours = 1\nrate_c = {}", -0.1, 20.1),
    ("until_v", "[[node.world.cycler]]\naction = 'charge'\nrate_c = 1\nuntil_v = {}", 0.4, 4.6),
    ("hours", "[[node.world.cycler]]\naction = 'rest'\nhours = {}", 0.0001, 10001),
    ("begin_h", "[[network.outages]]\nend_h = 5\nbegin_h = {}", -0.1, 1.1e6),
    ("end_h", "[[network.outages]]\nbegin_h = 0\nend_h = {}", -0.1, 1.1e6),
]
REALS = [row for row in BOUNDS if isinstance(row[2], float)]


def text_with(line: str, value: object) -> str:
    """Return a scenario with one more line, of the top, the network or the node."""
    line = line.format(value)
    if line.startswith(("seed", "[network", "[[network")):
        return HEAD + line + "\n" + NODE
    return HEAD + (NODE if line.startswith("[") else WORLD) + line + "\n"


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        load(folder, text)
    sentence = str(error.value)
    assert sentence.startswith(str(folder / "wrong.toml"))
    assert "\n" not in sentence
    return sentence.removeprefix(str(folder / "wrong.toml"))


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused(tmp_path: Path, case: str):
    text, word = WRONG[case]
    assert word in refused(tmp_path, text)


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: row[0])
@pytest.mark.parametrize("end", ["low", "high"])
def test_bounds(tmp_path: Path, row: tuple, end: str):
    key, line, low, high = row
    sentence = refused(tmp_path, text_with(line, low if end == "low" else high))
    assert key in sentence
    assert any(character.isdigit() for character in sentence.partition(key)[2])


@pytest.mark.parametrize("row", REALS, ids=lambda row: row[0])
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf"])
def test_only_finite_numbers(tmp_path: Path, row: tuple, value: str):
    assert row[0] in refused(tmp_path, text_with(row[1], value))


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "d", "1 day", "1h30", "h1", "1 h h", "\u0663h", "1..5h", "1,5h"),
        *("-1h", "+1h", "1e3s", "0s", "0.5s", "21000d", "nan s", "inf d"),
    ],
)
def test_durations_that_are_none(tmp_path: Path, text: str):
    with pytest.raises(ValueError, match="duration must be"):
        duration_us(text)
    assert "duration" in refused(tmp_path, f'duration = "{text}"\n' + HEAD + NODE)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("90 s", 90), (" 30min ", 1800), ("12h", 43200), ("2d", 172800), ("0.5h", 1800)],
)
def test_durations(text: str, seconds: int):
    assert duration_us(text) == seconds * 1_000_000


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str):
    try:
        found_us = duration_us(text)
    except ValueError:
        return
    assert found_us >= 1_000_000


@pytest.mark.parametrize(
    "content", [b"name = ", b"\xff\xfe", b"name = 'a'\nname = 'b'", b"a = " + b"[" * 5000]
)
def test_what_is_not_toml(tmp_path: Path, content: bytes):
    path = tmp_path / "wrong.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match="not TOML"):
        load_scenario(str(path))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ScenarioError, match="bench"):
        load_scenario("no-such-scenario")


def test_a_directory_is_no_scenario(tmp_path: Path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(str(tmp_path))


def test_the_demonstration_has_the_nodes_of_the_other_scenarios() -> None:
    """The files of the package each stand alone: the copy must not drift."""
    nodes = [load_scenario(name).node[0] for name in ("bench", "window", "implant")]
    assert load_scenario("demo").node == nodes


def in_folder(folder: Path, node: str, secrets: str | None = None) -> Path:
    """Write the file of a node, and its secrets; return where it is."""
    folder.mkdir()
    (folder / "node.toml").write_text(node)
    if secrets is not None:
        (folder / SECRETS_FILE).write_text(secrets)
        (folder / SECRETS_FILE).chmod(0o600)
    return folder / "node.toml"


def test_a_node_in_a_file_of_its_own(tmp_path: Path) -> None:
    in_folder(tmp_path / "shelf", 'name = "shelf-1"\n[cell]\narea_cm2 = 3.0\n')
    text = '[[node]]\nfile = "shelf/node.toml"\n[node.world]\nclock_error_ppm = 7\n'
    (node,) = load(tmp_path, HEAD + text).node
    assert (node.name, node.description.cell.area_cm2) == ("shelf-1", 3.0)
    assert node.world.clock_error_ppm == 7
    assert "node[0].board must stand in shelf/node.toml" in refused(
        tmp_path, HEAD + '[[node]]\nfile = "shelf/node.toml"\nboard = "pico-w"\n'
    )
    (tmp_path / "shelf" / "node.toml").write_text('name = "A"\n')
    assert "shelf/node.toml: name: may have" in refused(tmp_path, HEAD + text)
    assert "nowhere.toml cannot be read" in refused(
        tmp_path, HEAD + '[[node]]\nfile = "nowhere.toml"\n'
    )


def test_secrets_are_its_own_or_made_up(tmp_path: Path) -> None:
    text = (
        'name = "leaf"\nboard = "stm32wb55"\ncommands = true\n'
        "[bluetooth]\nadvertise_ms = 5000\nencrypted = true\n"
    )
    own = "00112233445566778899aabbccddeeff"
    in_folder(tmp_path / "a", text, f'ble_key = "{own}"\n')
    in_folder(tmp_path / "b", text.replace("leaf", "twig"))
    both = HEAD + '[[node]]\nfile = "a/node.toml"\n[[node]]\nfile = "b/node.toml"\n'
    leaf, twig = load(tmp_path, both).node
    assert leaf.secrets["ble_key"] == own
    made = [leaf.secrets["command_key"], twig.secrets["command_key"], twig.secrets["ble_key"]]
    assert len({own, *made}) == 4
    assert all(len(bytes.fromhex(key)) == 16 for key in made)
    assert load(tmp_path, both).node == [leaf, twig]  # the same again
    assert load(tmp_path, "seed = 2\n" + both).node[1].secrets != twig.secrets
    (tmp_path / "a" / SECRETS_FILE).chmod(0o644)
    assert "chmod 600" in refused(tmp_path, both)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('name = "n"\n', ConstantHarvester),
        ('name = "n"\nboard = "pico-w"\n', ConstantHarvester),
        ('[harvester]\nkind = "photovoltaic"\narea_cm2 = 10\n', Photovoltaic),
        ('[harvester]\nkind = "charger"\npower_uw = 200\n', Charger),
        ('[harvester]\nkind = "thermoelectric"\nuw_per_k2 = 1\n', Thermoelectric),
        ('[harvester]\nkind = "constant"\npower_uw = 20\n', ConstantHarvester),
    ],
)
def test_one_node_in_a_plain_world(tmp_path: Path, text: str, kind: type) -> None:
    """On USB its cell is cycled; on film its harvester has something to give within two days."""
    if "harvester" in text:
        text = 'name = "n"\nboard = "stm32wb55"\nsupply = "film"\n' + text
    scenario = scenario_of_node(in_folder(tmp_path / "one", text))
    (node,) = scenario.node
    assert node.name == scenario.name == "n"
    world = build_world(node.description, node.world, random.Random(1))
    if isinstance(world, CyclerBench):
        currents = []
        for hour in range(24):
            world.advance_to(hour * 3_600_000_000)
            currents.append(world.truth().current_ua)
        capacity_ua = world.cell.capacity_uah
        assert max(currents) == pytest.approx(0.2 * capacity_ua)
        assert min(currents) == pytest.approx(-0.2 * capacity_ua)
        return
    harvester = world._harvester
    assert isinstance(harvester, kind)
    assert max(harvester.power_uw(hour * 3_600_000_000) for hour in range(48)) > 10


def test_a_trace_is_found_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "sun.csv").write_text("time_s,power_uw\n0,5\n60,7\n")
    (node,) = load(tmp_path, HEAD + FILM + '[node.world]\ntrace = "sun.csv"\n').node
    world = build_world(node.description, node.world, random.Random(1))
    assert isinstance(world, HarvestingCircuit)
    world.advance_to(100_000_000)
    assert world.ledger.harvested == pytest.approx(60 * 5 + 40 * 7)


def test_a_true_cell_is_found_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(
        'base = "evp-li-variable"\nname = "odd"\ndiffusivity_ratio = 3\n'
    )
    (node,) = load(tmp_path, HEAD + NODE + '[node.world]\ncell_set = "odd.toml"\n').node
    cell = build_world(node.description, node.world, random.Random(1)).cell
    assert isinstance(cell, VariableFilm)
    assert cell.parameters.diffusivity_ratio == 3.0


def test_the_truth_may_differ_from_what_the_node_believes(tmp_path: Path) -> None:
    text = HEAD + NODE + "[node.cell]\nsoc = 0.5\n[node.sensor]\nshunt_ohm = 1000\n"
    (plain,) = load(tmp_path, text).node
    world = "[node.world]\nstoichiometry = 0.8\n[node.world.sensor]\nshunt_ohm = 900\n"
    (wrong,) = load(tmp_path, text + world).node
    assert plain.description == wrong.description
    for node, soc, ohm in ((plain, 0.5, 1000.0), (wrong, 0.8, 900.0)):
        made = build_world(node.description, node.world, random.Random(1))
        assert made.truth().stoichiometry == soc
        assert made.sensing.shunt_ohm == ohm


OLD = {
    "clock_error_ppm = 40": "node[0].clock_error_ppm is now world.clock_error_ppm",
    "[[node.cycler]]\naction = 'rest'\nhours = 1": "node[0].cycler is now world.cycler",
    "[node.ambient]\nmean_c = 20": "node[0].ambient is now world.ambient",
    "[node.wiring]\ngate = 'open'": "node[0].wiring is now world.wiring",
    "[node.cell]\nstoichiometry = 0.5": "node[0].cell.stoichiometry is now cell.soc",
    "[node.sensor]\nerrors = 'ideal'": "node[0].sensor.errors is now world.sensor.errors",
    "[node.capacitor]\nstart_v = 3": "node[0].capacitor.start_v is now world.capacitor_v",
    "[node.harvester]\ncharger_uw = 3": "node[0].harvester.charger_uw is now harvester.power_uw",
    "[node.firmware]\nsample_s = 60": "node[0].firmware.sample_s is now intervals.sample_s",
    "[node.firmware]\nown_uw = 5": "node[0].firmware.own_uw is now budget.own_uw, which",
    "[node.firmware]\nble_key = ''": "is now bluetooth.encrypted, with ble_key in secrets.toml",
}


@pytest.mark.parametrize("text", OLD)
def test_a_key_that_has_moved_is_answered_with_its_new_name(tmp_path: Path, text: str) -> None:
    assert OLD[text] in refused(tmp_path, HEAD + NODE + text + "\n")


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_every_new_name_exists(old: str, new: str) -> None:
    kind: Any = {"world": WorldSection}.get(new.partition(".")[0], NodeDescription)
    path = re.match(r"[a-z0-9_.]+", new)
    assert path is not None
    for name in path[0].removeprefix("world.").split("."):
        hint = get_type_hints(kind)[name]
        kind = next((each for each in get_args(hint) if each is not NoneType), hint)


@pytest.mark.parametrize("action", ["charge", "discharge"])
def test_a_step_of_the_cycler_ends_at_the_window_unless_told_otherwise(
    tmp_path: Path, action: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(HEAD + CYCLER + f'action = "{action}"\nrate_c = 0.1\n')
    (step,) = load_scenario(str(path)).node[0].world.cycler
    assert (step.hours, step.until_v) == (None, None)


def test_a_cycler_beyond_the_range_of_the_sensor_is_refused(tmp_path: Path) -> None:
    """1 cm2 of evp-li takes 11 uA at 1C, and 1 kohm ends at 40.96 uA."""
    path = tmp_path / "wide.toml"
    step = 'action = "discharge"\nrate_c = 5.0\nhours = 0.1\n'
    path.write_text(HEAD + CYCLER + step)
    with pytest.raises(ScenarioError) as error:
        load_scenario(str(path))
    assert "cycler[0].rate_c must be at most 3.72 with a shunt of 1000 ohm, or" in str(error.value)
    assert re.search(r"sensor.shunt_ohm at most 74[45] for 55 uA", str(error.value))
    path.write_text(HEAD + CYCLER + step + "[node.world.sensor]\nover_range = true\n")
    assert load_scenario(str(path)).node[0].world.cycler[0].rate_c == 5.0
