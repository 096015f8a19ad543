"""`filmgauge provision`: what it writes, keeps and refuses, and that secrets stay secret."""

import json
import tomllib
from pathlib import Path

import pytest
from provision_files import FILM, SECRET, provision, tree, wifi_file

from filmgauge.config import Config
from filmgauge.gauge.profile import Profile
from filmgauge_host.ble.node_registry import read_registry
from filmgauge_sim.nodes.boards import PINS
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.scenario.loading import load_scenario

KEYS = ("ble_key", "command_key")


def test_the_board_reads_what_is_written(tmp_path: Path) -> None:
    ran = provision("--from", wifi_file(tmp_path), "--out", tmp_path / "nodes")
    assert ran.exit_code == 0, ran.output
    folder = tmp_path / "nodes" / "shelf-1"
    config = Config.from_json((folder / "config.json").read_text())
    pins = PINS["esp32-c3"]
    assert (config.pin_scl, config.pin_sda, config.pin_gate) == (pins.scl, pins.sda, pins.gate)
    assert (config.wifi_ssid, config.wifi_password) == ("virtual", SECRET)
    assert config.mqtt_user == "shelf-1"
    assert len(config.mqtt_password) >= 20
    bytes.fromhex(config.ble_key)
    assert len(config.ble_key) == 32
    profile = Profile.from_bytes((folder / "profile.bin").read_bytes())
    assert profile.area_ucm2 == 1_000_000
    assert {name: mode for name, (_, mode) in tree(tmp_path / "nodes").items()} == {
        "shelf-1/config.json": 0o600,
        "shelf-1/profile.bin": 0o644,
        "shelf-1/node.toml": 0o644,
        "mosquitto/passwords": 0o600,
        "mosquitto/acl": 0o600,
        "known.toml": 0o600,
    }


def test_secrets_are_nowhere_else(tmp_path: Path) -> None:
    ran = provision("--from", wifi_file(tmp_path), "--out", tmp_path / "nodes", "--json")
    written = json.loads((tmp_path / "nodes/shelf-1/config.json").read_text())
    for name in ("wifi_password", "mqtt_password", *KEYS):
        assert written[name]
        assert written[name] not in ran.output
        for path, (content, _) in tree(tmp_path / "nodes").items():
            may = path == "shelf-1/config.json" or (name in KEYS and path == "known.toml")
            assert may or written[name].encode() not in content
    told = json.loads(ran.output)
    assert (told["node"], told["made"], told["kept"]) == (
        "shelf-1",
        [*KEYS, "mqtt_password"],
        [],
    )
    assert {Path(path).name for path in told["files"]} == {
        *("config.json", "profile.bin", "node.toml", "passwords", "acl", "known.toml"),
    }


def test_again_keeps_keys_and_new_keys_makes_others(tmp_path: Path) -> None:
    source, out = wifi_file(tmp_path), tmp_path / "nodes"
    provision("--from", source, "--out", out)
    first = tree(out)
    ran = provision("--from", source, "--out", out, "--json", env={})
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.output)["kept"] == [*KEYS, "mqtt_password", "wifi_password"]
    assert tree(out) == first  # not even the salt has changed
    provision("--from", source, "--out", out, "--new-keys", env={})
    before = json.loads(first["shelf-1/config.json"][0])
    after = json.loads(tree(out)["shelf-1/config.json"][0])
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {*KEYS, "mqtt_password"}


def test_its_own_description_repeats_it(tmp_path: Path) -> None:
    more = "[wiring]\npin_disconnect = 3\nshunt_mohm = 989000\n[settings]\nzero_every = 360\n"
    provision("--from", wifi_file(tmp_path, more=more), "--out", tmp_path / "a")
    provision("--from", tmp_path / "a/shelf-1/node.toml", "--out", tmp_path / "b")
    a, b = (
        json.loads((tmp_path / name / "shelf-1/config.json").read_text()) for name in ("a", "b")
    )
    own = (*KEYS, "mqtt_password")
    assert {k: v for k, v in a.items() if k not in own} == {
        k: v for k, v in b.items() if k not in own
    }
    assert a["shunt_mohm"] == 989000
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
        more = f'[login]\nmqtt_user = "{user}"\n'
        provision("--from", wifi_file(tmp_path, node, more=more), "--out", out)
    provision("--from", wifi_file(tmp_path, "b"), "--out", out)  # now under its name
    users = [line.partition(":")[0] for line in (out / "mosquitto/passwords").open()]
    assert sorted(users) == ["b", "shared"]


def test_the_bluetooth_side_knows_the_keys(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    provision("--from", wifi_file(tmp_path, "a"), "--out", out)
    path = out / "known.toml"
    path.write_text(path.read_text() + 'address = "C1:02:03:04:05:06"\n')
    provision("--from", wifi_file(tmp_path, "b"), "--out", out)
    provision("--from", wifi_file(tmp_path, "a"), "--out", out, "--new-keys")
    known = read_registry(path).by_name
    assert known["a"].address == "C1:02:03:04:05:06"
    for node in ("a", "b"):
        config = Config.from_json((out / node / "config.json").read_text())
        assert known[node].ble_key == bytes.fromhex(config.ble_key)
        assert known[node].command_key == bytes.fromhex(config.command_key)
    path.write_text("[nodes.a]\ncolour = 1\n")
    before = tree(out)
    ran = provision("--from", wifi_file(tmp_path, "a"), "--out", out)
    assert (ran.exit_code, "known.toml" in ran.stderr) == (2, True)
    assert tree(out) == before


def test_a_node_on_its_film_has_the_budget_of_the_scenario_and_no_wifi(tmp_path: Path) -> None:
    (tmp_path / "leaf.toml").write_text(FILM)
    ran = provision("--from", tmp_path / "leaf.toml", "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 0, ran.output
    assert set(tree(tmp_path / "nodes")) == {
        *("leaf/config.json", "leaf/profile.bin", "leaf/node.toml", "known.toml"),
    }
    config = Config.from_json((tmp_path / "nodes/leaf/config.json").read_text())
    window = energy_budget(load_scenario("window").node[0].description).figures
    booked = (round(window.own_uw * 1000), round(window.wake_uj * 1000))
    assert (config.own_nw, config.wake_nj) == booked
    assert config.pin_sensors == PINS["stm32wb55"].sensors
    assert config.shed == 1
    assert config.ble_advertise_ms == 2000
    assert len(config.ble_key) == 32


ANSWERS = """shelf-9
pico-w
usb
pre-li
-3
2.5
Home
broker.lan
99999
1883

wifi-word

y
y
30

"""


def test_questions(tmp_path: Path) -> None:
    ran = provision("--out", tmp_path, "--json", env={}, input=ANSWERS)
    assert ran.exit_code == 0, ran.output
    assert "mqtt_port must be 1 to 65535, not 99999" in ran.stderr
    assert json.loads(ran.stdout)["board"] == "pico-w"
    assert "wifi-word" not in ran.output
    config = Config.from_json((tmp_path / "shelf-9/config.json").read_text())
    assert (config.wifi_ssid, config.wifi_password) == ("Home", "wifi-word")
    assert (config.sample_s, config.report_every) == (30, 5)
    assert config.pin_disconnect == PINS["pico-w"].disconnect
    assert config.zero_every > 0
    assert tomllib.loads((tmp_path / "shelf-9/node.toml").read_text())["cell"]["area_cm2"] == 2.5
    # a second time every answer has a default, and no secret is asked for
    again = provision("--out", tmp_path, env={}, input="shelf-9\n" + "\n" * 12)
    assert again.exit_code == 0, again.output
    assert "Password" not in again.stderr
    second = Config.from_json((tmp_path / "shelf-9/config.json").read_text())
    assert vars(second) == vars(config)


def test_questions_that_end_early_write_nothing(tmp_path: Path) -> None:
    ran = provision("--out", tmp_path / "nodes", env={}, input="shelf-9\n")
    assert ran.exit_code == 1
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[w]\npin_scl = 64", "pin_scl must be 0 to 63, not 64"),
        ("[w]\npin_scl = 4", "pin_sda and pin_scl must be different pins"),
        ('[w]\nsample_s = "often"', "sample_s must be an integer"),
        ("[w]\ncolour = 1", "w.colour is not a key"),
        ('[w]\nmqtt_user = "a:b"', "mqtt_user must not"),
        ('[w]\nwifi_ssid = "x"', "w.wifi_ssid is given twice"),
        ("shunt = 1\n", "broker.shunt is not a key"),
    ],
)
def test_wrong_values_are_one_sentence_and_write_nothing(
    tmp_path: Path, more: str, words: str
) -> None:
    source = wifi_file(tmp_path, more=more)
    ran = provision("--from", source, "--out", tmp_path / "nodes")
    assert ran.exit_code == 2
    assert words in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"shelf-1"', '"../etc"', "node may have a-z, 0-9 and - only"),
        ('"shelf-1"', '"mosquitto"', "node must not be mosquitto"),
        ('"esp32-c3"', '"uno"', "board must be one of esp32-c3"),
        ('"esp32-c3"', '"esp32-c3"\nsupply = 5', "supply must be one of usb, film, not 5"),
        ('"esp32-c3"', '"stm32wb55"', "must be left out: stm32wb55 has no Wi-Fi"),
        ('"evp-li"', '"lead-acid"', "lead-acid"),
        ("area_cm2 = 1.0", "area_cm2 = 1e6", "cell.area_cm2 must be 0.01 to 1000"),
        ("area_cm2 = 1.0", "area = 1.0", "cell has no key area"),
        ('wifi_ssid = "virtual"', "", "wifi_ssid is missing"),
        ("[cell]", "[cel", "not TOML"),
    ],
)
def test_wrong_descriptions(tmp_path: Path, old: str, new: str, words: str) -> None:
    source = wifi_file(tmp_path)
    source.write_text(source.read_text().replace(old, new))
    ran = provision("--from", source, "--out", tmp_path / "nodes")
    assert ran.exit_code == 2
    assert words in ran.stderr
    assert not (tmp_path / "nodes").exists()


def test_secrets_files_must_be_private(tmp_path: Path) -> None:
    source, secrets = wifi_file(tmp_path), tmp_path / "secrets.toml"
    secrets.write_text('wifi_password = "other"\nble_key = "00112233445566778899aabbccddeeff"\n')
    out = tmp_path / "nodes"
    secrets.chmod(0o644)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert (ran.exit_code, "chmod 600" in ran.stderr, out.exists()) == (2, True, False)
    secrets.chmod(0o600)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert ran.exit_code == 0, ran.output
    config = Config.from_json((out / "shelf-1/config.json").read_text())
    assert (config.wifi_password, config.ble_key) == ("other", "00112233445566778899aabbccddeeff")
    secrets.write_text('ble_key = "0011"\n')
    before = tree(out)
    ran = provision("--from", source, "--secrets", secrets, "--out", out, env={})
    assert "ble_key must be 32 hexadecimal digits" in ran.stderr
    assert "0011" not in ran.stderr
    assert tree(out) == before


def test_a_key_left_out_on_purpose_stays_out(tmp_path: Path) -> None:
    source, out = wifi_file(tmp_path, more='[secrets]\nble_key = ""\n'), tmp_path / "nodes"
    source.chmod(0o600)
    provision("--from", source, "--out", out, env={"FILMGAUGE_NODE_WIFI_PASSWORD": ""})
    ran = provision("--from", out / "shelf-1/node.toml", "--out", out, "--json", env={})
    assert json.loads(ran.output)["made"] == []
    config = Config.from_json((out / "shelf-1/config.json").read_text())
    assert (config.ble_key, config.wifi_password) == ("", "")


def test_secrets_in_the_description_ask_for_its_privacy(tmp_path: Path) -> None:
    source = wifi_file(tmp_path, more='[secrets]\nwifi_password = "inside"\n')
    source.chmod(0o640)
    ran = provision("--from", source, "--out", tmp_path / "nodes", env={})
    assert (ran.exit_code, "chmod 600" in ran.stderr) == (2, True)
    source.chmod(0o600)
    ran = provision("--from", source, "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 0, ran.output
    assert "inside" in (tmp_path / "nodes/shelf-1/config.json").read_text()


def test_without_the_wifi_password_it_says_where_to_put_it(tmp_path: Path) -> None:
    ran = provision("--from", wifi_file(tmp_path), "--out", tmp_path / "nodes", env={})
    assert ran.exit_code == 2
    assert "FILMGAUGE_NODE_WIFI_PASSWORD" in ran.stderr
    assert not (tmp_path / "nodes").exists()


@pytest.mark.parametrize("blocked", ["mosquitto/acl", "shelf-1/config.json", "mosquitto"])
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
