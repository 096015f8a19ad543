"""`filmgauge alerts` beside a monitor that runs, and files of alerts that are wrong."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until

from filmgauge.record import FAULT_SENSOR
from filmgauge_host.cli.app import main

SCRIPT = str(Path(sys.executable).with_name("filmgauge"))
RECORDER = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments])
    return result.exit_code, result.output.strip()


def test_a_monitor_raises_lists_acknowledges_and_clears(embedded, tmp_path):
    store, got, rules = (tmp_path / name for name in ("r.sqlite", "got", "alerts.toml"))
    command = json.dumps([sys.executable, "-c", RECORDER, str(got)])
    rules.write_text(
        f'[rules.faults]\nkeep_firing_for = "1 record"\n'
        f'[destinations.file]\ntype = "command"\ncommand = {command}\n'
    )
    out, err = tmp_path / "out", tmp_path / "err"
    arguments = ["--broker", embedded.url, "--store", str(store), "--alerts", str(rules), "--json"]
    publisher = Publisher(embedded.url)

    def report(seq: int, **values: int) -> None:
        publisher.send([("filmgauge/bench/telemetry", record(seq, **values).to_json())])

    def alerts() -> list[dict]:
        lines = map(json.loads, out.read_text().splitlines())
        return [line["alert"] for line in lines if "alert" in line]

    with out.open("w") as output, err.open("w") as errors:
        monitor = subprocess.Popen(
            [SCRIPT, "monitor", *arguments], stdout=output, stderr=errors, cwd=tmp_path
        )
        try:
            until(store.exists)
            until(lambda: '"bench"' in out.read_text() or report(0))
            report(1, faults=FAULT_SENSOR)
            until(lambda: len(alerts()) == 1)
            assert "alert 1 raised: warning bench faults (sensor): it reports" in err.read_text()
            assert "bench faults (sensor)" in run("alerts", "list", "--store", str(store))[1]
            code, said = run("alerts", "ack", "--store", str(store), "1")
            assert (code, said) == (0, "alert 1 is acknowledged: bench faults (sensor)")
            code, said = run("alerts", "ack", "--store", str(store), "1")
            assert (code, said) == (2, "filmgauge: alert 1 is acknowledged already")
            until(lambda: len(alerts()) == 2)
            report(2)
            until(lambda: len(alerts()) == 3)
            monitor.send_signal(signal.SIGTERM)
            assert monitor.wait(PATIENCE_S) == 0
        finally:
            monitor.kill()
            monitor.wait()
            publisher.close()
    assert [each["transition"] for each in alerts()] == ["raised", "acknowledged", "cleared"]
    delivered = [json.loads(line) for line in got.read_text().splitlines()]
    assert [each["transition"] for each in delivered] == ["raised", "cleared"]
    assert run("alerts", "list", "--store", str(store)) == (0, "no alert is active")
    _, listed = run("alerts", "list", "--all", "--json", "--store", str(store))
    assert json.loads(listed)["state"] == "cleared"


def test_a_test_reaches_each_destination_or_says_why_not(tmp_path):
    rules, got = tmp_path / "alerts.toml", tmp_path / "got"
    command = json.dumps([sys.executable, "-c", RECORDER, str(got)])
    rules.write_text(
        f'[destinations.good]\ntype = "command"\ncommand = {command}\n'
        '[destinations.bad]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n'
    )
    code, said = run("alerts", "test", "--alerts", str(rules))
    assert code == 1
    assert "destination good: arrived" in said
    assert "destination bad: it cannot be reached" in said
    assert said.endswith("the test did not arrive at bad")
    assert json.loads(got.read_text())["transition"] == "test"
    assert run("alerts", "test", "--alerts", str(rules), "good")[0] == 0
    code, said = run("alerts", "test", "--alerts", str(rules), "god")
    assert (code, said) == (2, "filmgauge: there is no destination 'god': the file has good, bad")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rule.low]", "there is no key rule"),
        ("[rules.lo]", "a rule of another name needs the key kind; did you mean low?"),
        ("[rules.low]\ntreshold = 3", "did you mean threshold?"),
        ("[rules.low]\nthreshold = 200", "threshold must be 0 to 100 % of what a full cell"),
        ("[rules.low]\nthreshold = nan", "threshold must be 0 to 100"),
        ("[rules.low]\nhysteresis = -1", "hysteresis must be 0 to 90 %"),
        ("[rules.low]\nhysteresis = 91", "beside a threshold of 10, not 91"),
        ("[rules.low]\nthreshold = 98\nhysteresis = 3", "hysteresis must be 0 to 2 %"),
        ("[rules.sigma]\nthreshold = 2\nhysteresis = 2", "must be 0 or more and less than 2 %"),
        ("[rules.gap]\nhysteresis = 1", "must be 0 or more and less than 1 records"),
        ("[rules.gap]\nhysteresis = nan", "must be 0 or more and less than 1 records"),
        ("[rules.low]\nfor = '3 days'", "for must be such as '3 records'"),
        ("[rules.low]\nfor = '0 records'", "for must be 1 to 1000 records"),
        ("[rules.low]\nkind = 'empty'", "kind must be low"),
        ("[rules.silent]\nfor = '3 records'", "for must be a time"),
        ("[rules.faults]\nthreshold = 1", "threshold: a rule of kind faults has none"),
        ("[rules.faults]\nnames = ['sensr']", "did you mean sensor?"),
        ("[rules.low]\nnames = ['x']", "names: a rule of kind low has none"),
        ("[rules.low]\nroutes = ['mail']", "no destination is in the file"),
        ("[rules.low]\nnodes = []", "nodes must be patterns"),
        ("[rules.store]\nnodes = ['x']", "is about the monitor itself"),
        ("[rules.low]\nseverity = 'bad'", "must be one of critical, info, warning"),
        ("[rules.'L w']", "must be 1 to 40 of a-z"),
        ("[rules]\nlow = 1", "rules.low: must be a table"),
        ("[rules.low", "Expected ']'"),
    ],
)
def test_a_file_that_is_wrong(tmp_path, text, sentence):
    rules = tmp_path / "alerts.toml"
    rules.write_text(text)
    code, said = run("alerts", "test", "--alerts", str(rules))
    assert code == 2
    assert said.startswith(f"filmgauge: alerts {rules}: ")
    assert sentence in said
    assert "\n" not in said


def test_files_that_are_not_there(tmp_path):
    nowhere = str(tmp_path / "nothing")
    code, said = run("alerts", "list", "--store", nowhere)
    assert (code, said.count("filmgauge monitor makes one")) == (2, 1)
    code, said = run("alerts", "test", "--alerts", nowhere)
    assert (code, said) == (
        2,
        f"filmgauge: alerts {nowhere} cannot be read: No such file or directory",
    )
