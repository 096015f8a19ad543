"""The deadline of a handshake, in real time and on both interpreters: also where something comes
all the time, and with the watchdog fed meanwhile."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from certificates import issued
from tls_peers import Staller, dribble, silent

import filmgauge
from filmgauge_sim.board.executable import executable_of
from filmgauge_sim.nodes.broker_security import pin_of
from filmgauge_sim.score.interpreter_client import interpreter

FIRMWARE = Path(filmgauge.__file__).parent.parent
# Prints how long a connection took until it was given up, and how often the watchdog was fed.
PROGRAM = """
import sys, time
from filmgauge.uplink.mqtt.broker_address import BrokerAddress
from filmgauge.uplink.mqtt.secure_client import SecureClient

class Config:
    mqtt_host = "localhost"
    mqtt_pin = sys.argv[2]

fed = 0

def feed():
    global fed
    fed += 1

address = BrokerAddress("127.0.0.1", int(sys.argv[1]))
client = SecureClient(Config, None, address, "n", "", "", 300, feed, 200)
client.handshake_ms = 500
begun = time.ticks_ms()
try:
    client.connect()
except OSError as error:
    print(error.errno, time.ticks_diff(time.ticks_ms(), begun), fed)
"""


@pytest.mark.parametrize("runtime", ["micropython", "micropython32"])
@pytest.mark.parametrize("behaviour", [silent, dribble])
def test_a_handshake_ends_in_time_and_feeds_the_watchdog(
    tmp_path: Path, runtime, behaviour
) -> None:
    own = issued(tmp_path, "broker", None, ("localhost",))
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    pin = pin_of(own.certificate.read_bytes())
    command = executable_of(runtime)
    start = [command] if command else interpreter()
    with closing(Staller(own, behaviour)) as peer:
        done = subprocess.run(
            [*start, str(program), str(peer.port), pin],
            env={"MICROPYPATH": f"{FIRMWARE}:.frozen"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.stdout, done.stderr
    errno, took_ms, fed = map(int, done.stdout.split())
    assert errno == 110  # ETIMEDOUT
    # The time-out and what a handshake gets. It never ends early; late only on a busy machine.
    assert 750 <= took_ms < 20_000
    assert fed >= 4  # each 200 ms or with what comes, whichever is more often
