"""A broker whose issuer changes, and files that are replaced while we run."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from certificates import Pair, issued
from patience import until
from tls_broker import TlsBroker

from filmgauge_host.ble.mqtt_forwarder import MqttForwarder
from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.homeassistant.announcer import Announcer
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.tls_files import TlsFiles


class ReissuedBroker(TlsBroker):
    """ca: the file by which it is trusted, which is replaced after its certificate was."""

    def __init__(self, folder: Path) -> None:
        self._pairs, self.ca = folder, folder / "ca.pem"
        super().__init__(folder / "mosquitto", self._issued("one"), {"host": "word"})
        self.trust("one")

    def _issued(self, name: str) -> Pair:
        issuer = issued(self._pairs, name, is_issuer=True)
        return issued(self._pairs, f"{name}-broker", issuer, ("localhost",))

    def reissue(self, name: str) -> None:
        """Begin anew with the certificate of another issuer."""
        self.stop()
        own = self._issued(name)
        shutil.copy(own.certificate, self._folder / "certs" / "broker.pem")
        shutil.copy(own.key, self._folder / "certs" / "broker.key")
        self.start()

    def trust(self, name: str) -> None:
        shutil.copy(self._pairs / f"{name}.pem", self.ca)

    def login(self) -> BrokerAddress:
        return self.address(TlsFiles(self.ca), "host", "word")


def through_a_change(broker: ReissuedBroker, problem: Callable[[], str]) -> None:
    """Expect of a connection that it says why it is lost, and comes back by itself."""
    until(lambda: problem() == "")
    broker.reissue("two")
    until(lambda: "its certificate is not trusted: " in problem())
    broker.ca.write_text("half a file")
    until(lambda: f"--ca {broker.ca} must hold certificates in PEM" in problem())
    broker.trust("two")
    until(lambda: problem() == "")


@pytest.mark.parametrize("who", ["forwarder", "announcer", "ingest"])
def test_a_new_issuer_is_trusted_once_its_file_is_there(tmp_path: Path, who: str) -> None:
    with closing(ReissuedBroker(tmp_path)) as broker:
        broker.start()
        if who == "forwarder":
            with (
                Spool(tmp_path / "spool") as spool,
                MqttForwarder(broker.login(), spool) as forwarder,
            ):
                through_a_change(broker, lambda: forwarder.problem)
            return
        with RecordStore(tmp_path / "records.sqlite") as store:
            ingest = Ingest(broker.login(), store)
            if who == "ingest":
                with ingest:
                    assert ingest.wait_connected(5.0)
                    through_a_change(broker, lambda: ingest.problem)
                return
            with Announcer(ingest) as announcer:
                through_a_change(broker, lambda: announcer.problem)
