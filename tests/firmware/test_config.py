"""The node's configuration: one sentence names what is wrong."""

import json

from expect import raises

from filmgauge.config import KEYS, SECRETS, Config, numbers, texts
from filmgauge.uplink.mqtt.uplink import check_network

GIVEN = {
    "node": "bench-1",
    "wifi_ssid": "lab",
    "mqtt_host": "broker.local",
    "pin_scl": 6,
    "pin_sda": 7,
    "pin_gate": 10,
}


def config(**changes):
    """Return a configuration as it is read on the board, with some keys changed."""
    values = dict(GIVEN)
    values.update(changes)
    return Config.from_json(json.dumps(values))


def test_what_is_not_given_has_a_default():
    read = config()
    for name, value in GIVEN.items():
        assert getattr(read, name) == value
    for name, default, low, high in numbers():
        if name not in GIVEN:
            assert getattr(read, name) == default
            assert low <= default <= high
    assert (read.wifi_password, read.mqtt_user, read.mqtt_password) == ("", "", "")
    assert read.pin_sensors == -1  # the sensors always have their supply


def test_bytes_are_read_like_text():
    assert Config.from_json(json.dumps(GIVEN).encode()).node == "bench-1"


def test_everything_given_is_kept():
    values = dict(GIVEN)
    for name, _, low, high in numbers():
        values[name] = low + (high - low) // 3
    for name, _, low, _ in texts():
        values[name] = "a" * 32 if name in KEYS else "x" * (low + 3)
    values["mqtt_pin"] = "0f" * 32
    read = Config.from_json(json.dumps(values))
    for name, value in values.items():
        assert getattr(read, name) == value


def test_bounds_of_every_number():
    for name, _, low, high in numbers():
        assert getattr(config(**{name: low}), name) == low
        assert getattr(config(**{name: high}), name) == high
        for value in (low - 1, high + 1, -(2**40), 2**40):
            with raises(ValueError, "%s must be %d to %d" % (name, low, high)):
                config(**{name: value})
        for value in (1.5, "1", True, [1], {}):
            with raises(ValueError, "%s must be an integer" % name):
                config(**{name: value})


def test_bounds_of_every_text():
    for name, _, low, high in texts():
        assert getattr(config(**{name: "a" * high}), name) == "a" * high
        with raises(ValueError, "%s must have %d to %d characters" % (name, low, high)):
            config(**{name: "x" * (high + 1)})
        if low:
            with raises(ValueError, "%s must have" % name):
                config(**{name: ""})
        for value in (1, True, ["x"], {}):
            with raises(ValueError, "%s must be text" % name):
                config(**{name: value})


def test_a_key_is_none_or_has_32_hexadecimal_digits():
    for name in KEYS:
        assert getattr(config(**{name: ""}), name) == ""
        for digits in ("0" * 32, "00112233445566778899aabbccddeeff", "FF" * 16):
            assert getattr(config(**{name: digits}), name) == digits
        for text in ("00", "zz" * 16, "0" * 31, " " * 32):
            with raises(ValueError, "configuration key %s must be 32 hexadecimal" % name) as one:
                config(**{name: text})
            assert text not in str(one.error)


def test_secrets_are_texts_and_keys_are_secrets():
    names = [name for name, _, _, _ in texts()]
    assert all(name in names for name in SECRETS)
    assert all(name in SECRETS for name in KEYS)


def test_a_board_without_wifi_needs_no_network():
    values = dict(GIVEN)
    del values["wifi_ssid"], values["mqtt_host"]
    read = Config.from_json(json.dumps(values))
    assert (read.wifi_ssid, read.mqtt_host) == ("", "")
    check_network(config())
    for name in ("wifi_ssid", "mqtt_host"):
        with raises(ValueError, "%s is missing" % name):
            check_network(config(**{name: ""}))


def test_what_must_be_given():
    for name in GIVEN:
        if name in ("wifi_ssid", "mqtt_host"):
            continue
        values = dict(GIVEN)
        del values[name]
        with raises(ValueError, "%s is missing" % name):
            Config.from_json(json.dumps(values))
        with raises(ValueError, "%s is missing" % name):
            config(**{name: None})


def test_unknown_keys_are_refused():
    for name in ("sample", "Sample_s", "sample_S", "from_json", "", "self"):
        values = dict(GIVEN)
        values[name] = 1
        with raises(ValueError, "no key %s" % name):
            Config.from_json(json.dumps(values))


def test_node_names_are_checked():
    for name in ("Bench", "a b", "a/b", "\u00e4"):
        with raises(ValueError, "node may have a-z, 0-9 and - only"):
            config(node=name)


def test_what_is_no_json_object_is_refused():
    for text in ("", "{", "node = 1", b"\xff\xfe"):
        with raises(ValueError, "configuration is not JSON"):
            Config.from_json(text)
    for text in ("[]", "1", "null", '"node"'):
        with raises(ValueError, "must be a JSON object"):
            Config.from_json(text)
    with raises(ValueError, "configuration"):  # MicroPython reads a missing value as nothing
        Config.from_json('{"node":}')
