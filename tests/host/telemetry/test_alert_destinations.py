"""Each destination gets what is raised once and what is cleared once, from a real server."""

import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import paho.mqtt.client as mqtt
import pytest
from alert_bed import AlertBed, good
from guarded_broker import ACL, PASSWORDS
from guarded_broker import guarded as guarded_broker
from mail_server import PASSWORD, USER, MailServer, make_certificate
from mqtt_brokers import Nats
from patience import until

from filmgauge.record import FAULT_SENSOR
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert import Alert, Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError, DeliveryQueue
from filmgauge_host.telemetry.alerts.destinations import build_destinations
from filmgauge_host.telemetry.alerts.rules import read_rules
from filmgauge_host.telemetry.alerts.state_kinds import MonitorSituation

RECORDER = """
import json, os, sys
fields = {name: value for name, value in os.environ.items() if name.startswith("FILMGAUGE_ALERT_")}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps([fields, json.load(sys.stdin)]) + "\\n")
"""
BOTH = [("raised", "bench", "faults"), ("cleared", "bench", "faults")]
TEST = Notification("test", Alert(0, "test", "", "", "critical", "this is a test", None, 0))


def one_alert(tmp_path, destinations) -> None:
    """Raise a fault and clear it, and wait until no destination has anything left."""
    with AlertBed(tmp_path / "records.sqlite", destinations=destinations) as bed:
        for seq, faults in enumerate([0, FAULT_SENSOR, FAULT_SENSOR, 0, 0, 0, 0, 0]):
            bed.report(good(seq, faults=faults))
        until(lambda: not any(each.waiting for each in destinations))


def short(values: dict) -> tuple[str, str, str]:
    return values["transition"], values["node"], values["rule"]


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((json.loads(body), dict(self.headers)))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if answer is None:
            self.server.hold.wait()
            return
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers, server.hold = [], [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()


def webhook(hook, **keys):
    (made,) = build_destinations({"ops": {"type": "webhook", "url": hook.url, **keys}})
    made._backoff_s = (0.01, 0.02)
    return made


def test_command(tmp_path):
    program, found = tmp_path / "record it.py", tmp_path / "$(found); it"
    program.write_text(RECORDER)
    table = {"type": "command", "command": [sys.executable, str(program), str(found)]}
    one_alert(tmp_path, build_destinations({"run": table}))
    lines = [json.loads(line) for line in found.read_text().splitlines()]
    assert [short(body) for _, body in lines] == BOTH
    fields = lines[0][0]
    assert fields["FILMGAUGE_ALERT_TRANSITION"] == "raised"
    assert fields["FILMGAUGE_ALERT_SUBJECT"] == "sensor"
    assert fields["FILMGAUGE_ALERT_TEXT"] == lines[0][1]["text"]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit('no paper')", "ended with 1: no paper"),
        ("import time; time.sleep(600)", "had not ended after 0.3 s"),
    ],
)
def test_a_command_that_fails_or_never_ends(program, reason):
    command = [sys.executable, "-c", program]
    table = {"type": "command", "command": command, "timeout_s": 0.3 if "sleep" in program else 60}
    (made,) = build_destinations({"run": table})
    assert reason in made.send_now(TEST)


LEAVING = """
import os, sys, time
if os.fork() == 0:  # and the child keeps our standard error
    os.setsid()
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(6000)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("then", "timeout_s", "reason"),
    [
        ("", 300, ""),
        ("sys.exit('no ' * 30_000 + 'paper')", 300, "no paper"),
        ("time.sleep(6000)", 1, "had not ended after 1 s"),
    ],
)
def test_what_a_command_leaves_running_is_not_waited_for(tmp_path, then, timeout_s, reason):
    left = tmp_path / "left"
    command = [sys.executable, "-c", LEAVING + then, str(left)]
    table = {"type": "command", "command": command, "timeout_s": timeout_s}
    (made,) = build_destinations({"run": table})
    made.queue(TEST)
    try:
        until(lambda: made.problem or not made.waiting)
        assert reason in made.problem
        assert bool(made.problem) == bool(reason)
    finally:
        made.close(0)
        if left.exists():
            os.kill(int(left.read_text()), signal.SIGKILL)


def test_a_command_that_is_not_there():
    (made,) = build_destinations({"run": {"type": "command", "command": ["/no/such/program"]}})
    assert made.send_now(TEST) == "destination run: /no/such/program: No such file or directory"


def test_webhook(tmp_path, hook):
    token = tmp_path / "token"
    token.write_text("abc\n")
    one_alert(tmp_path, [webhook(hook, token_file=str(token))])
    assert [short(body) for body, _ in hook.got] == BOTH
    assert hook.got[0][1]["Authorization"] == "Bearer abc"


def test_a_webhook_that_fails_for_a_while_gets_everything_in_turn(tmp_path, hook):
    hook.answers = [503, 429, 500]
    one_alert(tmp_path, [webhook(hook)])
    assert [short(body) for body, _ in hook.got] == [BOTH[0]] * 4 + [BOTH[1]]


@pytest.mark.parametrize("answer", [404, 302])
def test_a_webhook_that_refuses_is_not_asked_again(hook, answer):
    hook.answers = [answer]
    made = webhook(hook)
    made.queue(TEST)
    until(lambda: not made.waiting)
    assert f"it answers {answer}" in made.problem
    assert len(hook.got) == 1
    made.queue(TEST)
    until(lambda: not made.waiting and not made.problem)
    made.close(10)


def test_a_dead_destination_holds_up_nobody_and_is_said(tmp_path, hook):
    hook.answers = [None]
    dead = webhook(hook)
    program, found = tmp_path / "record.py", tmp_path / "found"
    program.write_text(RECORDER)
    table = {"type": "command", "command": [sys.executable, str(program), str(found)]}
    (live,) = build_destinations({"run": table})
    with AlertBed(tmp_path / "records.sqlite", destinations=[dead, live]) as bed:
        for seq in range(2):
            bed.report(good(seq, faults=FAULT_SENSOR))
        until(lambda: found.exists() and not live.waiting)
        assert dead.waiting
        problems = {"ops": "destination ops: it does not answer", "run": ""}
        for _ in range(2):
            bed.situation = MonitorSituation(destinations=problems)
            bed.tick(61)
        until(lambda: not live.waiting)
        assert bed.said[-1] == ("raised", "destination", "ops")
        assert dead.waiting == 1  # it is not given what is wrong with itself
    rules = [json.loads(line)[1]["rule"] for line in found.read_text().splitlines()]
    assert rules == ["faults", "destination"]
    dead.close(0)


@pytest.fixture
def trickling(first, more):
    """The port of a server that says one thing more and more, and never the last."""
    ended = threading.Event()

    def trickle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(first)
            while not ended.wait(0.01):
                connection.sendall(more)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=trickle, args=listener.accept()[:1]).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("kind", "first", "more"),
    [
        ("webhook", b"HTTP/1.1 2", b"0"),
        ("webhook", b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        ("email", b"", b"220-a\r\n"),
    ],
    ids=["status", "header", "email"],
)
def test_a_server_that_draws_out_its_answer_is_said(trickling, kind):
    keys = {
        "webhook": {"url": f"http://127.0.0.1:{trickling}/"},
        "email": {"host": "127.0.0.1", "port": trickling, "from": "a@b", "to": ["c@d"]},
    }
    table = {"type": kind, "timeout_s": 0.3, **keys[kind]}
    (made,) = build_destinations({"slow": table})
    made._transport.collect_s = 0.0
    made.queue(TEST)
    until(lambda: made.problem)
    made.close(0)


def test_what_had_not_arrived_is_sent_after_a_restart(tmp_path, hook):
    hook.answers = [None]
    with AlertBed(tmp_path / "records.sqlite", destinations=[webhook(hook)]) as bed:
        for seq in range(2):
            bed.report(good(seq, faults=FAULT_SENSOR))
        until(lambda: hook.got)
        later = webhook(hook)
        later._log = bed.log
        bed._destinations = [later]
        bed.restart()
        until(lambda: len(hook.got) == 2)
        until(lambda: not later.waiting)
        assert [short(body) for body, _ in hook.got] == [BOTH[0]] * 2


def test_of_too_many_the_oldest_is_given_up(hook):
    hook.answers = [None]
    made = webhook(hook)
    for _ in range(10_010):
        made.queue(TEST)
    assert made.waiting <= 10_000
    assert "more than 10000 alerts wait" in made.problem
    made.close(0)


def test_severity_and_routes_choose(tmp_path, hook):
    made = webhook(hook, severity="critical")
    one_alert(tmp_path, [made])
    assert hook.got == []
    table = {"rules": {"faults": {"routes": []}}, "destinations": {"ops": {}}}
    with AlertBed(tmp_path / "2.sqlite", read_rules(table).rules, [webhook(hook)]) as bed:
        bed.report(good(0))
        bed.report(good(1, faults=FAULT_SENSOR))
        assert bed.said == [("raised", "faults", "sensor")]
    assert hook.got == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with guarded_broker(tmp_path_factory.mktemp("mqtt") / "broker", ACL.read_text()) as made:
        yield made


def subscriber(url: str, login: tuple[str, str] | None = None):
    got: list[tuple[str, bool, dict]] = []
    ready = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = lambda c, d, m: got.append((m.topic, m.retain, json.loads(m.payload)))
    client.on_subscribe = lambda *_: ready.set()
    if login:
        client.username_pw_set(*login)
    address = parse_address(url)
    client.connect(address.host, address.port)
    client.loop_start()
    client.subscribe("filmgauge/+/event", 1)
    assert ready.wait(60)
    return client, got


def check_mqtt(tmp_path, url, login=None):
    client, got = subscriber(url, login)
    user = "" if login is None else f"{login[0]}:{login[1]}@"
    monitor = parse_address(url.replace("//", f"//{user}"))
    one_alert(tmp_path, build_destinations({"bus": {"type": "mqtt"}}, monitor))
    until(lambda: len(got) == 2)
    assert [(topic, retained) for topic, retained, _ in got] == [
        ("filmgauge/bench/event", False)
    ] * 2
    assert [short(body) for _, _, body in got] == BOTH
    client.disconnect()
    client.loop_stop()


def test_mqtt(tmp_path, guarded):
    check_mqtt(tmp_path, guarded.url, ("host", PASSWORDS["host"]))


def test_mqtt_of_a_broker_that_knows_3_1_1_alone(tmp_path, embedded: Nats):
    check_mqtt(tmp_path, embedded.url)


def test_mqtt_says_what_the_acl_drops(guarded):
    monitor = guarded.address("shelf-1")
    (made,) = build_destinations({"bus": {"type": "mqtt"}}, monitor)
    assert "its ACL lacks `topic write filmgauge/monitor/event`" in made.send_now(TEST)


def test_mqtt_without_a_broker():
    table = {"type": "mqtt", "broker": "mqtt://127.0.0.1:9"}
    (made,) = build_destinations({"bus": table})
    assert "connection refused" in made.send_now(TEST)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def mail(server, certificate, **keys):
    table = {
        **{"type": "email", "host": "127.0.0.1", "port": server.port, "from": "gauge@here.test"},
        **{"to": ["ops@here.test", "me@here.test"], "user": USER, "password_env": "MAIL_PASSWORD"},
        **{"ca_file": str(certificate), "security": "tls" if server.is_tls else "starttls"},
        **keys,
    }
    (made,) = build_destinations({"mail": table})
    made._transport.collect_s = 0.0
    return made


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_email(tmp_path, certificate, security, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with MailServer(certificate, security) as server:
        one_alert(tmp_path, [mail(server, certificate)])
        assert [each["Subject"] for each in server.mails] == [
            "[filmgauge] raised: bench faults (sensor)",
            "[filmgauge] cleared: bench faults (sensor)",
        ]
        first = server.mails[0]
        assert first["To"] == "ops@here.test, me@here.test"
        assert "it reports the fault sensor" in first.get_content()


def test_many_alerts_are_one_mail(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with MailServer(certificate, "tls") as server:
        made = mail(server, certificate)
        made._transport.collect_s = 60.0
        for number in range(300):
            transition = "raised" if number < 200 else "cleared"
            alert = Alert(number, "silent", f"n-{number}", "", "critical", "quiet", None, 0)
            made.queue(Notification(transition, alert))
        made.close(60)  # ends the collecting
        (got,) = server.mails
        assert got["Subject"] == "[filmgauge] 200 raised, 100 cleared"
        assert got.get_content().count("critical n-") == 300


GREYLISTED, UNKNOWN = "450 try again later", "550 no such user"


@pytest.mark.parametrize("first", [["me@here.test"], []])
def test_a_recipient_who_is_refused_for_the_moment_gets_the_mail_later(
    certificate, monkeypatch, first
):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    everybody = ["ops@here.test", "me@here.test"]
    with MailServer(certificate, "tls") as server:
        server.refusals = {each: GREYLISTED for each in everybody if each not in first}
        made = mail(server, certificate)
        made._backoff_s = (0.01, 0.01)
        made.queue(TEST)
        until(lambda: "ops@here.test: 450 try again later" in made.problem)
        later = Notification("raised", Alert(1, "silent", "n-1", "", "critical", "q", None, 0))
        made.queue(later)
        if first:  # who has got the first one gets the other one alone
            until(lambda: len(server.mails) == 2)
        assert made.waiting
        server.refusals = {}
        until(lambda: not made.waiting)
        assert made.problem == ""
    got = {each: [] for each in everybody}
    for recipients, each in zip(server.recipients, server.mails, strict=True):
        for recipient in recipients:
            got[recipient] += [
                node for node in ("this is a test", "n-1") if node in each.get_content()
            ]
    assert list(got.values()) == [["this is a test", "n-1"]] * 2


def test_a_recipient_who_is_refused_for_good_is_given_up(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with MailServer(certificate, "tls") as server:
        server.refusals = dict.fromkeys(["ops@here.test", "me@here.test"], UNKNOWN)
        made = mail(server, certificate)
        made.queue(TEST)
        until(lambda: not made.waiting)
        refused = "it refuses ops@here.test: 550 no such user, me@here.test: 550 no such user"
        assert made.problem == f"destination mail: {refused}"
        server.refusals = {"ops@here.test": UNKNOWN, "me@here.test": GREYLISTED}
        made._backoff_s = (0.01, 0.01)
        made.queue(TEST)
        until(lambda: "450" in made.problem)
        until(lambda: "550" not in made.problem)  # who is refused for good is not asked again
        server.refusals.pop("me@here.test")
        until(lambda: not made.waiting)
        assert server.recipients == [["me@here.test"]]


def test_email_with_a_wrong_password_or_a_strange_certificate(certificate, monkeypatch, tmp_path):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    with MailServer(certificate, "starttls") as server:
        assert "it answers 535 no such login" in mail(server, certificate).send_now(TEST)
        other = make_certificate(tmp_path)
        assert "certificate verify failed" in mail(server, other).send_now(TEST)
        assert server.mails == []


def test_a_final_failure_is_told_from_one_that_may_pass():
    class Refusing:
        at_once, collect_s = 1, 0.0

        def send(self, notifications):
            raise DeliveryError("never", is_final=True)

    made = DeliveryQueue("x", Refusing())
    made.queue(TEST)
    until(lambda: not made.waiting)
    assert made.problem == "destination x: never"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, "missing key type"),
        ({"type": "webhok"}, "did you mean webhook?"),
        ({"type": "webhook"}, "one of the keys url, url_file and url_env"),
        ({"type": "webhook", "url": "ftp://x/"}, "url must look like https://host/path"),
        ({"type": "webhook", "url": "http://a:b@x/"}, "must not hold a password"),
        ({"type": "webhook", "url_env": "NO_SUCH"}, "the environment has no NO_SUCH"),
        ({"type": "webhook", "url": "http://x/", "timeout_s": 1e9}, "expected float <= 300"),
        ({"type": "webhook", "url": "http://x/", "tokn_env": "X"}, "did you mean token_env?"),
        ({"type": "command", "command": []}, "a program and its arguments"),
        ({"type": "mqtt"}, "missing key broker"),
        ({"type": "mqtt", "broker": "mqtt://a:b@x"}, "must not hold a password"),
        ({"type": "email", "host": "x", "from": "a", "to": ["a@b"]}, "must be an address"),
        ({"type": "email", "host": "x", "from": "a@b", "to": []}, "one address or more"),
        (
            {"type": "email", "host": "x", "from": "a@b", "to": ["a@b"], "password": "x"},
            "no key password",
        ),
        (
            {"type": "email", "host": "x", "from": "a@b", "to": ["a@b"], "user": "x"},
            "belong together",
        ),
    ],
)
def test_a_table_that_is_wrong(table, sentence):
    with pytest.raises(InputError, match=r"^destinations\.x: ") as raised:
        build_destinations({"x": table})
    assert sentence in str(raised.value)
    assert os.linesep not in str(raised.value)
