import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from mqtt_brokers import Mosquitto, free_port
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.store import RecordFile, RecordStore

SCRIPT = str(Path(sys.executable).with_name("filmgauge"))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )


@contextmanager
def monitor(tmp_path: Path, url: str, *arguments: str):
    """Run the monitor into files; `begin` waits until it is subscribed."""
    out, err = tmp_path / "out", tmp_path / "err"
    command = [SCRIPT, "monitor", "--broker", url, "--store", str(tmp_path / "r.sqlite")]
    with out.open("w") as output, err.open("w") as errors:
        process = subprocess.Popen([*command, *arguments], stdout=output, stderr=errors)
        try:
            yield process, out, err
        finally:
            process.kill()
            process.wait()


def begin(publisher: Publisher, out: Path) -> None:
    """Publish records of node `start` until the first is printed: the monitor has subscribed."""
    seq = 0
    while "start" not in out.read_text():
        publisher.records("start", [seq])
        seq += 1


def lines(out: Path, node: str) -> list[dict]:
    found = [json.loads(line) for line in out.read_text().splitlines() if line.endswith("}")]
    return [line for line in found if line.get("node") == node]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_json_lines_and_summary_after_a_signal(broker, publisher, tmp_path, number):
    with monitor(tmp_path, broker.url, "--json") as (process, out, err):
        begin(publisher, out)
        publisher.records("bench", [0, 1, 1, 3])
        publisher.send([("filmgauge/bench/log", record(2).to_json())])
        publisher.send([("filmgauge/bench/telemetry", "{}")])
        until(lambda: "bench" in err.read_text() and len(lines(out, "bench")) == 4)
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
    assert lines(out, "bench") == [
        {"node": "bench", "history": seq == 2, **json.loads(record(seq).to_json())}
        for seq in (0, 1, 3, 2)
    ]
    summary = json.loads(out.read_text().splitlines()[-1])["summary"]["bench"]
    assert summary == {
        "received": 4,
        "duplicated": 1,
        "conflicting": 0,
        "malformed": 1,
        "lost": 0,
        "lost_earlier": 0,
    }
    said = [line for line in err.read_text().splitlines() if "filmgauge: alert " not in line]
    assert len(said) == 1


def test_a_gap_at_the_end_of_the_time_is_exit_4(broker, publisher, tmp_path):
    with monitor(tmp_path, broker.url, "--plain") as (process, out, _):
        begin(publisher, out)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    publisher.records("bench", [0, 1, 9])  # the broker keeps them for the monitor
    with monitor(tmp_path, broker.url, "--plain", "--for", "3s") as (process, out, err):
        assert process.wait(PATIENCE_S) == 4
    assert "7 of bench" in err.read_text()
    # The gap is stored now: a later run is not blamed for it.
    with monitor(tmp_path, broker.url, "--json", "--for", "1s") as (process, out, _):
        assert process.wait(PATIENCE_S) == 0


def test_only_the_chosen_node_is_shown_but_all_are_stored(embedded, tmp_path):
    publisher = Publisher(embedded.url)
    arguments = ("--json", "--node", "start", "--node", "bench")
    with monitor(tmp_path, embedded.url, *arguments) as (process, out, _):
        begin(publisher, out)
        publisher.records("other", [1])
        publisher.records("bench", [1])
        until(lambda: lines(out, "bench"))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    assert "other" not in out.read_text()
    with monitor(tmp_path, embedded.url, "--json") as (process, out, _):
        publisher.records("other", [1])
        publisher.records("bench", [2])
        until(lambda: lines(out, "bench"))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    publisher.close()
    assert json.loads(out.read_text().splitlines()[-1])["summary"]["other"]["duplicated"] == 1


def test_it_says_that_the_broker_is_gone_and_goes_on_when_it_is_back(broker, tmp_path):
    publisher = Publisher(broker.url)
    with monitor(tmp_path, broker.url, "--json") as (process, out, err):
        begin(publisher, out)
        publisher.close()
        broker.kill()
        until(lambda: "retrying" in err.read_text())
        broker.start()
        until(lambda: "works again" in err.read_text())
        publisher = Publisher(broker.url)
        publisher.records("bench", [1])
        until(lambda: lines(out, "bench"))
        publisher.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert not psutil.pid_exists(process.pid)


def one_sentence(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_broker_is_exit_3(tmp_path):
    url = f"mqtt://me@127.0.0.1:{free_port()}"
    store = str(tmp_path / "r.sqlite")
    secret = {"FILMGAUGE_MQTT_PASSWORD": "sesame"}
    done = run("monitor", "--broker", url, "--store", store, **secret)
    one_sentence(done, 3, url, "refused")
    assert "sesame" not in done.stderr


def test_a_refused_login_is_exit_3_and_says_so(tmp_path):
    directory = tmp_path / "broker"
    directory.mkdir()
    (directory / "passwords").write_text("")
    locked = Mosquitto(directory, f"password_file {directory}/passwords\n", anonymous=False)
    locked.start()
    try:
        url = locked.url.replace("mqtt://", "mqtt://me:sesame@")
        done = run("monitor", "--broker", url, "--store", str(tmp_path / "r.sqlite"))
    finally:
        locked.stop()
    one_sentence(done, 3, "refuses", "authori")
    assert "sesame" not in done.stderr


def test_bad_input_is_exit_2_and_one_sentence(tmp_path):
    store = tmp_path / "notes.txt"
    store.write_text("not a database, just notes\n" * 100)
    one_sentence(run("monitor", "--store", str(store)), 2, "not a database")
    for arguments, word in (
        (("monitor", "--broker", "http://h"), "mqtt://"),
        (("monitor", "--broker", "mqtt://ä..b:1"), "the host of the broker address must be"),
        (("fleet", "--broker", "mqtt://ä..b:1"), "the host of the broker address must be"),
        (("monitor", "--store", "a" * 300), "File name too long"),
        (("export", "--store", "a" * 300), "File name too long"),
        (("alerts", "list", "--store", "a" * 300), "File name too long"),
        (("provision", "--from", "a" * 300), "File name too long"),
        (("alerts", "ack", str(2**63)), str(2**63 - 1)),
        (("monitor", "--node", "Bad Name"), "node may have"),
        (("monitor", "--for", "soon"), "soon"),
        (("monitor", "--json", "--plain"), "--plain"),
        (("nothing",), "nothing"),
    ):
        done = CliRunner().invoke(main, arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert word in done.stderr.splitlines()[-1]


def test_what_passes_by_itself_is_exit_1_so_that_the_service_tries_again(tmp_path):
    path = tmp_path / "r.sqlite"
    page = ("monitor", "--store", str(path), "--web")
    nowhere = f"postgresql://u@127.0.0.1:{free_port()}/x"
    unresolved = "postgresql://u@no.such.host.invalid/x"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for arguments, word in (
            (("monitor", "--db", nowhere), "refused"),
            (("ingest", "--db", nowhere), "refused"),
            (("export", "--db", nowhere), "refused"),
            (("monitor", "--db", unresolved), "cannot be used"),
            ((*page, "--bind", "no.such.host.invalid"), "is no address of this machine"),
            ((*page, "--bind", "192.0.2.1"), "is no address of this machine"),
            ((*page, "--port", port), "is in use"),
        ):
            done = CliRunner().invoke(main, arguments)
            assert (done.exit_code, done.stdout) == (1, ""), arguments
            assert word in done.stderr.splitlines()[-1]
    with RecordStore(path):
        one_sentence(run("monitor", "--store", str(path)), 1, "in use by another filmgauge")


def test_a_disk_that_is_full_at_the_start_is_exit_1(tmp_path):
    path = tmp_path / "r.sqlite"
    RecordStore(path).close()
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from filmgauge_host.cli.app import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "monitor", "--store", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    one_sentence(done, 1, "cannot be used: disk I/O error")


def test_the_default_store_is_in_the_data_directory(tmp_path):
    url = f"mqtt://127.0.0.1:{free_port()}"
    assert run("monitor", "--broker", url, XDG_DATA_HOME=str(tmp_path)).returncode == 3
    assert (tmp_path / "filmgauge" / "records.sqlite").is_file()


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys\nfrom filmgauge_host.cli.app import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print({'textual', 'paho', 'numpy', 'sqlite3'} & set(sys.modules))"
    )
    for option in ("--help", "--version"):
        command = [sys.executable, "-c", code, option]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.endswith("set()\n")
        assert "filmgauge" in done.stdout or "monitor" in done.stdout


def test_a_reader_that_goes_away_ends_the_monitor(embedded, tmp_path):
    publisher = Publisher(embedded.url)
    command = [SCRIPT, "monitor", "--broker", embedded.url, "--json"]
    with subprocess.Popen(
        [*command, "--store", str(tmp_path / "r.sqlite")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        seq = 0
        while process.poll() is None:
            publisher.records("bench", [seq])
            seq += 1
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    publisher.close()


def test_a_monitor_that_cannot_print_says_so_once_and_stores(embedded, tmp_path):
    path, err = tmp_path / "r.sqlite", tmp_path / "err"
    publisher = Publisher(embedded.url)
    command = [SCRIPT, "monitor", "--plain", "--broker", embedded.url, "--store", str(path)]

    def stored() -> int:
        with RecordFile(path) as store:
            return store.count("bench")

    with Path("/dev/full").open("w") as full, err.open("w") as errors:
        process = subprocess.Popen(command, stdout=full, stderr=errors)
    try:
        seq = 0
        while "cannot be written" not in err.read_text():
            assert process.poll() is None
            publisher.records("bench", [seq])
            seq += 1
        before = stored()
        publisher.records("bench", range(seq, seq + 50))
        until(lambda: stored() >= before + 50)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 1
    finally:
        process.kill()
        process.wait()
        publisher.close()
    problem = "filmgauge: standard output cannot be written: No space left on device"
    assert err.read_text() == f"{problem}: records are stored, but not printed\n{problem}\n"


def test_a_session_that_is_gone_is_exit_4_and_says_what_helps(tmp_path):
    directory = tmp_path / "broker"
    directory.mkdir()
    forgetful = Mosquitto(directory, usual=True)
    forgetful.start()
    arguments = (forgetful.url, "--json", "--for", "1s")
    with monitor(tmp_path, *arguments) as (process, _, err):
        assert process.wait(PATIENCE_S) == 0
    forgetful.stop()
    forgetful.start()
    with monitor(tmp_path, *arguments) as (process, out, err):
        assert process.wait(PATIENCE_S) == 4
    assert "has lost the session" in err.read_text()
    assert "docs/mosquitto.conf" in err.read_text()
    assert json.loads(out.read_text().splitlines()[-1])["sessions_lost"] == 1
    with monitor(tmp_path, *arguments) as (process, _, err):
        assert process.wait(PATIENCE_S) == 0
    forgetful.stop()


def test_a_store_that_was_deleted_is_a_failure(embedded, tmp_path):
    with monitor(tmp_path, embedded.url, "--json", "--for", "4s") as (process, out, err):
        publisher = Publisher(embedded.url)
        begin(publisher, out)
        for path in tmp_path.glob("*.sqlite"):
            path.unlink()
        until(lambda: "was deleted" in err.read_text())
        publisher.close()
        assert process.wait(PATIENCE_S) == 1
    assert "the broker keeps" in err.read_text()
