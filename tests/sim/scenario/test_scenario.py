"""Scenarios: what is wrong is told in one sentence with file, key and bound."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.scenario.loading import ScenarioError, available_scenarios, load_scenario
from filmgauge_sim.scenario.scenario import duration_us

HEAD = 'name = "test"\n'
NODE = '[[node]]\nname = "one"\n'
CYCLER = NODE + "[[node.cycler]]\n"


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
    "cycler": (HEAD + CYCLER + 'action = "rest"\nhours = 1\nvolts = 1\n', "volts"),
    "ambient": (HEAD + NODE + "[node.ambient]\nhumidity = 1\n", "humidity"),
    "sensor": (HEAD + NODE + "[node.sensor]\ngain = 1\n", "gain"),
    "firmware": (HEAD + NODE + "[node.firmware]\nreport_s = 1\n", "report_s"),
    "network": (HEAD + "[network]\nssid = 'a'\n" + NODE, "ssid"),
    "outage": (HEAD + "[[network.outages]]\nbegin_h=1\nend_h=2\nwhy='a'\n" + NODE, "why"),
    # missing
    "no name": (NODE, "name"),
    "no node": (HEAD, "node"),
    "empty node": (HEAD + "node = []\n", "node"),
    "nameless node": (HEAD + "[[node]]\n", "name"),
    "no action": (HEAD + CYCLER + "hours = 1\n", "action"),
    "no end_h": (HEAD + "[[network.outages]]\nbegin_h = 1\n" + NODE, "end_h"),
    # types
    "name number": ("name = 1\n" + NODE, "name"),
    "seed text": (HEAD + 'seed = "1"\n' + NODE, "seed"),
    "seed fraction": (HEAD + "seed = 1.5\n" + NODE, "seed"),
    "seed true": (HEAD + "seed = true\n" + NODE, "seed"),
    "node table": (HEAD + '[node]\nname = "one"\n', "node"),
    "node text": (HEAD + 'node = "one"\n', "node"),
    "soc_known number": (HEAD + NODE + "[node.firmware]\nsoc_known = 1\n", "soc_known"),
    "area text": (HEAD + NODE + "[node.cell]\narea_cm2 = '1'\n", "area_cm2"),
    "duration number": (HEAD + "duration = 3600\n" + NODE, "duration"),
    "clock fraction": (HEAD + NODE + "clock_error_ppm = 0.5\n", "clock_error_ppm"),
    "date": (HEAD + "seed = 2026-01-01\n" + NODE, "seed"),
    # choices
    "board": (HEAD + NODE + 'board = "pi"\n', "esp32-c3"),
    "action": (HEAD + CYCLER + 'action = "sleep"\nhours = 1\n', "charge, discharge, rest"),
    "errors": (HEAD + NODE + '[node.sensor]\nerrors = "some"\n', "drawn, ideal, worst"),
    # names
    "capital": (HEAD + '[[node]]\nname = "One"\n', "a-z"),
    "slash": (HEAD + '[[node]]\nname = "a/b"\n', "a-z"),
    "no letters": (HEAD + '[[node]]\nname = ""\n', "1 to 32"),
    "long name": (HEAD + f'[[node]]\nname = "{"a" * 33}"\n', "1 to 32"),
    "twice": (HEAD + NODE + NODE, "one is used twice"),
    # what types cannot say
    "rest with rate": (HEAD + CYCLER + 'action = "rest"\nhours = 1\nrate_c = 0.1\n', "rate_c"),
    "no rate": (HEAD + CYCLER + 'action = "charge"\nhours = 1\n', "rate_c"),
    "no end": (HEAD + CYCLER + 'action = "charge"\nrate_c = 0.1\n', "hours"),
    "endless rest": (HEAD + CYCLER + 'action = "rest"\n', "hours"),
    "rest until": (HEAD + CYCLER + 'action = "rest"\nuntil_v = 2\n', "hours"),
    "backwards": (HEAD + "[[network.outages]]\nbegin_h = 2\nend_h = 1\n" + NODE, "end_h"),
    "no outage": (HEAD + "[[network.outages]]\nbegin_h = 2\nend_h = 2\n" + NODE, "end_h"),
}
BOUNDS = [
    ("seed", "seed = {}", -1, 2**31),
    ("area_cm2", "[node.cell]\narea_cm2 = {}", 0.009, 1001),
    ("stoichiometry", "[node.cell]\nstoichiometry = {}", -0.01, 1.01),
    ("mean_c", "[node.ambient]\nmean_c = {}", -40.1, 85.1),
    ("swing_c", "[node.ambient]\nswing_c = {}", -0.1, 60.1),
    ("period_h", "[node.ambient]\nperiod_h = {}", 0.4, 8761),
    ("shunt_ohm", "[node.sensor]\nshunt_ohm = {}", 0.9, 100001),
    ("sample_s", "[node.firmware]\nsample_s = {}", 0, 86401),
    ("report_every", "[node.firmware]\nreport_every = {}", 0, 1441),
    ("journal_every", "[node.firmware]\njournal_every = {}", 0, 1441),
    ("backlog", "[node.firmware]\nbacklog = {}", 0, 4097),
    ("clock_error_ppm", "clock_error_ppm = {}", -50001, 50001),
    ("flash_blocks", "flash_blocks = {}", 15, 1025),
    ("association_ms", "[network]\nassociation_ms = {}", 0, 60001),
    ("latency_ms", "[network]\nlatency_ms = {}", 0, 10001),
    ("rate_c", "[[node.cycler]]\naction = 'charge'\nhours = 1\nrate_c = {}", -0.1, 20.1),
    ("until_v", "[[node.cycler]]\naction = 'charge'\nrate_c = 1\nuntil_v = {}", 0.4, 4.6),
    ("hours", "[[node.cycler]]\naction = 'rest'\nhours = {}", 0.0001, 10001),
    ("begin_h", "[[network.outages]]\nend_h = 5\nbegin_h = {}", -0.1, 1.1e6),
    ("end_h", "[[network.outages]]\nbegin_h = 0\nend_h = {}", -0.1, 1.1e6),
]
REALS = [row for row in BOUNDS if isinstance(row[2], float)]


def text_with(line: str, value: object) -> str:
    """Return a scenario with one more line, of the top, the network or the node."""
    line = line.format(value)
    if line.startswith(("seed", "[network", "[[network")):
        return HEAD + line + "\n" + NODE
    return HEAD + NODE + line + "\n"


def told(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        load(folder, text)
    sentence = str(error.value)
    assert sentence.startswith(str(folder / "wrong.toml"))
    assert "\n" not in sentence
    return sentence.removeprefix(str(folder / "wrong.toml"))


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told(tmp_path: Path, case: str):
    text, word = WRONG[case]
    assert word in told(tmp_path, text)


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: row[0])
@pytest.mark.parametrize("end", ["low", "high"])
def test_bounds(tmp_path: Path, row: tuple, end: str):
    key, line, low, high = row
    sentence = told(tmp_path, text_with(line, low if end == "low" else high))
    assert key in sentence
    assert any(character.isdigit() for character in sentence.partition(key)[2])


@pytest.mark.parametrize("row", REALS, ids=lambda row: row[0])
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf"])
def test_only_finite_numbers(tmp_path: Path, row: tuple, value: str):
    assert row[0] in told(tmp_path, text_with(row[1], value))


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
    assert "duration" in told(tmp_path, f'duration = "{text}"\n' + HEAD + NODE)


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
    """TOML cannot include: the copy must not drift."""
    nodes = [load_scenario(name).node[0] for name in ("bench", "window", "implant")]
    assert load_scenario("demo").node == nodes
