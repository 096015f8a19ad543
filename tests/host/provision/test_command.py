"""`filmgauge provision`: what it writes, keeps and refuses, and that secrets stay secret."""

import json
import os
import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from provision_files import SECRET, config_of, film_file, provision, tree, wifi_file

from filmgauge.config import KEYS, SECRETS
from filmgauge_host.ble.node_registry import read_registry
from filmgauge_host.cli.app import main
from filmgauge_host.provision.broker_files import is_hash_of
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.description import read_description
from filmgauge_sim.scenario.loading import load_scenario

DOCS = Path(__file__).parents[3] / "docs"
KEYED = "commands = true"  # what needs a key on a board with Wi-Fi


def secrets_in(folder: Path) -> dict[str, str]:
    return tomllib.loads((folder / "secrets.toml").read_text())


def test_a_board_can_be_flashed_from_what_is_written(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    ran = provision("--from", wifi_file(tmp_path, more=KEYED), "--out", out)
    assert ran.exit_code == 0, ran.output
    config = config_of(out / "shelf-1")
    pins = BOARDS["esp32-c3"].pins
    assert (config.pin_scl, config.pin_sda, config.pin_gate) == (pins.scl, pins.sda, pins.gate)
    assert (config.wifi_ssid, config.wifi_password) == ("virtual", SECRET)
    assert config.mqtt_user == "shelf-1"
    assert len(config.mqtt_password) >= 20
    bytes.fromhex(config.command_key)
    assert len(config.command_key) == 32
    assert {name: mode for name, (_, mode) in tree(out).items()} == {
        "shelf-1/node.toml": 0o644,
        "shelf-1/secrets.toml": 0o600,
        "mosquitto/passwords": 0o600,
        "mosquitto/acl": 0o600,
        "known.toml": 0o600,
    }


def test_secrets_are_nowhere_else(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    ran = provision("--from", wifi_file(tmp_path, more=KEYED), "--out", out, "--json")
    written = secrets_in(out / "shelf-1")
    assert set(written) == {"wifi_password", "mqtt_password", "command_key"}
    for name, value in written.items():
        assert value not in ran.output
        for path, (content, _) in tree(out).items():
            may = path == "shelf-1/secrets.toml" or (name in KEYS and path == "known.toml")
            assert may or value.encode() not in content
    told = json.loads(ran.output)
    made = ["command_key", "mqtt_password"]
    assert (told["node"], told["made"], told["kept"]) == ("shelf-1", made, [])
    assert {Path(path).name for path in told["files"]} == {
        *("node.toml", "secrets.toml", "passwords", "acl", "known.toml"),
    }


def test_again_keeps_keys_and_new_keys_makes_others(tmp_path: Path) -> None:
    source, out = wifi_file(tmp_path, more=KEYED), tmp_path / "nodes"
    provision("--from", source, "--out", out)
    first, before = tree(out), secrets_in(out / "shelf-1")
    ran = provision("--from", source, "--out", out, "--json", env={})
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output)["kept"] == ["command_key", "mqtt_password", "wifi_password"]
    assert tree(out) == first  # not even the salt has changed
    provision("--from", source, "--out", out, "--new-keys", env={})
    after = secrets_in(out / "shelf-1")
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"command_key", "mqtt_password"}


def test_its_own_description_repeats_it(tmp_path: Path) -> None:
    tables = "[pins]\ndisconnect = 3\n[sensor]\nshunt_ohm = 989\n[intervals]\noffset_every = 360\n"
    provision("--from", wifi_file(tmp_path, tables=tables), "--out", tmp_path / "a")
    provision("--from", tmp_path / "a/shelf-1/node.toml", "--out", tmp_path / "b")
    a, b = (config_of(tmp_path / name / "shelf-1") for name in ("a", "b"))
    assert {k for k, v in vars(a).items() if vars(b)[k] != v} == {"mqtt_password"}
    assert (a.shunt_mohm, a.zero_every, a.pin_disconnect) == (989_000, 360, 3)
    assert tree(tmp_path / "a")["shelf-1/node.toml"] == tree(tmp_path / "b")["shelf-1/node.toml"]


def test_nodes_share_the_files_of_the_broker(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    for node in ("a", "b", "a"):
        provision("--from", wifi_file(tmp_path, node), "--out", out, "--new-keys")
    users = [line.partition(":")[0] for line in (out / "mosquitto/passwords").open()]
    assert sorted(users) == ["a", "b"]
    acl = (out / "mosquitto/acl").read_text()
    assert acl.count("user a\n") == acl.count("user b\n") == 1


def test_a_user_that_no_node_has_any_more_loses_its_way_in(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    for node, user in (("a", "shared"), ("b", "own")):
        source = wifi_file(tmp_path, node, user=f'user = "{user}"')
        provision("--from", source, "--out", out)
    provision("--from", wifi_file(tmp_path, "b"), "--out", out)  # now under its name
    users = [line.partition(":")[0] for line in (out / "mosquitto/passwords").open()]
    assert sorted(users) == ["b", "shared"]


def test_a_node_that_loses_its_wifi_loses_its_way_in(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    for node in ("leaf", "b"):
        assert provision("--from", wifi_file(tmp_path, node), "--out", out).exit_code == 0
    (out / "leaf/secrets.toml").open("a").write('mqtt_password_next = "another-one"\n')
    ran = provision("--from", film_file(tmp_path), "--out", out, "--json")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output)["kept"] == []
    assert set(secrets_in(out / "leaf")) == {"ble_key", "command_key"}
    users = [line.partition(":")[0] for line in (out / "mosquitto/passwords").open()]
    assert users == ["b"]
    assert "leaf" not in (out / "mosquitto/acl").read_text()


def test_the_bluetooth_side_has_the_keys(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    provision("--from", film_file(tmp_path), "--out", out)
    path = out / "known.toml"
    path.write_text(path.read_text() + 'address = "C1:02:03:04:05:06"\n')
    provision("--from", wifi_file(tmp_path, "b", more=KEYED), "--out", out)
    provision("--from", film_file(tmp_path), "--out", out, "--new-keys")
    nodes = read_registry(path).by_name
    assert nodes["leaf"].address == "C1:02:03:04:05:06"
    for node in ("leaf", "b"):
        config = config_of(out / node)
        assert (nodes[node].ble_key or b"").hex() == config.ble_key
        assert (nodes[node].command_key or b"").hex() == config.command_key != ""
    path.write_text("[nodes.leaf]\ncolour = 1\n")
    before = tree(out)
    ran = provision("--from", film_file(tmp_path), "--out", out)
    assert (ran.exit_code, "known.toml" in ran.stderr) == (2, True)
    assert tree(out) == before


def test_the_description_of_the_guide_has_all_files_of_its_table(tmp_path: Path) -> None:
    guide = (DOCS / "provisioning.md").read_text()
    shown = guide.partition("A description:")[2].partition("A node that lives")[0]
    source = tmp_path / "shelf-1.toml"
    source.write_text(textwrap.dedent(shown))
    ran = provision("--from", source, "--out", tmp_path / "nodes")
    assert ran.exit_code == 0, ran.output
    table = re.findall(r"^\| `(nodes/[^`]+)` \|", guide, re.MULTILINE)
    assert "nodes/known.toml" in table
    for name in table:
        assert (tmp_path / name.replace("<node>", "shelf-1")).is_file(), name
    assert set(read_registry(tmp_path / "nodes/known.toml").by_name) == {"shelf-1"}


def test_a_node_on_its_film_has_no_wifi_and_is_told_its_budget(tmp_path: Path) -> None:
    ran = provision("--from", film_file(tmp_path), "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 0, ran.output
    assert set(tree(tmp_path / "nodes")) == {"leaf/node.toml", "leaf/secrets.toml", "known.toml"}
    config = config_of(tmp_path / "nodes/leaf")
    assert min(config.own_nw, config.wake_nj, config.glance_nj, config.advert_nj) > 0
    assert config.pin_sensors == BOARDS["stm32wb55"].pins.sensors
    assert config.shed == 1
    assert config.ble_advertise_ms == 2000
    assert len(config.ble_key) == 32


WIFI_ANSWERS = """shelf-9
pico-w
usb
pre-li
-3
2.5
n
unknown
Home
broker.lan
mqtts://u:word@broker.lan
mqtt://somebody@broker.lan:99999
mqtts://somebody@broker.lan:1884
nowhere.pem
0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
wifi-word

y
y
30

"""


def test_questions(tmp_path: Path) -> None:
    ran = provision("--out", tmp_path, "--json", env={}, input=WIFI_ANSWERS)
    assert ran.exit_code == 0, ran.output
    assert "evp-li, pre-li" in ran.stderr
    refused = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    words = ("cell.area_cm2", "must start with mqtt://", "password out", "65535", "nowhere.pem")
    assert [word in line for word, line in zip(words, refused, strict=True)] == [True] * 5
    assert json.loads(ran.stdout)["board"] == "pico-w"
    assert "wifi-word" not in ran.output
    config = config_of(tmp_path / "shelf-9")
    assert (config.wifi_ssid, config.wifi_password) == ("Home", "wifi-word")
    broker = (config.mqtt_host, config.mqtt_port, config.mqtt_user)
    assert broker == ("broker.lan", 1884, "somebody")
    assert (config.mqtt_tls, config.mqtt_pin) == (1, "0123456789abcdef" * 4)
    assert (config.sample_s, config.report_every) == (30, 5)
    assert config.pin_disconnect == BOARDS["pico-w"].pins.disconnect
    assert config.zero_every > 0
    assert read_description(tmp_path / "shelf-9/node.toml").cell.area_cm2 == 2.5
    # a second time every answer has a default, and no secret is asked for
    again = provision("--out", tmp_path, env={}, input="shelf-9\n" + "\n" * 13)
    assert again.exit_code == 0, again.output
    assert "Password" not in again.stderr
    assert vars(config_of(tmp_path / "shelf-9")) == vars(config)


def test_questions_to_a_node_on_film(tmp_path: Path) -> None:
    answers = "leaf\nstm32wb55\nfilm\npre-li\n20\ny\n55\n" + "\n" * 9
    answers += "thermoelectric\n7.5\n120\n\n"
    ran = provision("--out", tmp_path, env={}, input=answers)
    assert ran.exit_code == 0, ran.output
    described = read_description(tmp_path / "leaf/node.toml")
    window = load_scenario("window").node[0].description
    assert (described.cell.new, described.cell.soc) == (True, 0.55)
    assert (described.harvester.kind, described.harvester.uw_per_k2) == ("thermoelectric", 7.5)
    assert (described.capacitor, described.converter) == (window.capacitor, window.converter)
    assert described.intervals.sample_s == 120
    assert described.bluetooth.advertise_ms == window.bluetooth.advertise_ms > 0
    config = config_of(tmp_path / "leaf")
    assert config.ble_key
    assert config.command_key
    assert config.initial_soc_ppm == 550_000


def test_questions_that_end_early_write_nothing(tmp_path: Path) -> None:
    ran = provision("--out", tmp_path / "nodes", env={}, input="shelf-9\n")
    assert ran.exit_code == 1
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"shelf-1"', '"../etc"', "may have a-z, 0-9 and - only"),
        ('"shelf-1"', '"mosquitto"', "name must not be mosquitto"),
        ('"esp32-c3"', '"uno"', "board must be one of esp32-c3"),
        ('"esp32-c3"', '"esp32-c3"\nsupply = "sun"', "supply: invalid enum value"),
        ('"esp32-c3"', '"stm32wb55"', "must be left out: stm32wb55 has no Wi-Fi"),
        ('"evp-li"', '"lead-acid"', "lead-acid"),
        ("area_cm2 = 1.0", "area_cm2 = 1e6", "cell.area_cm2"),
        ("area_cm2 = 1.0", "area = 1.0", "there is no key area"),
        ('ssid = "virtual"', "", "wifi.ssid is missing"),
        ('host = "127.0.0.1"', "", "broker.host is missing"),
        ('host = "127.0.0.1"', 'host = "h"\nuser = "a:b"', "mqtt_user must not"),
        ("[wifi]", "[pins]\nscl = 64\n[wifi]", "pins.scl"),
        ("[wifi]", "[pins]\nscl = 4\n[wifi]", "pins.scl and pins.sda must differ"),
        ("[wifi]", '[intervals]\nsample_s = "often"\n[wifi]', "intervals.sample_s"),
        ("[cell]", "[cel", "not TOML"),
    ],
)
def test_wrong_descriptions_are_one_sentence_and_write_nothing(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    source = wifi_file(tmp_path)
    source.write_text(source.read_text().replace(old, new, 1))
    ran = provision("--from", source, "--out", tmp_path / "nodes")
    assert ran.exit_code == 2
    assert words in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "nodes").exists()


def test_secrets_files_must_be_private(tmp_path: Path) -> None:
    source, secrets = wifi_file(tmp_path, more=KEYED), tmp_path / "mine.toml"
    secrets.write_text(
        'wifi_password = "others other"\ncommand_key = "00112233445566778899aabbccddeeff"\n'
    )
    out = tmp_path / "nodes"
    secrets.chmod(0o644)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert (ran.exit_code, "chmod 600" in ran.stderr, out.exists()) == (2, True, False)
    secrets.chmod(0o600)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert ran.exit_code == 0, ran.output
    config = config_of(out / "shelf-1")
    assert (config.wifi_password, config.command_key[:4]) == ("others other", "0011")
    secrets.write_text('command_key = "0011"\n')
    before = tree(out)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert "command_key must be 32 hexadecimal digits" in ran.stderr
    assert "0011" not in ran.stderr
    assert tree(out) == before


def test_a_description_has_no_place_for_secrets(tmp_path: Path) -> None:
    source = wifi_file(tmp_path, tables='[secrets]\nwifi_password = "inside"\n')
    ran = provision("--from", source, "--out", tmp_path / "nodes")
    assert (ran.exit_code, "inside" in ran.output) == (2, False)
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize("name", ["wifi_password", "mqtt_password", "command_key"])
def test_a_secret_that_is_not_utf8_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(os.environb, f"FILMGAUGE_NODE_{name.upper()}".encode(), b"\xfccker-12")
    ran = provision("--from", wifi_file(tmp_path), "--out", tmp_path / "nodes", env={})
    assert (ran.exit_code, ran.stderr) == (2, f"filmgauge: {name} must be text in UTF-8\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shelf-1", "shelf-1 is a file where the folder of a node should be"),
        ("mosquitto", "Not a directory"),
    ],
)
def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path, name: str, words: str) -> None:
    out = tmp_path / "nodes"
    out.mkdir()
    (out / name).touch()
    ran = provision("--from", wifi_file(tmp_path), "--out", out)
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert words in ran.stderr


def test_without_the_wifi_password_it_says_where_to_put_it(tmp_path: Path) -> None:
    ran = provision("--from", wifi_file(tmp_path), "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 2
    assert "FILMGAUGE_NODE_WIFI_PASSWORD" in ran.stderr
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize("blocked", ["mosquitto/acl", "shelf-1/node.toml", "mosquitto"])
def test_what_cannot_be_written_leaves_all_as_it_was(tmp_path: Path, blocked: str) -> None:
    out = tmp_path / "nodes"
    if blocked == "mosquitto":  # a file where a folder is needed
        out.mkdir()
        (out / blocked).write_text("mine")
    else:
        (out / blocked).mkdir(parents=True)
        (out / blocked / "mine").write_text("x")
    before = tree(out), sorted(out.rglob("*"))
    ran = provision("--from", wifi_file(tmp_path), "--out", out)
    assert ran.exit_code in (1, 2)
    assert len(ran.stderr.splitlines()) == 1
    assert (tree(out), sorted(out.rglob("*"))) == before


OLDER = """
node = "shelf-1"
board = "esp32-c3"
supply = "usb"

[cell]
set = "evp-li"
area_cm2 = 2.0

[wifi]
wifi_ssid = "lab"

[anything]
mqtt_host = "broker.lan"
mqtt_port = 1884
pin_scl = 5
pin_sda = 4
pin_gate = 6
pin_disconnect = 3
shunt_mohm = 989000
sample_s = 30
zero_every = 360
initial_soc_ppm = 400000
"""
OLDER_FILM = """
node = "leaf"
board = "stm32wb55"
supply = "film"
[cell]
set = "pre-li"
area_cm2 = 20
[budget]
own_nw = 5250
wake_nj = 445000
glance_nj = 30000
shed = 1
[bluetooth]
ble_advertise_ms = 2000
"""


def older_folder(out: Path, text: str, **secrets: str) -> Path:
    """Write a folder as filmgauge 0.1 did."""
    folder = out / tomllib.loads(text)["node"]
    folder.mkdir(parents=True)
    (folder / "node.toml").write_text(text)
    (folder / "config.json").write_text(json.dumps({"node": folder.name, **secrets}))
    return folder


def test_a_folder_of_0_1_is_read_and_renewed(tmp_path: Path) -> None:
    secrets = dict.fromkeys(SECRETS[:2], "word word") | dict.fromkeys(SECRETS[2:], "0a" * 16)
    folder = older_folder(tmp_path, OLDER, **secrets)
    ran = provision("--from", folder / "node.toml", "--out", tmp_path, env={})
    assert ran.exit_code == 0, ran.output
    assert f"provision --from {folder / 'node.toml'} renews it" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    config = config_of(folder)
    for key, value in tomllib.loads(OLDER)["anything"].items():
        assert getattr(config, key) == value
    assert (config.wifi_ssid, config.wifi_password) == ("lab", "word word")
    assert config.command_key == "0a" * 16
    assert read_description(folder / "node.toml").cell.area_cm2 == 2.0
    again = provision("--from", folder / "node.toml", "--out", tmp_path, env={})
    assert again.stderr == ""


def test_who_does_not_renew_a_folder_of_0_1_says_how(tmp_path: Path) -> None:
    folder = older_folder(tmp_path, OLDER)
    ran = CliRunner().invoke(main, ["run", "--node", str(folder), "--json"])
    assert ran.exit_code == 2
    assert ran.stderr.endswith(f"filmgauge provision --from {folder / 'node.toml'} renews it\n")


def test_a_budget_that_nobody_measured_is_computed_anew(tmp_path: Path) -> None:
    folder = older_folder(tmp_path, OLDER_FILM, ble_key="0a" * 16, command_key="")
    ran = provision("--from", folder / "node.toml", "--out", tmp_path, env={})
    assert ran.exit_code == 0, ran.output
    described = read_description(folder / "node.toml")
    assert (described.budget.own_uw, described.budget.wake_uj) == (None, None)
    assert described.budget.glance_uj == 30.0
    assert (described.bluetooth.advertise_ms, described.bluetooth.encrypted) == (2000, True)
    assert described.commands is False


def test_a_shunt_that_ends_below_the_cells_currents_is_refused(tmp_path: Path) -> None:
    source = wifi_file(tmp_path, tables="[sensor]\nshunt_ohm = 100000\n")
    ran = provision("--from", source, "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 2
    assert "sensor.shunt_ohm must be at most" in ran.output
    assert not (tmp_path / "nodes").exists()


def test_nodes_of_one_user_have_one_password(tmp_path: Path) -> None:
    out, shared = tmp_path / "nodes", 'user = "gauges"'
    for node in ("a-1", "a-2", "a-3"):
        ran = provision("--from", wifi_file(tmp_path, node, user=shared), "--out", out)
        assert ran.exit_code == 0, ran.output
    first, *others = [secrets_in(out / node)["mqtt_password"] for node in ("a-1", "a-2", "a-3")]
    assert others == [first, first]
    (line,) = (out / "mosquitto/passwords").read_text().splitlines()
    user, _, hashed = line.partition(":")
    assert user == "gauges"
    assert is_hash_of(hashed, first)


@pytest.mark.parametrize("keys", [("--new-keys",), ()])
def test_a_password_of_its_own_locks_no_other_node_out(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    out, shared = tmp_path / "nodes", 'user = "gauges"'
    for node in ("a-1", "a-2"):
        provision("--from", wifi_file(tmp_path, node, user=shared), "--out", out)
    before = tree(out)
    env = {"FILMGAUGE_NODE_WIFI_PASSWORD": SECRET, "FILMGAUGE_NODE_MQTT_PASSWORD": "another"}
    file = wifi_file(tmp_path, "a-2", user=shared)
    ran = provision("--from", file, "--out", out, *keys, env=env)
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert "mqtt_password must be that of a-1, whose user gauges is" in ran.stderr
    assert tree(out) == before
