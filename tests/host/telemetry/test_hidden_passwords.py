"""What cannot be used is named without any part that may be of a password."""

import asyncio

import pytest

from filmgauge_host.errors import InputError, NoBrokerError
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.destinations import build_destinations
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
    monkeypatch.setenv("HOOK", "https://s3cr℀part/x")  # a sign that becomes a/c
    with pytest.raises(InputError, match="url must look like https://host/path") as error:
        build_destinations({"ops": {"type": "webhook", "url_env": "HOOK"}})
    assert "s3cr" not in str(error.value)
