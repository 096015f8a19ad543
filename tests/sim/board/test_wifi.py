"""What a radio that goes takes along, and what it draws until it goes."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_program import JOIN, Program
from patience import PATIENCE_S

from filmgauge_sim.board.board_faults import RadioFailure
from filmgauge_sim.nodes.boards import BOARDS

BOTH = pytest.mark.parametrize("runtime", ["micropython", "cpython"])


class Listener:
    """Takes one connection and what comes over it until its end."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.port = self._server.getsockname()[1]
        self._received = b""

    def _serve(self) -> None:
        link, _ = self._server.accept()
        with link:
            while data := link.recv(100):
                self._received += data

    def received(self) -> bytes:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self._received

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


SEND = """
import socket
link = socket.socket()
link.connect(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
link.write(b"status")
{before}
link.write(b"farewell")
link.close()
{after}
wlan.active(False)
"""
WAIT = "time.sleep_ms(50)"  # more than a round trip


@BOTH
@pytest.mark.parametrize(
    ("before", "after", "received"),
    [("", "", b"status"), ("", WAIT, b"statusfarewell"), (WAIT, "", b"statusfarewell")],
)
def test_a_small_write_behind_an_unacknowledged_one_goes_with_the_radio(
    tmp_path: Path, listener: Listener, runtime: str, before: str, after: str, received: bytes
) -> None:
    source = JOIN + SEND.format(port=listener.port, before=before, after=after)
    with Program(tmp_path, runtime, source) as program:
        program.boot()
        assert listener.received() == received


RADIO = """
import machine
wlan.active(False)
{off}
machine.lightsleep(60000)
machine.reset()
"""


@BOTH
@pytest.mark.parametrize(("off", "is_off"), [("", False), ("wlan.deinit()", True)])
def test_the_radio_of_a_pico_draws_until_it_is_taken_off_its_power(
    tmp_path: Path, runtime: str, off: str, is_off: bool
) -> None:
    source = JOIN + RADIO.format(off=off)
    with Program(tmp_path, runtime, source, kind=BOARDS["pico-w"]) as program:
        outcome = program.boot()
        program.board.light_sleep(outcome.sleep_ms)
        times_us = program.board.load.time_us
        assert (times_us["light sleep"] == 60_000_000) == is_off
        assert (times_us["associating"] + times_us["radio"] > 60_000_000) != is_off


@BOTH
def test_no_other_port_has_that_call(tmp_path: Path, runtime: str) -> None:
    source = "import network\nprint(hasattr(network.WLAN(), 'deinit'))\n"
    with Program(tmp_path, runtime, source) as program:
        program.boot()
        assert program.said == ["False"]


STARTS = """
import network
try:
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    print("started")
except OSError as error:
    print("OSError", error.errno)
except Exception as error:
    print(repr(error))
"""


@BOTH
@pytest.mark.parametrize(
    ("name", "fails", "raised"),
    [
        ("esp32-c3", "error", "RuntimeError('Wifi Unknown Error 0x3012'"),
        ("esp32-c3", "no_memory", "MemoryError("),
        ("pico-w", "error", "OSError 110"),
    ],
)
def test_a_radio_that_does_not_start_raises_what_the_port_does(
    tmp_path: Path, runtime: str, name: str, fails: RadioFailure, raised: str
) -> None:
    with Program(tmp_path, runtime, STARTS, kind=BOARDS[name]) as program:
        program.board.radio_fails = fails
        program.boot()
        assert program.said[0].startswith(raised)
        assert not program.board.station.powered
