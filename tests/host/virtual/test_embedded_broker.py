import os
import signal
import socket
import subprocess
import sys

import paho.mqtt.client as mqtt
import psutil
import pytest
from patience import PATIENCE_S, until

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker, accepts

SERVE = """
import sys, time
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.pid, flush=True)
    sys.stdin.read()
"""


def port_of(broker: EmbeddedBroker) -> int:
    return int(broker.url.rpartition(":")[2])


def test_accepts_on_loopback_only_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with EmbeddedBroker() as broker:
        pid = broker.pid
        assert pid is not None
        assert accepts("127.0.0.1", port_of(broker))
        assert list(tmp_path.iterdir())
        listening = [c for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"]
        assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert broker.pid is None
    assert not psutil.pid_exists(pid)
    assert list(tmp_path.iterdir()) == []


def test_restart_keeps_port_session_and_messages(embedded):
    host, port = "127.0.0.1", port_of(embedded)

    def client(clean: bool) -> mqtt.Client:
        made = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"clean{clean}", clean_session=clean
        )
        made.connect(host, port)
        made.loop_start()
        return made

    subscribed = []
    reader = client(clean=False)
    reader.on_subscribe = lambda *arguments: subscribed.append(True)
    until(reader.is_connected)
    reader.subscribe("a/b", 1)
    until(lambda: subscribed)
    reader.disconnect()
    reader.loop_stop()
    writer = client(clean=True)
    writer.publish("a/b", b"kept", 1).wait_for_publish(PATIENCE_S)
    writer.disconnect()
    writer.loop_stop()
    embedded.kill()
    embedded.start()
    assert port_of(embedded) == port
    got = []
    reader = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id="cleanFalse", clean_session=False
    )
    reader.on_message = lambda _client, _data, message: got.append(message.payload)
    reader.connect(host, port)
    reader.loop_start()
    until(lambda: got == [b"kept"])
    reader.disconnect()
    reader.loop_stop()


def test_a_port_in_use_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = EmbeddedBroker(port=taken.getsockname()[1])
        with pytest.raises(NoBrokerError, match="in use") as refused:
            broker.start()
    assert "\n" not in str(refused.value)
    assert broker.pid is None


def test_dies_with_its_parent_and_not_with_the_terminal(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert os.getsid(pid) == pid  # a session of its own: no Ctrl-C from the terminal
        assert os.getsid(parent.pid) != pid
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
