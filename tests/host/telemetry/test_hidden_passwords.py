"""What cannot be used is named without any part that may be of a password."""

import asyncio

import pytest

from filmgauge_host.errors import InputError, NoBrokerError
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert import Alert, Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryQueue
from filmgauge_host.telemetry.alerts.destinations import build_destinations
from filmgauge_host.telemetry.alerts.webhook_destination import WebhookDestination
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.stream_worker import StreamWorker


@pytest.mark.parametrize("server", ["nats://u:s3cr@part@127.0.0.1:1", "u:s3crpart@127.0.0.1:1"])
def test_a_nats_server_is_named_without_its_login(server, tmp_path) -> None:
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        pytest.raises(NoBrokerError, match=r"answers at nats://127\.0\.0\.1:1: ") as error,
    ):
        asyncio.run(StreamWorker([server], store).run(lambda: True))
    assert "s3cr" not in str(error.value)


def test_a_broker_without_a_host_does_not_show_the_password_as_its_port() -> None:
    with pytest.raises(InputError, match="broker port must be 1 to 65535") as error:
        parse_address("mqtt://user:s3crpart")
    assert "s3cr" not in str(error.value)


def test_a_webhook_that_is_no_url_is_not_repeated(monkeypatch) -> None:
    monkeypatch.setenv("HOOK", "https://[s3crpart/x")
    with pytest.raises(InputError, match="url must look like https://host/path") as error:
        build_destinations({"ops": {"type": "webhook", "url_env": "HOOK"}})
    assert "s3cr" not in str(error.value)


LOGIN = {"type": "email", "host": "x", "from": "a@b", "to": ["a@b"], "user": "x"}
HOOK = {"type": "webhook", "url": "http://127.0.0.1:9/"}


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        (HOOK, "token", b"s3crpart\nof two lines"),
        (HOOK, "token", b"s3cr part"),
        (HOOK, "token", "s3crpärt".encode()),
        (HOOK, "token", b"s3crpart\xff"),
        ({"type": "webhook"}, "url", b"http://127.0.0.1:9/s3crpart\nof two lines"),
        ({"type": "webhook"}, "url", b"http://127.0.0.1:9/s3cr\x01part"),
        ({"type": "webhook"}, "url", "http://s3cr℀part/x".encode()),  # a sign that becomes a/c
        (LOGIN, "password", b"s3crpart\nof two lines"),
        (LOGIN, "password", "s3crpärt".encode()),  # which SMTP cannot send
    ],
)
@pytest.mark.parametrize("source", ["file", "env"])
def test_a_secret_that_cannot_be_sent_is_not_repeated(
    tmp_path, monkeypatch, source, table, key, value
):
    path = tmp_path / "secret"
    path.write_bytes(value)
    monkeypatch.setenv("SECRET", value.decode("utf-8", "surrogateescape"))
    given = {f"{key}_{source}": str(path) if source == "file" else "SECRET"}
    with pytest.raises(InputError, match=rf"^destinations\.ops: {key}_{source}: ") as error:
        build_destinations({"ops": {**table, **given}})
    assert "must be one line of ASCII" in str(error.value)
    assert "s3cr" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"type": "webhook", "url": "http://127.0.0.1:9/s3cr part"}, "url must be one line"),
        ({"type": "webhook", "url": "http://127.0.0.1:s3crpart/"}, "url must look like"),
        ({"type": "mqtt", "broker": "mqtt://a:s3cr℀part@x"}, "broker address must look like"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(table, sentence) -> None:
    with pytest.raises(InputError, match=rf"^destinations\.ops: {sentence}") as error:
        build_destinations({"ops": table})
    assert "s3cr" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "token"),
    [("http://127.0.0.1:9/", "s3crpart\nx"), ("http://127.0.0.1:9/s3cr part\x01", None)],
)
def test_what_a_library_says_of_a_secret_reaches_nobody(url, token) -> None:
    queue = DeliveryQueue("ops", WebhookDestination(url, token, 1.0))
    alert = Alert(0, "test", "", "", "critical", "this is a test", None, 0)
    said = queue.send_now(Notification("test", alert))
    assert said.startswith("destination ops: it cannot be asked: ")
    assert "s3cr" not in said
