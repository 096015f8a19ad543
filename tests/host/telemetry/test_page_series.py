"""The page's courses over either database, exact and from the store's own down-sampling."""

import time

import pytest
from mqtt_nodes import record
from page_world import BEGIN_MS, STEP_MS, course

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.metrics import metrics_text
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.telemetry.store_writer import StoreWriter
from filmgauge_host.web import series
from filmgauge_host.web.page_data import PageData
from filmgauge_host.web.record_time import RecordTime
from filmgauge_host.web.series import SeriesReader

DAY_MS = 86_400_000
KEYS = [(7, 1, 0), (7, 1, 1), (7, 1, 4), (9, 1, 0)]


def test_a_course_is_the_same_in_either_store(opened) -> None:
    with opened() as store:
        store.add(course("bench", KEYS, lambda at: {"faults": 8 * (at == 2)}))
        answer = SeriesReader(store, RecordTime(store)).read("bench", from_ms=BEGIN_MS + STEP_MS)
    columns = answer["columns"]
    keys = zip(columns["life"], columns["boot"], columns["seq"], strict=True)
    assert [*keys] == KEYS[1:]
    assert columns["time_ms"] == [BEGIN_MS + at * STEP_MS for at in (1, 2, 3)]
    assert columns["soc_pct"] == [50.1, 50.2, 50.3]
    assert [gap["missing"] for gap in answer["gaps"]] == [2]
    assert [mark["new_life"] for mark in answer["restarts"]] == [True]
    assert [event["name"] for event in answer["events"]] == ["gap"]


def test_a_long_course_keeps_its_extremes_and_its_marks(
    opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "EXACT_MAX", 100)
    keys = [(7, 1, seq) for seq in range(400) if seq != 200]
    with opened() as store:
        store.add(course("bench", keys, lambda at: {"voltage_uv": 3_900_000 - 1_000 * (at != 77)}))
        answer = SeriesReader(store, RecordTime(store)).read("bench", points=50)
    assert answer["records"] == 399
    assert 2 <= answer["points"] == len(answer["columns"]["time_ms"]) <= 50
    assert max(filter(None, answer["columns"]["voltage_v"])) == 3.9
    assert set(answer["columns"]["seq"]) == {None}
    assert [gap["missing"] for gap in answer["gaps"]] == [1]


HOUR_MS = 3_600_000
# Of 200 hours, one record every half; 100 hours are kept whole.
HALVES = [(7, 1, seq) for seq in range(400)]
RAW_FROM_MS = BEGIN_MS + 100 * HOUR_MS


def spiked(at: int) -> dict[str, int]:
    """A spike where only hours are, and another one where records are."""
    spike = {31: 3_900_000, 333: 1_100_000}
    return {"minute": 30 * at, "soc_ppm": 1_000 * at, "voltage_uv": spike.get(at, 2_100_000)}


def kept_for_100_hours(store: StoreWriter) -> SeriesReader:
    store.add(course("bench", HALVES, spiked))
    Retention(store, keep_raw_s=100 * 3600).run(BEGIN_MS + 200 * HOUR_MS)
    assert store.count("bench") == 200
    return SeriesReader(store, RecordTime(store))


@pytest.mark.parametrize("exact_most", [20_000, 100])
def test_a_course_goes_on_where_single_records_are_gone(
    opened, monkeypatch: pytest.MonkeyPatch, exact_most: int
) -> None:
    monkeypatch.setattr(series, "EXACT_MAX", exact_most)
    with opened() as store:
        reader = kept_for_100_hours(store)
        whole = reader.read("bench", points=400)
        old = reader.read("bench", BEGIN_MS + 20 * HOUR_MS, BEGIN_MS + 40 * HOUR_MS, 50)
        recent = reader.read("bench", from_ms=RAW_FROM_MS, to_ms=RAW_FROM_MS + 10 * HOUR_MS)
    columns = whole["columns"]
    assert columns["time_ms"][0] - BEGIN_MS < 2 * HOUR_MS
    assert whole["to_ms"] > BEGIN_MS + 198 * HOUR_MS
    assert (min(columns["voltage_v"]), max(columns["voltage_v"])) == (1.1, 3.9)
    assert columns["soc_pct"] == sorted(columns["soc_pct"])
    assert (whole["records"], whole["raw_from_ms"]) == (200, RAW_FROM_MS)
    assert whole["points"] == len(columns["time_ms"]) <= 400
    if exact_most > 200:  # single records have their numbers beside hours
        assert columns["seq"][-1] == 399
        assert [seq is None for seq in columns["seq"]] == sorted(
            (seq is None for seq in columns["seq"]), reverse=True
        )
    assert old["records"] == 0
    assert 20 < old["points"] <= 50
    assert old["columns"]["soc_pct"][0] == pytest.approx(4.0, abs=0.2)
    assert old["columns"]["soc_pct"][-1] == pytest.approx(8.0, abs=0.2)
    assert recent["columns"]["seq"] == list(range(200, 221))


def test_a_course_of_hours_alone(opened) -> None:
    with opened() as store:
        store.add(course("bench", HALVES, spiked))
        Retention(store).run(BEGIN_MS + 365 * DAY_MS)
        reader = SeriesReader(store, RecordTime(store))
        whole = reader.read("bench")
        assert reader.newest_ms("bench") == BEGIN_MS + 200 * HOUR_MS - 1
        spark = reader.recent("bench", 60)
        assert reader.read("bench", from_ms=BEGIN_MS + 366 * DAY_MS)["points"] == 0
    assert (whole["records"], whole["gaps"], whole["restarts"]) == (0, [], [])
    assert max(whole["columns"]["voltage_v"]) == 3.9
    assert whole["columns"]["soc_pct"][-1] == 39.9
    assert spark["time_ms"] == [BEGIN_MS + at * HOUR_MS for at in range(140, 200)]
    assert spark["soc_pct"][-1] == 39.9


@pytest.mark.parametrize("exact_most", [20_000, 100])
def test_what_hours_have_left_is_of_the_life_it_was_measured_in(
    opened, monkeypatch: pytest.MonkeyPatch, exact_most: int
) -> None:
    monkeypatch.setattr(series, "EXACT_MAX", exact_most)
    keys = [*((7, 1, seq) for seq in range(120)), *((9, 1, seq) for seq in range(280))]

    def halves(at: int) -> dict[str, int]:
        return {"minute": 30 * at, "up_s": 1800 * (at if at < 120 else at - 120)}

    with opened() as store:
        store.add(course("bench", keys, halves))
        Retention(store, keep_raw_s=100 * 3600).run(BEGIN_MS + 200 * HOUR_MS)
        columns = SeriesReader(store, RecordTime(store)).read("bench", points=400)["columns"]
    hours = [(at - BEGIN_MS) / HOUR_MS for at in columns["time_ms"]]
    lives = [*zip(hours, columns["life"], strict=True)]
    assert {life for hour, life in lives if hour < 57} == {7}
    assert None in {life for hour, life in lives if 59 < hour < 61}
    assert {life for hour, life in lives if hour > 63} == {9}


def test_a_node_whose_records_are_gone_by_age_is_listed_with_its_last_hour(opened) -> None:
    with opened() as store:
        store.add(course("gone", KEYS, voltage_uv=2_100_000, faults=8))
        store.add(course("there", [(7, 1, 0)], lambda at: {"minute": 140_000}))
        Retention(store).run(BEGIN_MS + 100 * DAY_MS)
        assert (store.count("gone"), store.count("there")) == (0, 1)
        ingest = Ingest(parse_address("mqtt://127.0.0.1:1"), store)  # which is not started
        rows = PageData(ingest, store, None, None).rows()
    assert [row["node"] for row in rows] == ["gone", "there"]
    gone = rows[0]
    assert (gone["life"], gone["boot"], gone["seq"], gone["lives"]) == (9, 1, 0, 2)
    assert (gone["soc_pct"], gone["voltage_v"], gone["time_to_empty_s"]) == (50.3, 2.1, None)
    assert (gone["state"], gone["time_ms"], gone["history"]) == ("late", BEGIN_MS, True)
    assert gone["age_s"] == pytest.approx(time.time() - BEGIN_MS / 1000, abs=60)


def test_what_is_missing_of_a_node_that_has_only_been_stored_is_counted(opened) -> None:
    with opened() as store:
        store.add(course("gappy", KEYS))
        ingest = Ingest(parse_address("mqtt://127.0.0.1:1"), store)  # which is not started
        data = PageData(ingest, store, None, None)
        (row,) = data.rows()
        text = metrics_text(ingest, data.directory.readable_nodes(), None).decode()
    assert (row["lost"], row["lost_earlier"], row["received"]) == (2, 2, 0)
    assert "2 records missing" in row["reasons"]
    assert 'filmgauge_records_missing{node="gappy"} 2.0' in text


def test_what_had_waited_is_dated_by_the_store_for_events_too(opened) -> None:
    made, live = course("bench", [(7, 1, 4), (7, 1, 5)])
    waited = ReceivedRecord("bench", made.record, live.received_unix_ms + 1000, True)
    with opened() as store:
        store.add([live, waited])
        time = RecordTime(store)
        assert (time.ms(live), time.ms(waited)) == (live.received_unix_ms, BEGIN_MS)
        unknown = ReceivedRecord("bench", record(99, boot=9), 5, True)
        assert time.ms(unknown) == 5
