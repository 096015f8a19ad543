import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_nodes import record

from filmgauge.uplink.mqtt.topics import INFO, LOG, STATUS, TELEMETRY, topic
from filmgauge_host.telemetry.messages import (
    Info,
    LastRecord,
    Probe,
    Rejected,
    Status,
    Withdrawn,
    decode,
    probe_payload,
    split_topic,
)
from filmgauge_host.telemetry.received_record import ReceivedRecord

LEAVES = ["telemetry", "log", "last", "log/compact", "status", "info", "event"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_telemetry_and_log_are_the_same_record_but_for_history():
    sent = record(7)
    for leaf, retained, history in (
        ("telemetry", False, False),
        ("log", False, True),
        ("telemetry", True, True),
    ):
        payload = sent.to_json().encode()
        message = decode(f"filmgauge/bench/{leaf}", payload, retained, 5)
        assert message == ReceivedRecord("bench", sent, 5, history)


def test_the_compact_form_is_the_same_record():
    sent = record(7, life=9)
    for leaf, history in (("telemetry", False), ("log", True)):
        message = decode(f"filmgauge/bench/{leaf}/compact", sent.to_bytes(), False, 5)
        assert message == ReceivedRecord("bench", sent, 5, history)
        refused = decode(f"filmgauge/bench/{leaf}/compact", sent.to_json().encode(), False, 5)
        assert isinstance(refused, Rejected)
        assert "128 bytes" in refused.reason


@pytest.mark.parametrize("retained", [True, False])
def test_the_last_record_is_history_and_no_record_of_its_own(retained):
    sent = record(7)
    message = decode("filmgauge/bench/last", sent.to_json().encode(), retained, 5)
    assert message == LastRecord(ReceivedRecord("bench", sent, 5, True))
    assert decode("filmgauge/bench/last", b"", True, 5) == Withdrawn("bench", "last")


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_probe_is_of_no_node(leaf: str):
    assert decode(f"filmgauge/a/{leaf}", probe_payload("x"), False, 5) == Probe()


def test_a_report_as_json_is_the_record_with_node_and_history():
    sent = record(7)
    written = json.loads(ReceivedRecord("bench", sent, 5, True).to_json())
    assert written == {"node": "bench", "history": True, **json.loads(sent.to_json())}


def test_status_and_info():
    status = b'{"state":"sleeping","next_report_s":300}'
    assert decode("filmgauge/a/status", status, True, 5) == Status(
        "a", "sleeping", 300.0, 5, is_retained=True
    )
    status = b'{"state":"online"}'
    assert decode("filmgauge/a/status", status, False, 5) == Status("a", "online", None, 5)
    assert decode("filmgauge/a/info", b'{"cell":"x\\u001b[2J"}', True, 5) == Info(
        "a", {"cell": "x?[2J"}
    )
    told = b'{"firmware":"0.2.0","version":{"number":7,"outcome":"runs"}}'  # docs/upgrade.md
    assert decode("filmgauge/a/info", told, True, 5) == Info(
        "a", {"firmware": "0.2.0", "version.number": 7, "version.outcome": "runs"}
    )
    assert decode("filmgauge/a/status", b"", True, 5) == Withdrawn("a", "status")


@pytest.mark.parametrize(
    ("topic", "payload", "word"),
    [
        ("filmgauge/a/telemetry", b"\xff", "JSON"),
        ("filmgauge/a/telemetry", b"[" * 50_000, "deeply"),
        ("filmgauge/a/telemetry", b'{"v":3,"boot":1,"seq":1,"faults":"none"}', "up_s is missing"),
        ("filmgauge/a/telemetry", b'{"v":1}', "version"),
        ("filmgauge/a/status", b"online", "JSON"),
        ("filmgauge/a/status", b'{"state":"dead"}', "state"),
        ("filmgauge/a/status", b'{"state":["online"]}', "state"),
        ("filmgauge/a/status", b'{"state":"online","next_report_s":-1}', "next_report_s"),
        ("filmgauge/a/status", b'{"state":"online","next_report_s":NaN}', "next_report_s"),
        ("filmgauge/a/status", b'{"state":"online","next_report_s":true}', "next_report_s"),
        ("filmgauge/a/info", b'{"cell":["x"]}', "tables of values"),
        ("filmgauge/a/info", b'{"cell":{"name":{"x":1}}}', "tables of values"),
        ("filmgauge/a/event", b"{}", "event"),
        ("filmgauge/A B/telemetry", b"{}", "topic"),
        ("", b"", "topic"),
    ],
)
def test_says_what_is_wrong(topic, payload, word):
    message = decode(topic, payload, False, 5)
    assert isinstance(message, Rejected)
    assert word in message.reason


@given(
    st.sampled_from(LEAVES),
    st.binary() | json_values.map(lambda value: json.dumps(value).encode()),
)
def test_any_payload_is_decoded_or_refused_in_one_printable_sentence(leaf, payload):
    message = decode(f"filmgauge/bench/{leaf}", payload, False, 5)
    if isinstance(message, Rejected):
        assert message.reason.isprintable()
        assert 0 < len(message.reason) <= 200


@given(st.dictionaries(st.sampled_from(list(json.loads(record(1).to_json()))), json_values))
def test_a_record_with_wrong_fields_never_gets_through_changed(changes):
    payload = json.dumps({**json.loads(record(1).to_json()), **changes}).encode()
    message = decode("filmgauge/bench/telemetry", payload, False, 5)
    if isinstance(message, ReceivedRecord):
        again = decode("filmgauge/bench/telemetry", message.record.to_json().encode(), False, 5)
        assert again == message


def test_split_is_the_inverse() -> None:
    for node in ("a", "0", "bench-1", "x" * 32):
        for leaf in (TELEMETRY, LOG, STATUS, INFO, "other"):
            assert split_topic(topic(node, leaf)) == (node, leaf)


def test_foreign_topics() -> None:
    for name in (
        "",
        "filmgauge",
        "filmgauge/a",
        "filmgauge/a/b/c",
        "filmgauge/a/telemetry/compact/c",
        "filmgauge/a/status/compact",
        "Filmgauge/a/log",
        "other/a/log",
        "filmgauge//log",
        "filmgauge/+/log",
        "filmgauge/A/log",
        "/filmgauge/a/log",
    ):
        assert split_topic(name) is None
