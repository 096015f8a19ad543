"""The page's interface as docs/page.md has it, over HTTP from a real server, store and broker."""

import json
import re
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from page_world import BEGIN_MS, STEP_MS, PageWorld, course, page_world, publish
from patience import PATIENCE_S, until

from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.web.server import PageServer, PortInUseError

# A gap of two, a restart that lost its first record, and a life that begins anew.
KEYS = [(7, 1, 0), (7, 1, 1), (7, 1, 4), (7, 2, 1), (9, 1, 0), (9, 1, 1)]
SIX = [BEGIN_MS + at * STEP_MS for at in range(6)]


def stored() -> list[ReceivedRecord]:
    words = [(0, 0), (8, 1), (8, 2), (0, 2), (0, 2)]
    faulty = course(
        "faulty",
        [(0, 1, seq) for seq in range(5)],
        lambda at: {"faults": words[at][0], "limits": words[at][1]},
    )
    many = course(
        "many",
        [(0, 1, seq) for seq in range(6000)],
        lambda at: {
            "soc_ppm": 400_000 + 50 * at,
            "voltage_uv": 3_900_000 if at == 3333 else 2_100_000,
        },
    )
    return [*course("quiet", KEYS, available_nah=123_456), *faulty, *many]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    with page_world(tmp_path_factory.mktemp("page"), stored()) as opened:
        yield opened


def node(world: PageWorld, name: str) -> dict:
    return next(row for row in world.get("/api/nodes") if row["node"] == name)


def test_a_node_of_which_only_the_store_knows_is_listed(world: PageWorld) -> None:
    row = node(world, "quiet")
    assert (row["life"], row["boot"], row["seq"], row["lives"]) == (9, 1, 1, 2)
    assert (row["soc_pct"], row["soc_sigma_pct"], row["available_uah"]) == (50.5, 0.4, 123.456)
    assert (row["state"], row["faults"], row["limits"]) == ("late", "none", None)
    assert row["age_s"] > 0
    assert row["reasons"] == ["late", "3 records missing"]


def test_live_nodes_are_listed_by_name_with_state_counts_and_reasons(world: PageWorld) -> None:
    publish(world, "alive", 0, 1, 3, faults=8, voltage_uv=2_000_000)
    status = ("filmgauge/alive/status", '{"state":"sleeping","next_report_s":300}')
    world.publisher.send([status, ("filmgauge/alive/telemetry", "{}")])
    until(lambda: node(world, "alive")["malformed"] == 1)
    row = node(world, "alive")
    assert row["state"] == "sleeping"
    assert (row["next_report_s"], row["voltage_v"], row["faults"]) == (300.0, 2.0, "gap")
    assert (row["received"], row["lost"], row["lost_earlier"]) == (3, 1, 0)
    assert row["reasons"] == ["fault gap", "1 missing"]
    names = [row["node"] for row in world.get("/api/nodes")]
    assert names == sorted(names)
    publish(world, "alive", 4, refused=7)
    alone = world.get("/api/nodes/alive")
    (refused,) = alone["refused_messages"]
    assert refused["reason"] == "record version v must be 5, not None"
    assert alone["refused"] == node(world, "alive")["refused"] == 7


def test_series_has_columns_gaps_restarts_and_lives(world: PageWorld) -> None:
    answer = world.get("/api/nodes/quiet/series")
    columns = answer["columns"]
    assert columns["time_ms"] == SIX
    found = zip(columns["life"], columns["boot"], columns["seq"], strict=True)
    assert [*found] == KEYS
    assert columns["soc_pct"] == [50.0, 50.1, 50.2, 50.3, 50.4, 50.5]
    assert columns["current_ua"] == [None] * 6
    assert answer["gaps"] == [
        {"from_ms": SIX[1], "to_ms": SIX[2], "missing": 2},
        {"from_ms": SIX[2], "to_ms": SIX[3], "missing": 1},
    ]
    assert answer["restarts"] == [
        {"time_ms": SIX[3], "life": 7, "boot": 2, "new_life": False},
        {"time_ms": SIX[4], "life": 9, "boot": 1, "new_life": True},
    ]
    assert (answer["records"], answer["points"], answer["truth"]) == (6, 6, None)


def test_series_has_faults_and_limits_as_spans(world: PageWorld) -> None:
    events = world.get("/api/nodes/faulty/series")["events"]
    assert events == [
        {"kind": "fault", "name": "gap", "level": None, "from_ms": SIX[1], "to_ms": SIX[3]},
        {
            **{"kind": "limit", "name": "over_voltage", "level": "warning"},
            **{"from_ms": SIX[1], "to_ms": SIX[2]},
        },
        {
            **{"kind": "limit", "name": "over_voltage", "level": "limit"},
            **{"from_ms": SIX[2], "to_ms": None},
        },
    ]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (str(SIX[1]), str(SIX[3])),
        ("2026-01-01T00:01:00Z", "2026-01-01T00:03:00Z"),
        ("2026-01-01T01:01:00%2B01:00", "2026-01-01T00:03:00"),
    ],
)
def test_series_between_two_times(world: PageWorld, begin: str, end: str) -> None:
    answer = world.get(f"/api/nodes/quiet/series?from={begin}&to={end}&columns=soc_pct")
    assert answer["columns"]["time_ms"] == SIX[1:4]
    assert set(answer["columns"]) == {"time_ms", "life", "boot", "seq", "soc_pct"}
    assert (answer["from_ms"], answer["to_ms"]) == (SIX[1], SIX[3])


def test_series_of_the_last_time(world: PageWorld) -> None:
    answer = world.get("/api/nodes/quiet/series?last_s=120")
    assert answer["columns"]["time_ms"] == SIX[3:]


def test_series_with_too_many_points_keeps_ends_and_extremes(world: PageWorld) -> None:
    answer = world.get("/api/nodes/many/series")
    columns = answer["columns"]
    assert answer["records"] == 6000
    assert 2500 < answer["points"] == len(columns["time_ms"]) <= 5000
    assert columns["seq"][0] == 0
    assert columns["seq"][-1] == 5999
    assert columns["voltage_v"].count(3.9) == 1
    assert answer["gaps"] == []
    few = world.get("/api/nodes/many/series?points=50")
    assert few["points"] <= 50
    assert 3.9 in few["columns"]["voltage_v"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "from must be Unix milliseconds or a time such as"),
        ("to=-5", "to must be Unix milliseconds"),
        ("to=0001-01-01T00:00Z", "to must be from 1970 to 9999"),
        (f"from={10**17}", "from must be from 1970 to 9999"),
        ("from=2&to=1", "from must not be after to"),
        ("last_s=60&from=1", "last_s and from or to exclude each other"),
        ("last_s=1.5", "last_s must be whole seconds from 1 on, not '1.5'"),
        ("points=5001", "points must be 50 to 5000, not '5001'"),
        ("points=x", "points must be 50 to 5000"),
        ("columns=soc_pct,nothing", "columns has no 'nothing': there are up_s, soc_pct"),
    ],
)
def test_a_wrong_question_is_answered_by_a_sentence(
    world: PageWorld, query: str, words: str
) -> None:
    assert world.get(f"/api/nodes/quiet/series?{query}", 400)["error"].startswith(words)


@pytest.mark.parametrize("name", ["nobody", "%3Cb%3E", "..%2Fquiet"])
def test_an_unknown_node_is_not_found(world: PageWorld, name: str) -> None:
    for path in (f"/api/nodes/{name}", f"/api/nodes/{name}/series"):
        answer = world.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]


def test_sparks_are_the_last_states_of_charge(world: PageWorld) -> None:
    answer = world.get("/api/sparks?node=quiet&node=many&node=nobody")
    assert answer["quiet"]["soc_pct"] == [50.0, 50.1, 50.2, 50.3, 50.4, 50.5]
    assert (len(answer["many"]["soc_pct"]), "nobody" in answer) == (60, False)
    assert world.get("/api/sparks", 400)["error"] == "node must be given 1 to 100 times, not 0"


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, dict]]:
    """Yield name, id and data of the events of a stream."""
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in ("event", "id", "data"):
            event[name] = value
        elif not line and event:
            yield event["event"], event["id"], json.loads(event["data"])
            event = {}


def without_alerts(stream: httpx.Response) -> Iterator[tuple[str, str, dict]]:
    return (event for event in events(stream.iter_lines()) if event[0] != "alert")


def of_node(node: str, stream: httpx.Response) -> Iterator[tuple[str, str, dict]]:
    """Pass over what comes of other nodes, which other tests have left behind."""
    return (each for each in without_alerts(stream) if each[2].get("node", node) == node)


def test_events_tell_what_happens_and_go_on_after_the_last_one(world: PageWorld) -> None:
    with world.client.stream("GET", "/api/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        found = of_node("eventful", stream)
        name, last, server = next(found)
        assert (name, server["connected"], server["simulation"]) == ("reset", True, False)
        publish(world, "eventful", 0)
        name, last, row = next(found)
        assert (name, row["node"], row["seq"]) == ("record", "eventful", 0)
        offline = ("filmgauge/eventful/status", '{"state":"offline"}')
        world.publisher.send([offline, ("filmgauge/eventful/telemetry", "no")])
        names = {name: data for name, _, data in (next(found), next(found))}
        assert names["status"]["state"] == "offline"
        assert names["refused"]["reason"] == "record is not JSON"
    publish(world, "eventful", 1)
    with world.client.stream("GET", "/api/events", headers={"Last-Event-ID": last}) as stream:
        again = of_node("eventful", stream)
        assert {next(again)[0], next(again)[0]} == {"status", "refused"}
        name, _, row = next(again)
        assert (name, row["seq"]) == ("record", 1)
    with world.client.stream("GET", "/api/events?last=0000-5") as stream:
        assert next(without_alerts(stream))[0] == "reset"


def test_events_of_one_node_have_its_records_in_full(world: PageWorld) -> None:
    with world.client.stream("GET", "/api/events?node=watched") as stream:
        found = without_alerts(stream)
        assert next(found)[0] == "reset"
        publish(world, "other", 0)
        publish(world, "watched", *range(5), voltage_uv=2_500_000, limits=1)
        records = [next(found) for _ in range(5)]
    assert [name for name, *_ in records] == ["record"] * 5
    assert [data["seq"] for *_, data in records] == [0, 1, 2, 3, 4]
    assert records[0][2]["voltage_v"] == 2.5
    assert records[0][2]["limits"] == "over_voltage:warning"


def test_a_reader_that_does_not_read_holds_nobody_up(world: PageWorld) -> None:
    """Its socket is full soon, and the server goes on with everybody else."""
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        silent.connect((world.page.host, world.page.port))
        silent.sendall(b"GET /api/events?node=busy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert silent.recv(16).startswith(b"HTTP/1.1 200")
        publish(world, "busy", *range(600))
        assert node(world, "busy")["received"] == 600


def test_the_server_says_how_it_is(world: PageWorld) -> None:
    answer = world.get("/api/server")
    assert answer["broker"] == str(world.ingest.address)
    assert (answer["connected"], answer["problem"], answer["alerts"]) == (True, "", True)
    assert answer["now_ms"] > BEGIN_MS
    assert "docs/page.md" in world.get("/api/nothing", 404)["error"]


def test_alerts_are_listed_and_told(world: PageWorld) -> None:
    with world.client.stream("GET", "/api/events?node=alarming") as stream:
        found = events(stream.iter_lines())
        publish(world, "alarming", 0, 1, 2, 3, faults=2)
        alert = next(data for name, _, data in found if name == "alert")
    assert (alert["transition"], alert["node"], alert["rule"]) == ("raised", "alarming", "faults")
    listed = [each for each in world.get("/api/alerts") if each["node"] == "alarming"]
    assert alert["id"] in [each["id"] for each in listed]
    assert listed[0]["text"]
    assert world.client.get("/metrics").text.count('node="alarming",rule="faults"') == 1


def test_metrics_are_in_prometheus_form(world: PageWorld) -> None:
    publish(world, "measured", 0)
    answer = world.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    wanted = r'^filmgauge_state_of_charge_ratio\{node="measured"\} 0\.812345$'
    assert re.search(wanted, answer.text, re.MULTILINE)
    # One of which only the store knows is missed by nobody else.
    assert 'filmgauge_node_up{node="quiet"} 0.0\n' in answer.text
    assert 'filmgauge_node_state{node="quiet",state="late"} 1.0\n' in answer.text


def test_answers_protect_the_page(world: PageWorld) -> None:
    for path in ("/", "/api/nodes", "/static/app.js", "/api/none"):
        headers = world.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
    assert world.client.get("/static/../server.py").status_code == 404
    assert world.client.get("/static/%2e%2e/server.py").status_code == 404
    assert world.client.post("/api/nodes").status_code == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("127.0.0.1:8765", 200), ("[::1]:8765", 200), ("192.168.1.5", 200)),
        *(("evil.example", 421), ("localhost.evil.example", 421), ("", 421), ("[evil]", 421)),
    ],
)
def test_only_own_names_are_served(world: PageWorld, host: str, status: int) -> None:
    assert world.client.get("/api/server", headers={"Host": host}).status_code == status


TOKEN = "a-token-of-22-characters"


def test_elsewhere_a_token_is_needed(world: PageWorld) -> None:
    with PageServer(world.ingest, world.store, host="0.0.0.0", port=0, token=TOKEN) as page:
        address = f"http://127.0.0.1:{page.port}"
        assert page.url.endswith(f":{page.port}/?token={TOKEN}")
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            for path in ("/", "/api/nodes", "/api/events", "/metrics", "/static/app.js"):
                assert client.get(path).status_code == 401
            assert client.get("/?token=another-token-of-22-ch").status_code == 401
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert client.get("/api/nodes", headers=bearer).status_code == 200
            wrong = {"Authorization": f"Bearer {TOKEN}x"}
            assert client.get("/api/nodes", headers=wrong).status_code == 401
            login = client.get(f"/?x=1&token={TOKEN}")
            assert (login.status_code, login.headers["location"]) == (303, "/?x=1")
            cookie = login.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert client.get("/api/nodes").status_code == 200
            away = client.get(f"//evil.example/?token={TOKEN}")
            assert not away.headers.get("location", "/").startswith("//")


def test_elsewhere_without_one_a_token_is_made(world: PageWorld) -> None:
    first, second = (
        PageServer(world.ingest, world.store, host="0.0.0.0", port=0) for _ in range(2)
    )
    assert first.token
    assert len(first.token) >= 24
    assert first.token != second.token
    first.close()
    second.close()


@pytest.mark.parametrize("token", ["short", "", "sixteen letters!", "x" * 200])
def test_a_weak_token_is_refused(world: PageWorld, token: str) -> None:
    with pytest.raises(InputError, match="token must have 16 to 128 characters"):
        PageServer(world.ingest, world.store, port=0, token=token)


def test_a_port_in_use_is_one_sentence(world: PageWorld) -> None:
    with pytest.raises(PortInUseError, match=f"port {world.page.port} .* --port$"):
        PageServer(world.ingest, world.store, port=world.page.port)
    with pytest.raises(FilmgaugeError, match=r"--bind no\.such\.host\.invalid is no address"):
        PageServer(world.ingest, world.store, host="no.such.host.invalid", port=0)
    with pytest.raises(FilmgaugeError, match=r"--bind 192\.0\.2\.1 is no address of this machine"):
        PageServer(world.ingest, world.store, host="192.0.2.1", port=0)


def test_closing_ends_open_streams_and_the_thread(world: PageWorld) -> None:
    with PageServer(world.ingest, world.store, port=0) as page:
        client = httpx.Client(base_url=page.url, timeout=PATIENCE_S)
        stream = client.send(client.build_request("GET", "/api/events"), stream=True)
        lines = stream.iter_lines()
        assert next(lines) == "event: reset"
        reader = threading.Thread(target=lambda: [*lines])
        reader.start()
    reader.join(PATIENCE_S)
    assert not reader.is_alive()
    assert page._thread.is_alive() is False
    client.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(page.url)
