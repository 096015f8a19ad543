"""Rows against the decoder that every receiver of records shares, which is the witness."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mqtt_nodes import record
from older_records import older_record

from filmgauge.decoding.record_json import record_from_json
from filmgauge.record.record import Record, fields
from filmgauge_host.telemetry.received_record import FIELDS
from filmgauge_host.telemetry.record_row import _DECODER, compact_values, json_values

KEYS = {key: digits for _, key, digits, *_ in fields()}
FEW = settings(max_examples=30)  # a record has 40 fields to draw
WORDS = ["none", "gap+reset", "gap+gap", "cold:fault", "warm:limit+cold:limit", "nonsense", ""]
odd_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record with any of its fields at any value, its bounds more often than chance has it."""
    values = {}
    for name, _, _, low, high in fields():
        value = st.integers(low, high) | st.sampled_from([low, high])
        always = name in ("boot", "seq", "up_s", "life")
        values[name] = draw(value if always else st.none() | value)
    return Record(**values)


def outcome(read, payload: bytes) -> list[int | None] | str:
    """What a decoder makes of a payload: values, or the sentence of its refusal."""
    try:
        found = read(payload)
    except ValueError as error:
        return str(error)
    return found.values() if isinstance(found, Record) else found


def same(payload: bytes) -> list[int | None] | str:
    found = outcome(json_values, payload)
    assert found == outcome(record_from_json, payload)
    if isinstance(found, list):
        assert all(value is None or type(value) is int for value in found)
    return found


@FEW
@given(records())
def test_every_record_is_read_at_once_and_exactly(sent: Record):
    payload = sent.to_json().encode()
    _DECODER.decode(payload)  # without the witness
    assert same(payload) == sent.values()
    assert compact_values(sent.to_bytes()) == sent.values()


@FEW
@given(records(), st.dictionaries(st.sampled_from(["v", *KEYS, "more"]), odd_json, max_size=4))
def test_what_is_wrong_is_refused_in_the_same_words(sent: Record, changes: dict):
    same(json.dumps({**json.loads(sent.to_json()), **changes}).encode())


@given(st.data())
def test_bounds_are_the_same_to_the_last_digit(data: st.DataObject):
    name, key, digits, low, high = data.draw(st.sampled_from(list(fields())))
    bound = data.draw(st.sampled_from([low, high]))
    beyond = data.draw(st.floats(-2, 2) | st.integers(-2, 2))
    value = (bound + beyond) / 10**digits if digits else bound + beyond
    if name not in ("faults", "limits"):
        same(json.dumps({**json.loads(record(7).to_json()), key: value}).encode())


@FEW
@given(records(), st.data())
def test_bytes_that_were_spoilt_are_the_same_to_both(sent: Record, data: st.DataObject):
    payload = bytearray(sent.to_json().encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload) - 1))
        new = data.draw(st.binary(max_size=2) | st.sampled_from([b'"', b"}", b",", b"e9", b"0"]))
        payload[at : at + data.draw(st.integers(0, 2))] = new
    same(bytes(payload))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace('"seq"', r'"se\u0071"').encode(),
        lambda text: text.replace("}", ',"seq":8}').encode(),
        lambda text: text.replace("}", ',"x":"\\ud800"}').encode(),
        lambda text: text.encode().replace(b"}", b',"x":"\xff"}'),
        lambda text: text.replace('"seq":7', '"seq":7.0').encode(),
        lambda text: text.replace('"seq":7', '"seq":07').encode(),
        lambda text: text.replace('"v":5', '"v":5.0').encode(),
        lambda text: text.replace('"v":5', '"v":4').encode(),
        lambda text: text.replace('"v":5', '"v":3').encode(),
        lambda text: text.replace('"v":5', '"v":6').encode(),
        lambda text: text.replace('"soc_pct":81.2345', '"soc_pct":NaN').encode(),
        lambda text: text.replace('"soc_pct":81.2345', '"soc_pct":8.12345e1').encode(),
        lambda text: text.replace('"soc_pct":81.2345', '"soc_pct":1' + "0" * 400).encode(),
        lambda text: text.encode() + b" \n",
        lambda text: text.encode() + b"{}",
        lambda text: text.encode()[:-1],
    ],
)
def test_the_corners_of_json_are_the_same_to_both(change):
    same(change(record(7).to_json()))


def test_words_are_remembered_up_to_a_bound(monkeypatch):
    monkeypatch.setattr("filmgauge_host.telemetry.record_row._WORDS_REMEMBERED", 8)
    for bits in range(1, 40):
        assert (
            json_values(record(7, faults=bits).to_json().encode())[FIELDS.index("faults")] == bits
        )


def test_the_compact_form_of_earlier_versions_is_read():
    sent = record(70_000, boot=3, refused=None, restarts=None)
    assert compact_values(older_record(sent, 4)) == sent.values()
    sent = record(70_000, boot=3, life=0, resets=None, refused=None, restarts=None)
    assert compact_values(older_record(sent, 3)) == sent.values()


@FEW
@given(records(), st.data())
def test_a_compact_record_with_a_wrong_byte_is_refused(sent: Record, data: st.DataObject):
    payload = bytearray(sent.to_bytes())
    payload[data.draw(st.integers(0, 127))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="checksum"):
        compact_values(bytes(payload))
