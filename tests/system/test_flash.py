"""Flashing a virtual board of each kind, from empty to its first record and from there on."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flashed_board import (
    ASKING,
    OPTIONS,
    SPEED,
    Heard,
    Silent,
    flash,
    flashed_board,
    kept,
    make_board,
    wanted,
)
from launched_node import version
from mqtt_brokers import Broker
from patience import PATIENCE_S, until, until_said
from reporting_node import Receiver

from filmgauge_host.errors import InputError
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.board_link import BoardLink, LinkError
from filmgauge_host.serial.flash_plan import FlashError, Wanted, make_plan
from filmgauge_host.serial.flash_session import FlashOptions, await_first_record
from filmgauge_host.serial.flash_transfer import FlashTransfer
from filmgauge_host.serial.used_keys import UsedKeys
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.flash_reader import backlog

KINDS = ["esp32-c3", "esp32-c6", "esp32-s3", "pico-w", "stm32wb55"]


def mpremote(board: SerialBoard, *arguments: str) -> str:
    """Run the unmodified mpremote on the board's port."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(board.port.path), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def to_prompt(board: SerialBoard) -> None:
    """Interrupt a node that sleeps, which mpremote does not wait for."""
    with BoardLink(str(board.port.path), patience_s=PATIENCE_S) as link:
        link.enter()


@pytest.fixture
def heard(embedded: Broker) -> Iterator[Heard]:
    heard = Heard(embedded.url)
    yield heard
    heard.close()


@pytest.mark.parametrize("kind", KINDS)
def test_from_empty_to_the_first_record_and_again(
    kind: str, embedded: Broker, receiver: Callable[[Broker], Receiver], tmp_path: Path
) -> None:
    whole = wanted(kind, embedded.url)
    host = receiver(embedded)
    # A Pico's USB is its own: the port is gone for a moment in each reset.
    vanishes = kind == "pico-w"
    options = SerialOptions(speed=SPEED, vanishes=vanishes)
    waiting = ASKING if vanishes else OPTIONS
    with make_board(kind, tmp_path / kind, options) as board:
        result = flash(board, whole, waiting)
        assert set(result.copied) >= {"/config.json", "/profile.bin", "/main.py", "/launch.mpy"}
        assert result.bytes > 60_000
        record = result.record
        assert record is not None
        assert record["faults"] == "none"
        node = f"flash-{kind}"
        if board_kind(kind).has_wifi:
            until(lambda: host.store.count(node) > 0)
            stored = next(iter(host.store.records(node))).record
            assert (stored.boot, stored.seq) == (record["boot"], record["seq"])
            assert stored.soc_ppm == round(record["soc_pct"] * 1e4)
        else:
            assert backlog(board.board.flash)

        again = flash(board, whole, waiting)
        assert (again.copied, again.bytes) == ([], 0)
        assert again.record is not None
        assert flash(board, kept(whole), waiting).copied == []


def test_only_the_module_that_differs_is_sent(embedded: Broker, tmp_path: Path) -> None:
    with flashed_board("esp32-c3", tmp_path, wanted("esp32-c3", embedded.url)) as board:
        newer = wanted("esp32-c3", embedded.url, version("0.2.0"))
        result = flash(board, newer)
        assert result.copied == ["filmgauge/__init__.py"]
        assert result.bytes < 5_000
    assert fetch(board.board.flash, "/app.bin") == newer.archive.data


def test_what_was_changed_by_hand_is_found_and_repaired(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted("esp32-c3", embedded.url, sample_s=20)
    with flashed_board("esp32-c3", tmp_path, whole) as board:
        to_prompt(board)
        (tmp_path / "main.py").write_text("print('mine')\n")
        mpremote(
            board,
            *("cp", f"{tmp_path / 'main.py'}", ":main.py", "+", "exec"),
            "f=open('/app.bin','r+b')\nf.seek(40000)\nf.write(b'xyz')\nf.close()\n"
            "f=open('/config.json','a')\nf.write(' ')\nf.close()",
        )
        result = flash(board, whole)
        assert "/main.py" in result.copied
        assert "/config.json" in result.copied
        modules = [name for name in result.copied if name.startswith("filmgauge/")]
        assert len(modules) == 1
        assert result.record is not None
        to_prompt(board)
        sums = mpremote(board, "sha256sum", ":app.bin").split()
    assert whole.archive.digest.hex() in sums
    assert fetch(board.board.flash, "/config.json") == whole.config


@pytest.mark.parametrize("kind", ["esp32-c3", "pico-w", "stm32wb55"])
def test_a_version_that_crashes_at_once_is_switched_back(
    kind: str, embedded: Broker, heard: Heard, tmp_path: Path
) -> None:
    good = wanted(kind, embedded.url)
    bad = version("0.9.0", {"charge/sampler": "raise ValueError('not today')\n"}, kind)
    new = {"/client.der": b"a certificate", "/client.key": b"and its key"}
    with flashed_board(kind, tmp_path, good) as board:
        flash(board, good)
        heard.forget()
        with pytest.raises(FlashError, match=r"went back to the one before: .*not today"):
            flash(board, replace(wanted(kind, embedded.url, bad, sample_s=7), certificates=new))
        if board_kind(kind).has_wifi:
            heard.await_record()
        else:
            before = backlog(board.board.flash)
            until(lambda: backlog(board.board.flash) != before)
        assert flash(board, good).copied == []
    assert fetch(board.board.flash, "/app.bin") == good.archive.data
    assert fetch(board.board.flash, "/config.json") == good.config
    left = {"client.der", "client.key", "client.der.none", "client.key.none"}
    assert not left & set(listing(board.board.flash, "/"))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("start", "while True:\n    pass\n"),  # hangs where no watchdog runs yet
        # fails in each wake, on a board that never boots by itself
        (
            "charge/coulomb_counter",
            "def CoulombCounter(board, config):\n    raise ValueError('not today')\n",
        ),
    ],
    ids=["hangs", "fails-in-each-wake"],
)
def test_a_version_that_never_reports_is_switched_back(
    module: str, text: str, embedded: Broker, tmp_path: Path
) -> None:
    good = wanted("stm32wb55", embedded.url)
    bad = version("0.9.0", {module: text}, "stm32wb55")
    options = SerialOptions(speed=SPEED, guard_s=1.0)
    with flashed_board("stm32wb55", tmp_path, good, options) as board:
        flash(board, good)
        with pytest.raises(FlashError, match="went back to the one before"):
            flash(board, wanted("stm32wb55", embedded.url, bad))
    assert fetch(board.board.flash, "/app.bin") == good.archive.data


def test_a_node_without_its_broker_says_so(embedded: Broker, tmp_path: Path) -> None:
    away = wanted("esp32-c3", embedded.url, wifi_ssid="elsewhere")
    waits: list[str] = []
    with make_board("esp32-c3", tmp_path) as board, BoardLink(str(board.port.path)) as link:
        transfer = FlashTransfer(link, away, Silent().progress)
        link.enter()
        transfer.carry_out(make_plan(away, transfer.survey()))
        link.reset()
        until_said(board, b"waits: no network")
        sentence = r"did not report within 1 s; its last word: .*no network"
        with pytest.raises(FlashError, match=sentence):
            await_first_record(link, 1.0, waits.append, ask_after_s=1.0)
    assert any("waits: no network" in line for line in waits)


def test_no_room(embedded: Broker, tmp_path: Path) -> None:
    with (
        make_board("esp32-c3", tmp_path, blocks=24) as board,
        pytest.raises(FlashError, match=r"has \d+ KB free, and \d+ KB are needed"),
    ):
        flash(board, wanted("esp32-c3", embedded.url))
    assert [name for name in listing(board.board.flash, "/") if name not in (".", "..")] == []


def test_room_for_two_versions_on_the_smallest_board(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted("stm32wb55", embedded.url)
    with flashed_board("stm32wb55", tmp_path, whole) as board:
        flash(board, whole)
        newer = wanted("stm32wb55", embedded.url, version("0.2.0", kind_name="stm32wb55"))
        flash(board, newer)
    assert fetch(board.board.flash, "/app.bin") == newer.archive.data


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"mpy": 6 | 1 << 8, "version": (1, 20, 0)},
            r"MicroPython 1\.20\.0, which loads bytecode",
        ),
        ({"mpy": 0}, "loads bytecode none"),
        ({"machine": "ESP32C6 module with ESP32C6"}, "ESP32C6 module with ESP32C6"),
    ],
    ids=["old", "none", "board"],
)
def test_a_wrong_interpreter_is_refused_and_the_old_version_runs_on(
    options: dict[str, object], sentence: str, embedded: Broker, heard: Heard, tmp_path: Path
) -> None:
    whole = wanted("esp32-c3", embedded.url)
    wrong = SerialOptions(speed=SPEED, **options)  # pyright: ignore[reportArgumentType]
    with flashed_board("esp32-c3", tmp_path, whole, wrong) as board:
        heard.forget()
        with pytest.raises(LinkError, match=sentence):
            flash(board, wanted("esp32-c3", embedded.url, version("0.2.0")))
        heard.await_record()
    assert fetch(board.board.flash, "/app.bin") == whole.archive.data


def test_a_first_flash_needs_a_configuration(embedded: Broker, tmp_path: Path) -> None:
    with make_board("esp32-c3", tmp_path) as board:
        with pytest.raises(InputError, match=r"no config\.json yet: give --config"):
            flash(board, kept(wanted("esp32-c3", embedded.url)))
        result = flash(
            board,
            wanted("esp32-c3", embedded.url),
            FlashOptions(dry_run=True, timeout_s=PATIENCE_S),
        )
        assert (result.record, result.bytes > 60_000) == (None, True)
    assert [name for name in listing(board.board.flash, "/") if name not in (".", "..")] == []


def older_version(whole: Wanted) -> dict[str, Any]:
    """Return the files of a version whose launcher imports `exchange`."""
    texts = {path: text.decode() for path, text in firmware_build.start_files(source=True).items()}
    launch = texts["/launch.py"].replace("update.finish(", "exchange.settle(")
    launch = launch.replace("import update", "import exchange").replace('"update"', '"exchange"')
    exchange = texts["/update.py"].replace("def finish(", "def settle(")
    return {
        "/launch.py": launch.encode(),
        "/exchange.py": exchange.encode(),
        "/main.py": texts["/main.py"].encode(),
        "/app.bin": version("0.0.9").data,
        "/config.json": whole.config,
        "/profile.bin": whole.profile,
    }


@pytest.mark.parametrize("half_done", [False, True])
def test_an_older_launcher_gives_way(half_done: bool, embedded: Broker, tmp_path: Path) -> None:
    if half_done:  # the cable was pulled when the exchange had been decided; it is at its prompt
        left = {"/switch": b"", "/app.bin.new": version("0.0.10").data, "/main.py": b""}
    else:  # the power was cut when a trial had ended
        left = {"/profile.bin.none": b""}
    over_air = dict.fromkeys(("/incoming/order", "/incoming/verified", "/version"), b"{}")
    whole = wanted("esp32-c3", embedded.url)
    board = make_board("esp32-c3", tmp_path, blocks=128)
    install(board.board.flash, {**older_version(whole), **left, **over_air})
    with board:
        assert flash(board, whole).record is not None
        gone = {"exchange.py", "launch.py", "switch", "trial", "app.bin.old", "profile.bin.none"}
        # The trial is over once its record is out, and then what was before goes.
        until(lambda: not gone & set(listing(board.board.flash, "/")))
        names = set(listing(board.board.flash, "/"))
    assert {"launch.mpy", "update.mpy", "main.py", "app.bin"} <= names
    assert not gone & names
    assert "version" not in names
    # A flash removes what was ordered over the air. A half exchange is finished before that, and
    # refuses what had been verified, since another version has come by cable; this node takes no
    # commands, so no report removes the word.
    left_of_order = {"refused"} if half_done else set[str]()
    assert set(listing(board.board.flash, "/incoming")) - {".", ".."} == left_of_order
    assert fetch(board.board.flash, "/app.bin") == whole.archive.data


def test_what_came_with_a_version_on_trial_goes_where_another_one_is_wanted(
    embedded: Broker, tmp_path: Path
) -> None:
    whole = wanted("esp32-c3", embedded.url)
    board = make_board("esp32-c3", tmp_path)
    came = {"/client.der": b"a certificate", "/client.der.none": b"", "/trial": b"."}
    remembered = {"/state.old": b"of the version that comes back"}
    install(board.board.flash, {**older_version(whole), **came, **remembered, "/main.py": b""})
    with board, BoardLink(str(board.port.path)) as link:
        link.enter()
        found = FlashTransfer(link, whole, Silent().progress).survey().sizes
    assert not came.keys() & found.keys()
    assert {"/app.bin", "/state.old"} <= found.keys()


def test_files_of_somebody_else_stay_but_for_main_py(embedded: Broker, tmp_path: Path) -> None:
    theirs = {f"/{name}": b"mine" for name in ("main.py.old", "boot.old", "notes.new", "a.part")}
    left = {"/app.bin.part": b"", "/config.json.new.part": b"", "/main.py.part": b""}
    left |= {"/launch.py.part": b"", "/client.der.none": b"", "/app.bin.new": b""}
    whole = wanted("esp32-c3", embedded.url)
    board = make_board("esp32-c3", tmp_path)
    install(board.board.flash, {**theirs, **left, "/main.py": b"import launcher\n"})
    listener = Silent()
    with board:
        flash(board, whole, replace(OPTIONS, dry_run=True), listener)
        assert "the main.py on this board is not filmgauge's, and would be lost" in listener.lines
        with BoardLink(str(board.port.path), patience_s=PATIENCE_S) as link:
            link.enter()
            transfer = FlashTransfer(link, whole, listener.progress)
            assert transfer.survey().sizes.keys() == {*theirs, "/main.py"}


def test_a_board_of_another_node_is_refused_unless_it_is_meant(
    embedded: Broker, tmp_path: Path
) -> None:
    mine, other = (wanted("esp32-c3", embedded.url, node=name) for name in ("desk-1", "desk-2"))
    with flashed_board("esp32-c3", tmp_path, mine) as board:
        for options in (OPTIONS, replace(OPTIONS, dry_run=True)):
            with pytest.raises(InputError, match="board is node desk-1, not desk-2, and the rec"):
                flash(board, other, options)
        assert fetch(board.board.flash, "/config.json") == mine.config
        for options in (replace(OPTIONS, other_node=True), replace(OPTIONS, erase=True)):
            looks = replace(options, dry_run=True)
            assert "/config.json" in flash(board, other, looks).copied
        assert flash(board, kept(other), replace(OPTIONS, dry_run=True)).copied == []


def test_a_board_that_is_refused_is_left_as_it_is(embedded: Broker, tmp_path: Path) -> None:
    mine, other = (wanted("esp32-c3", embedded.url, node=name) for name in ("desk-1", "desk-2"))
    board = make_board("esp32-c3", tmp_path)
    on_trial = {"/client.der": b"a certificate", "/client.der.none": b"", "/trial": b"."}
    before = {**older_version(mine), **on_trial, "/app.bin.new.part": b"", "/main.py": b""}
    install(board.board.flash, before)
    with board:
        with pytest.raises(InputError, match="board is node desk-1, not desk-2"):
            flash(board, other)
        found = {path: fetch(board.board.flash, path) for path in before}
    assert found == before


def test_erase_begins_anew(embedded: Broker, tmp_path: Path) -> None:
    whole = wanted("esp32-c3", embedded.url)
    with flashed_board("esp32-c3", tmp_path, whole) as board:
        (tmp_path / "x").write_bytes(b"x" * 9000)
        to_prompt(board)
        mpremote(board, "mkdir", ":d", "+", "cp", str(tmp_path / "x"), ":d/x")
        result = flash(board, whole, replace(OPTIONS, erase=True))
        assert result.bytes > 60_000
        assert result.record is not None
        assert result.record["boot"] == 1
    assert "d" not in listing(board.board.flash, "/")


def test_a_board_that_stands_at_its_prompt_comes_back_when_the_cable_is_pulled(
    embedded: Broker, heard: Heard, tmp_path: Path
) -> None:
    with flashed_board("esp32-c3", tmp_path, wanted("esp32-c3", embedded.url)) as board:
        with BoardLink(str(board.port.path), patience_s=PATIENCE_S) as link:
            link.enter()
            link.guard()
            board.pull(loses_power=False)
            heard.forget()
            board.let_pass(9)
        heard.await_record()


def test_the_command(embedded: Broker, tmp_path: Path) -> None:
    secret = "do-not-tell-9471"
    values = {"wifi_password": secret, "mqtt_password": secret, "mqtt_user": "u"}
    values["command_key"] = "00112233445566778899aabbccddeeff"
    whole = wanted("esp32-c3", embedded.url, **values)
    assert whole.config is not None
    config = tmp_path / "config.json"
    config.write_bytes(whole.config)
    with make_board("esp32-c3", tmp_path / "board") as board:
        command = [sys.executable, "-m", "filmgauge_host.cli.app", "flash"]
        command += ["--port", str(board.port.path), "--board"]
        more = ["--config", str(config), "--cell", "evp-li", "--area", "1"]
        wrong = subprocess.run([*command, "pico-w", *more], capture_output=True, text=True)
        assert wrong.returncode == 1
        assert wrong.stderr.splitlines()[-1].startswith(
            "filmgauge: the board is to be pico-w, but"
        )
        dry = subprocess.run(
            [*command, "esp32-c3", *more, "--dry-run", "--json"], capture_output=True, text=True
        )
        assert dry.returncode == 0, dry.stderr
        assert json.loads(dry.stdout)["record"] is None
        assert not (tmp_path / "used_keys").exists()
        # The Wi-Fi of the virtual board has another password.
        real = [*command, "esp32-c3", *more, "--json"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = subprocess.Popen(real, text=True, **pipes)
        until_said(board, b"waits: no network")
        running.send_signal(signal.SIGINT)
        done = running.communicate(timeout=PATIENCE_S)
        assert running.returncode
        assert "Aborted" in done[1]
        assert not UsedKeys(tmp_path).are_new(values)  # it obeys them, whoever saw its record
        assert secret not in "".join((wrong.stdout, wrong.stderr, dry.stdout, dry.stderr, *done))


def test_the_command_refuses_a_wrong_configuration_before_it_opens_a_port(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('node = "x"\npin_scl = 9\npin_sda = 8\npin_gate = 99\n')
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "flash", "--port", "/nowhere"]
    command += ["--board", "esp32-c3", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "configuration key pin_gate must be -1 to 63" in done.stderr or (
        "configuration key pin_gate must be 0 to 63, not 99" in done.stderr
    )
