import os

import pytest

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://localhost", BrokerAddress("localhost", 1883)),
        ("mqtts://broker.example", BrokerAddress("broker.example", 8883, tls=True)),
        ("mqtt://h:1884/", BrokerAddress("h", 1884)),
        ("mqtt://[::1]:1884", BrokerAddress("::1", 1884)),
        ("mqtt://bücher.example.", BrokerAddress("bücher.example.", 1883)),
        ("mqtt://me@h", BrokerAddress("h", 1883, user="me")),
        ("mqtt://me:p%40ss@h:1", BrokerAddress("h", 1, user="me", password="p@ss")),
    ],
)
def test_reads(url, address, monkeypatch):
    monkeypatch.delenv("FILMGAUGE_MQTT_PASSWORD", raising=False)
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("localhost:1883", "mqtt://"),
        ("http://h", "mqtt://"),
        ("mqtt://", "host"),
        ("mqtt://:1883", "host"),
        ("mqtt://h:0", "port"),
        ("mqtt://h:65536", "port"),
        ("mqtt://h:x", "port"),
        ("mqtt://h:", "port"),
        ("mqtt://h/topic", "end after the port"),
        ("mqtt://:word@h", "no user"),
        ("mqtt://[::1", "must look like"),
        ("mqtt://ä..b:1", "1 to 63 between two dots"),
        (f"mqtt://{'a' * 64}:1", "1 to 63 between two dots"),
        ("mqtt://a b", "no blank"),
        ("mqtt://a\0b", "no control character"),
    ],
)
def test_refuses_in_one_sentence(url, word):
    with pytest.raises(ValueError, match=word) as refused:
        parse_address(url)
    assert "\n" not in str(refused.value)


def test_password_comes_from_the_environment_and_is_never_shown(monkeypatch):
    monkeypatch.setenv("FILMGAUGE_MQTT_PASSWORD", "sesame")
    address = parse_address("mqtt://me@h")
    assert address.password == "sesame"
    assert "sesame" not in f"{address} {address!r}"
    assert parse_address("mqtt://h").password is None


@pytest.mark.parametrize("url", ["mqtt://u@localhost", "mqtt://\udcffu@localhost"])
def test_a_login_that_is_not_utf8_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"FILMGAUGE_MQTT_PASSWORD", b"\xffword")
    with pytest.raises(InputError, match=r"of the broker address must be text in UTF-8"):
        parse_address(url)
