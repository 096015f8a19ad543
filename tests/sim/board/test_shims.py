"""What firmware finds on the virtual board, on the real interpreter and in this process."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_board import KIND
from board_program import JOIN, Program, both

from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.board.wifi import AccessPoint

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = ResetCause
RUNTIMES = ["micropython", "cpython"]


@pytest.fixture
def silent_peer() -> Iterator[int]:
    """The port of a peer that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def echo_peer() -> Iterator[int]:
    """The port of a peer that sends back what it gets."""

    def serve() -> None:
        link, _ = server.accept()
        with link:
            while data := link.recv(100):
                link.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(2):  # one for each runtime
            threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_ticks_us_wrap_at_two_to_the_thirty(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import time
time.sleep_us((1 << 30) - 5000)
before = time.ticks_us()
time.sleep_us(10000)
after = time.ticks_us()
print(after < before < 1 << 30)
print(10000 <= time.ticks_diff(after, before) < 10100)
print(-10100 < time.ticks_diff(before, after) <= -10000)
""",
    )
    assert said == ["True"] * 3


def test_ticks_ms_wrap_at_two_to_the_thirty(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import time
time.sleep_ms((1 << 30) - 100)
before = time.ticks_ms()
time.sleep_ms(200)
after = time.ticks_ms()
print(after < before < 1 << 30, time.ticks_diff(after, before))
""",
    )
    assert said == ["True 200"]


def test_ticks_arithmetic_is_that_of_a_ring(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
from time import ticks_add, ticks_diff
top = (1 << 30) - 1
print(ticks_add(top, 2), ticks_add(0, -1) == top, ticks_add(5, -7) == top - 1)
print(ticks_diff(1, top), ticks_diff(top, 1), ticks_diff(7, 7))
print(ticks_diff(1 << 29, 0) == -(1 << 29), ticks_diff((1 << 29) - 1, 0) == (1 << 29) - 1)
""",
    )
    assert said == ["1 True True", "2 -2 0", "True True"]


def test_a_busy_wait_on_ticks_ends(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import time
end = time.ticks_add(time.ticks_ms(), 300)
while time.ticks_diff(end, time.ticks_ms()) > 0:
    pass
print(time.ticks_diff(time.ticks_ms(), end))
""",
    )
    assert said == ["0"]


@pytest.mark.parametrize("ms", [1, 999, 86_400_000])
def test_sleep_takes_its_virtual_time(tmp_path: Path, ms: int):
    said, _ = both(
        tmp_path,
        f"""
import time
began = time.time_ns()
time.sleep_ms({ms})
print((time.time_ns() - began) // 1000 - {ms * 1000})
""",
    )
    requests = ms // 1_000_000 + 1  # a long sleep is one request for each 1000 s
    assert 0 <= int(said[0]) < 50 * requests  # the requests and the look at the clock


def test_sleep_follows_the_boards_own_clock(tmp_path: Path):
    from filmgauge_sim.board.clock import BoardClock

    source = "import time\ntime.sleep(1000)\n"
    with Program(tmp_path, "micropython", source, clock=BoardClock(20_000)) as program:
        program.boot()
        assert program.board.now_us - KIND.boot_us == pytest.approx(1e9 / 1.02, abs=20_000)


@pytest.mark.parametrize(
    "statement", ["time.sleep_ms(0)", "time.sleep_ms(-5)", "time.sleep(0.25)"]
)
def test_odd_sleeps(tmp_path: Path, statement: str):
    said, _ = both(
        tmp_path,
        f"""
import time
began = time.ticks_ms()
{statement}
print(time.ticks_diff(time.ticks_ms(), began))
""",
    )
    assert said == [{"time.sleep(0.25)": "250"}.get(statement, "0")]


def test_rtc_memory_and_reset_cause(tmp_path: Path):
    said, outcomes = both(
        tmp_path,
        """
import machine
rtc = machine.RTC()
print(machine.reset_cause(), bytes(rtc.memory()))
rtc.memory(b"kept")
machine.deepsleep(1500)
""",
        [POWER_ON, DEEP_SLEEP, HARD, WATCHDOG, POWER_ON, DEEP_SLEEP],
    )
    assert said == ["1 b''", "4 b'kept'", "2 b'kept'", "3 b'kept'", "1 b''", "4 b'kept'"]
    assert {(outcome.cause, outcome.sleep_ms) for outcome in outcomes} == {(DEEP_SLEEP, 1500)}


def test_reset_cause_constants_are_those_of_the_port(tmp_path: Path):
    said, _ = both(
        tmp_path,
        "from machine import *\n"
        "print(PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET)\n",
    )
    assert said == ["1 2 3 4 5"]


def test_too_much_for_rtc_memory(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import machine
rtc = machine.RTC()
rtc.memory(bytes(2048))
try:
    rtc.memory(bytes(2049))
except ValueError as error:
    print(error, len(rtc.memory()))
""",
    )
    assert said == ["buffer too long 2048"]


def test_nothing_runs_after_a_reset_or_a_sleep(tmp_path: Path):
    for call in ("machine.reset()", "machine.deepsleep(10)"):
        source = f"import machine\ntry:\n    {call}\nfinally:\n    print('alive')\n"
        with Program(tmp_path / call, "micropython", source) as program:
            assert program.boot().cause in (HARD, DEEP_SLEEP)
            assert program.said == []


def test_reset(tmp_path: Path):
    _, outcomes = both(tmp_path, "import machine\nmachine.reset()\n")
    assert outcomes[0].cause is HARD


def test_modules_are_looked_for_in_one_folder(tmp_path: Path):
    """An interpreter asks every folder for a built-in module, whenever that is imported."""
    source = "import machine, network, sys\nprint(sys.path)\nmachine.deepsleep(1)\n"
    with Program(tmp_path, "micropython", source) as program:
        assert program.boot().sleep_ms == 1
        assert program.said == ["['/rom', '.frozen']"]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("statement", "word"),
    [("1 / 0", "ZeroDivisionError"), ("raise SystemExit", ""), ("print('end')", "end")],
)
def test_a_firmware_that_ends_falls_to_the_prompt(tmp_path, runtime, statement, word):
    with Program(tmp_path, runtime, statement + "\n") as program:
        outcome = program.boot()
        assert outcome.cause is None
        assert "prompt" in outcome.reason
        assert word in "\n".join(program.said)


ENDLESS = {
    "ticks": "while True:\n    time.ticks_ms()\n",
    "sleep": "while True:\n    time.sleep_ms(10)\n",
    "poll": "while True:\n    poller.poll(0)\n",
    "poll a while": "while True:\n    poller.poll(100)\n",
    "poll for ever": "poller.poll()\n",
    "look": "link.setblocking(False)\nwhile True:\n    link.readinto(buffer)\n",
    "wait": "link.settimeout(None)\nlink.readinto(buffer)\n",
    "give up and try again": """
link.settimeout(0.5)
while True:
    try:
        link.readinto(buffer)
    except OSError:
        pass
""",
    "light sleep": "while True:\n    machine.lightsleep(100)\n",
}
CONNECTED = (
    JOIN
    + """
import machine, select, socket
link = socket.socket()
link.connect(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
link.write(b"hello")
poller = select.poll()
poller.register(link, select.POLLIN)
buffer = bytearray(8)
print("waits")
machine.WDT(timeout=400)
"""
)


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_watchdog_ends_every_loop(tmp_path: Path, silent_peer: int, kind: str):
    _, outcomes = both(tmp_path, CONNECTED.format(port=silent_peer) + ENDLESS[kind])
    assert outcomes[0].cause is WATCHDOG


def test_the_watchdog_ends_a_firmware_that_catches_everything(tmp_path: Path):
    source = """
import machine, time
machine.WDT(timeout=400)
while True:
    try:
        time.sleep_ms(7)
    except BaseException:
        pass
"""
    with Program(tmp_path, "micropython", source) as program:
        assert program.boot().cause is WATCHDOG


def test_a_fed_watchdog_lets_the_firmware_live(tmp_path: Path):
    said, outcomes = both(
        tmp_path,
        """
import machine, time
watchdog = machine.WDT(timeout=1000)
for _ in range(30):
    time.sleep_ms(900)
    watchdog.feed()
print("done")
machine.deepsleep(1)
""",
    )
    assert said == ["done"]
    assert outcomes[0].cause is DEEP_SLEEP


@pytest.mark.parametrize("kind", ["poll for ever", "wait"])
def test_a_wait_for_ever_without_watchdog_ends_the_node(tmp_path, silent_peer, kind):
    source = CONNECTED.format(port=silent_peer).replace("machine.WDT(timeout=400)\n", "")
    _, outcomes = both(tmp_path, source + ENDLESS[kind])
    assert outcomes[0].cause is None
    assert "no watchdog" in outcomes[0].reason


def test_an_interpreter_that_asks_for_nothing_is_ended_by_the_watchdog(tmp_path: Path):
    source = "import machine\nmachine.WDT(timeout=5000)\nwhile True:\n    pass\n"
    with Program(tmp_path, "micropython", source, guard_s=0.4) as program:
        for cause in (POWER_ON, WATCHDOG):  # and the board boots again
            began_us = program.board.now_us
            assert program.boot(cause).cause is WATCHDOG
            assert program.board.now_us - began_us == pytest.approx(
                KIND.boot_us + 5_000_000, abs=10_000
            )


def test_an_interpreter_that_asks_for_nothing_without_watchdog_ends_the_node(tmp_path: Path):
    with Program(tmp_path, "micropython", "while True:\n    pass\n", guard_s=0.4) as program:
        outcome = program.boot()
    assert outcome.cause is None
    assert "hangs" in outcome.reason


def test_files_stay_over_sleep_and_power_cuts(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import machine, os
names = os.listdir("/")
print(sorted(name for name in names if name != "rom"))
with open("/there.txt") as file:
    print(file.read())
before = b""
if "count" in names:
    with open("/count", "rb") as file:
        before = file.read()
with open("/count", "wb") as file:
    file.write(before + b"x")
with open("/count", "rb") as file:
    print(file.read())
machine.deepsleep(1)
""",
        [POWER_ON, DEEP_SLEEP, POWER_ON],
    )
    assert said[:3] == ["['there.txt']", "from the start", "b'x'"]
    assert said[3:6] == ["['count', 'there.txt']", "from the start", "b'xx'"]
    assert said[8] == "b'xxx'"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_was_not_closed_is_lost_with_power(tmp_path: Path, runtime: str):
    source = """
import machine
try:
    with open("/late", "rb") as file:
        print(len(file.read()))
except OSError as error:
    print(error.errno)
file = open("/late", "wb")
file.write(b"never closed")
machine.deepsleep(1)
"""
    with Program(tmp_path, runtime, source) as program:
        for cause in (POWER_ON, POWER_ON, DEEP_SLEEP):
            program.boot(cause)
        assert program.said == ["2", "0", "0"]  # the name is there, the content is not


def test_the_firmware_does_not_see_the_hosts_files(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("of the host")
    said, _ = both(
        tmp_path,
        f"""
import os
for path in ({str(tmp_path / "secret.txt")!r}, "/etc/passwd", "secret.txt"):
    try:
        open(path)
        print("seen")
    except OSError as error:
        print(error.errno)
""",
    )
    assert said == ["2", "2", "2"]


def test_directories_and_errors_of_the_file_system(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
import os
def attempt(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return "E%d" % error.errno
print(attempt(os.mkdir, "/logs"), attempt(os.mkdir, "/logs"), attempt(os.listdir, "/none"))
for name in ("b", "a"):
    with open("/logs/" + name, "w") as file:
        file.write(name * 300)
print(sorted(os.listdir("/logs")), attempt(os.remove, "/logs/c"), attempt(os.remove, "/logs/a"))
with open("/logs/b") as file:
    print(len(file.read()), os.listdir("/logs"))
""",
    )
    assert said == ["None E17 E2", "['a', 'b'] E2 None", "300 ['b']"]


def test_urandom_follows_the_seed(tmp_path: Path):
    source = "import os\nprint(os.urandom(16), os.urandom(3))\n"
    first, _ = both(tmp_path / "1", source, [POWER_ON, DEEP_SLEEP], seed=7)
    again, _ = both(tmp_path / "2", source, [POWER_ON, DEEP_SLEEP], seed=7)
    other, _ = both(tmp_path / "3", source, [POWER_ON, DEEP_SLEEP], seed=8)
    assert first == again
    assert not set(first) & set(other)
    assert first[0] != first[1]


def test_the_board_knows_itself(tmp_path: Path):
    said, _ = both(
        tmp_path,
        "import machine, os\nprint(machine.unique_id(), os.uname()[0])\n",
        unique_id=b"abcdef",
    )
    assert said == ["b'abcdef' esp32"]


def test_i2c(tmp_path: Path):
    said, _ = both(
        tmp_path,
        """
from machine import I2C, Pin
bus = I2C(0, scl=Pin(9), sda=Pin(8), freq=400000)
print([hex(address) for address in bus.scan()], bus.readfrom_mem(0x48, 0x0F, 2))
two = bytearray(2)
bus.writeto_mem(0x48, 0x01, b"\\x04\\x60")  # the configuration of a TMP117
bus.readfrom_mem_into(0x48, 0x01, two)
print(two)
for address in (0x47, 0x49):
    try:
        bus.readfrom_mem(address, 0, 2)
    except OSError as error:
        print(error.errno)
""",
    )
    assert said == ["['0x48'] b'\\x01\\x17'", "bytearray(b'\\x04`')", "19", "19"]


@pytest.mark.parametrize(
    ("ssid", "password", "status"),
    [("lab", "secret", 1010), ("lab", "wrong", 202), ("garden", "secret", 201)],
)
def test_joining_a_network(tmp_path: Path, ssid: str, password: str, status: int):
    said, _ = both(
        tmp_path,
        f"""
import network, time
wlan = network.WLAN(network.STA_IF)
try:
    wlan.connect({ssid!r}, {password!r})
except OSError as error:
    print(error)
wlan.active(True)
wlan.connect({ssid!r}, {password!r})
print(wlan.status(), wlan.isconnected())
time.sleep_ms({AccessPoint().association_us // 1000 + 1})
print(wlan.status(), wlan.isconnected())
""",
    )
    assert said == ["Wifi Not Started", "1001 False", f"{status} {status == 1010}"]


def test_a_socket_needs_the_network(tmp_path: Path, silent_peer: int):
    said, _ = both(
        tmp_path,
        f"""
import socket
try:
    socket.socket().connect(socket.getaddrinfo("127.0.0.1", {silent_peer})[0][-1])
except OSError as error:
    print(error.errno)
""",
    )
    assert said == ["118"]


def test_an_answer_takes_the_latency_of_the_network(tmp_path: Path, echo_peer: int):
    said, _ = both(
        tmp_path,
        JOIN
        + f"""
import socket
link = socket.socket()
link.connect(socket.getaddrinfo("127.0.0.1", {echo_peer})[0][-1])
link.setblocking(False)
buffer = bytearray(5)
link.write(b"hello")
began = time.ticks_us()
while not link.readinto(buffer):
    pass
print(buffer, time.ticks_diff(time.ticks_us(), began) // 1000)
link.settimeout(1)
link.write(b"again")
began = time.ticks_us()
print(link.readinto(buffer), buffer, time.ticks_diff(time.ticks_us(), began) // 1000)
link.close()
""",
        real_wait_ms=5000,
    )
    assert said == ["bytearray(b'hello') 20", "5 bytearray(b'again') 20"]


def test_silence_costs_the_timeout_in_virtual_time(tmp_path: Path, silent_peer: int):
    said, _ = both(
        tmp_path,
        JOIN
        + f"""
import socket
link = socket.socket()
link.connect(socket.getaddrinfo("127.0.0.1", {silent_peer})[0][-1])
link.settimeout(30)
link.write(b"hello")
began = time.ticks_ms()
try:
    link.readinto(bytearray(1))
except OSError as error:
    print(error.errno, time.ticks_diff(time.ticks_ms(), began))
""",
    )
    assert said == ["110 30000"]


def test_a_refused_connection(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said, _ = both(
        tmp_path,
        JOIN
        + f"""
import socket
try:
    socket.socket().connect(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
except OSError as error:
    print(error.errno)
""",
    )
    assert said == ["111"]


def test_an_unformatted_flash_is_formatted_at_boot(tmp_path: Path):
    source = "import os\nopen('/made', 'w').close()\nprint('made' in os.listdir('/'))\n"
    for runtime in RUNTIMES:
        with Program(tmp_path / runtime, runtime, source) as program:
            for block in range(program.board.flash.pages):
                program.board.flash.erase(block)
            program.boot()
            assert program.said == ["True"]


def test_files_that_nobody_closes_end_amid_other_requests(tmp_path: Path) -> None:
    """A finaliser ends them while garbage is collected, with the heap locked."""
    source = """
import os
for i in range(300):
    left = open('/left', 'wb')
    left.write(b'z' * 60)
    with open('/kept', 'wb') as kept:
        kept.write(bytes(200 + i))
print(os.stat('/kept')[6])
"""
    with Program(tmp_path, "micropython", source) as program:
        program.boot()
        assert program.said == ["499"]
