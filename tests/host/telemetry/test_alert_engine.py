"""Every rule is raised once and cleared once, over restarts too, by what is true now alone."""

from dataclasses import replace

import pytest
from alert_bed import NODE, AlertBed, good

from filmgauge.record import FAULT_COUNTER, FAULT_LIFE, FAULT_SENSOR
from filmgauge_host.telemetry.alerts.alert import Alert
from filmgauge_host.telemetry.alerts.alert_log import AlertLog, LocalAlertLog, open_alert_log
from filmgauge_host.telemetry.alerts.record_kinds import RECORD_KINDS
from filmgauge_host.telemetry.alerts.rules import KINDS, read_rules
from filmgauge_host.telemetry.alerts.state_kinds import MonitorSituation
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.telemetry.sqlite_file import StorageError

_DAY_S = 86400
# kind: what a record has that raises it, beside the ones before and after
WRONG = {
    "low": ("", {"available_nah": 3_000}),
    "empty": ("", {"to_empty_s": 2 * _DAY_S}),
    "health": ("", {"full_nah": 40_000}),
    "sigma": ("", {"soc_sigma_ppm": 150_000}),
    "drift": ("", {"corrected_nah": 9_000}),
    "limits": ("under_voltage", {"limits": 2 << 2}),
    "faults": ("sensor", {"faults": FAULT_SENSOR}),
    "restarted": ("", {"boot": 2}),
    "new_life": ("", {"life": 8, "faults": FAULT_LIFE}),
    "refused_commands": ("", {"faults": FAULT_COUNTER}),
}
# these begin something that goes on: only the first record has it
BEGINNINGS = {"restarted": {"boot": 2}, "new_life": {"life": 8}, "drift": {"corrected_nah": 9_000}}


@pytest.fixture
def bed(tmp_path):
    with AlertBed(tmp_path / "records.sqlite") as made:
        yield made


def days_later(seq: int) -> dict[str, int]:
    """Return what a record has that is a day after the one before."""
    return {"up_s": seq * _DAY_S}


@pytest.mark.parametrize("restarting", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_a_rule_about_records_is_raised_once_and_cleared_once(bed, kind, restarting):
    subject, wrong = WRONG[kind]
    after = BEGINNINGS.get(kind, {})
    bed.describe(full_uah=60)
    timing = days_later if kind == "drift" else lambda seq: {}
    for seq in range(3):
        bed.report(good(seq, **timing(seq)))
    assert bed.said == []
    begins = 3 if kind == "restarted" else 0  # a boot begins at 0
    for seq in range(3, 7):
        values = wrong if seq == 3 or not after else after
        bed.report(good(seq - begins, **{**timing(seq), **values}))
        if restarting and bed.said:
            bed.restart()
    assert bed.said[:1] == [("raised", kind, subject)]
    for seq in range(7, 21):
        bed.report(good(seq - begins, **{**timing(seq), **after}))
        if restarting and seq == 7:
            bed.restart()
    assert bed.said == [("raised", kind, subject), ("cleared", kind, subject)]
    assert bed.engine.active() == []
    (alert,) = bed.log.alerts(with_cleared=True)
    assert (alert.rule, alert.node, alert.state) == (kind, NODE, "cleared")


def test_every_kind_about_records_has_a_case():
    assert WRONG.keys() == RECORD_KINDS.keys()


def test_a_single_record_is_not_enough_where_two_are_asked_for(bed):
    for seq, nah in enumerate([50_000, 3_000, 50_000, 3_000, 50_000]):
        bed.report(good(seq, available_nah=nah))
    assert bed.said == []


def test_between_threshold_and_hysteresis_nothing_changes(bed):
    for seq, pct in enumerate([50, 9, 9, 11, 9, 12, 12]):
        bed.report(good(seq, available_nah=pct * 580))
    assert bed.said == [("raised", "low", "")]
    bed.report(good(7, available_nah=13 * 580 + 1))
    assert bed.said[1:] == [("cleared", "low", "")]


def test_what_is_low_is_what_is_available_not_what_is_stored(bed):
    bed.report(good(0))
    cold = {"stored_nah": 55_000, "available_nah": 0, "available_full_nah": 0}
    for seq in (1, 2):
        bed.report(good(seq, temperature_cdeg=-3000, **cold))
    (alert,) = bed.engine.active()
    assert "gives 0.0 of 0.0 uAh at -30.0 degC" in alert.text
    assert "below 10 %" in alert.text


def test_history_and_late_records_say_nothing_about_now(bed):
    bed.report(good(10))
    for seq in (11, 12, 13):
        bed.report(good(seq, faults=FAULT_SENSOR, available_nah=1), history=True)
    for seq in (3, 4, 5):  # live by their topic, and older than what is here
        bed.report(good(seq, faults=FAULT_SENSOR, available_nah=1))
    assert bed.said == []
    for seq in (14, 15):
        bed.report(good(seq, available_nah=1))
    for seq in range(16, 40, 3):
        bed.receive(good(seq), history=True)
    for seq in (6, 7, 8, 9):
        bed.report(good(seq))
    assert bed.said == [("raised", "low", "")]


def test_records_of_a_life_that_is_over_raise_nothing(bed):
    bed.report(good(0, life=7))
    bed.report(good(0, life=9))
    assert bed.said == [("raised", "new_life", "")]
    for seq in (1, 2, 3):
        bed.report(good(seq, life=7, available_nah=1, faults=FAULT_SENSOR))
    assert bed.said == [("raised", "new_life", "")]


def test_what_came_and_went_while_nobody_was_here_is_in_the_list_and_wakes_nobody(bed):
    bed.report(good(0))
    for seq in range(1, 30):
        bed.receive(good(seq, faults=FAULT_SENSOR if 5 < seq < 9 else 0))
    bed.tick()
    assert bed.said == []
    assert [alert.subject for alert in bed.log.alerts(with_cleared=True)] == ["sensor"]


def test_each_fault_is_an_alert_of_its_own(bed):
    bed.report(good(0))
    bed.report(good(1, faults=FAULT_SENSOR))
    bed.report(good(2, faults=FAULT_SENSOR | 1))
    assert bed.said == [("raised", "faults", "sensor"), ("raised", "faults", "profile")]


def test_a_fault_for_drift_is_not_what_sigma_expected(bed):
    for seq in range(3):
        bed.report(good(seq, soc_sigma_ppm=80_000, **days_later(seq)))
    bed.report(good(3, corrected_nah=9_000, **days_later(3)))  # less than 2 x 8 % of 60 uAh
    assert bed.said == []


def test_silent_is_judged_by_what_the_node_has_announced(bed):
    bed.announce(3600)
    bed.report(good(0))
    bed.tick(2 * 3600)
    assert bed.said == []
    bed.tick(30)
    bed.tick(3600)
    assert bed.said == [("raised", "silent", "")]
    assert "due after 60 min" in bed.engine.active()[0].text
    bed.restart()
    for _ in range(3):
        bed.tick(60)
    assert bed.said == [("raised", "silent", "")]
    bed.report(good(1))
    bed.tick(60)
    assert bed.said == [("raised", "silent", ""), ("cleared", "silent", "")]


@pytest.mark.parametrize("left", ["hours", "nothing"])
def test_a_restart_clears_no_silence_of_a_node_whose_records_are_gone(bed, left):
    bed.announce(60)
    bed.report(good(0))
    bed.tick(60)
    bed.tick(600)
    assert bed.said == [("raised", "silent", "")]
    Retention(bed.store).run(100 * 86_400_000)
    assert bed.store.count(NODE) == 0
    if left == "nothing":
        with bed.store.transaction() as transaction:
            transaction.run("DELETE FROM hourly", [()])
    bed.restart()
    for _ in range(5):
        bed.tick(60)
    assert bed.said == [("raised", "silent", "")]
    assert [alert.rule for alert in bed.engine.active()] == ["silent"]
    bed.report(good(1))
    assert bed.said == [("raised", "silent", ""), ("cleared", "silent", "")]


def test_a_node_of_which_only_the_broker_knows_is_silent_in_time(bed):
    bed.announce(600)
    bed.restart()
    bed.tick()
    bed.tick(1200)
    assert bed.said == []
    bed.tick(20)
    assert bed.said == [("raised", "silent", "")]
    assert "silent for 20 min" in bed.engine.active()[0].text
    bed.restart()
    bed.tick()
    bed.tick(600)
    assert bed.said == [("raised", "silent", "")]


def test_nobody_is_silent_while_the_broker_is_gone_and_shortly_after(bed):
    bed.report(good(0))
    bed.situation = MonitorSituation(connected=False)
    for _ in range(5):
        bed.tick(600)
    bed.situation = MonitorSituation()
    bed.tick(600)
    bed.tick(20)
    assert bed.said == []
    bed.tick(20)
    assert bed.said == [("raised", "silent", "")]


def test_after_a_lost_session_a_node_has_its_interval(bed):
    bed.report(good(0))
    bed.situation = MonitorSituation(connected=False)
    bed.tick(6000)
    bed.situation = MonitorSituation(sessions_lost=1)
    bed.tick(1)
    bed.situation = MonitorSituation()
    bed.tick(250)
    assert [rule for _, rule, _ in bed.said] == ["session"]
    bed.tick(100)
    assert [rule for _, rule, _ in bed.said] == ["session", "silent"]


def test_a_gap_waits_for_the_backlog_and_ends_when_it_is_filled(bed):
    bed.report(good(0))
    bed.report(good(3))
    for seq in (1, 2):
        bed.report(good(seq), history=True)
    bed.report(good(4))
    bed.tick(1000)
    bed.report(good(7))
    for seq in range(8, 30):
        bed.report(good(seq))
    assert [each for each in bed.said if each[1] == "gap"] == [("raised", "gap", "")]
    bed.report(good(5), history=True)
    bed.report(good(6), history=True)
    assert [each for each in bed.said if each[1] == "gap"][1:] == [("cleared", "gap", "")]


def test_an_acknowledged_gap_is_over_and_the_next_one_is_news(bed):
    bed.report(good(0))
    for seq in range(2, 20):
        bed.report(good(seq))
    (alert,) = bed.engine.active()
    assert bed.engine.acknowledge(alert.id)
    assert not bed.engine.acknowledge(alert.id)
    bed.tick(1)
    assert bed.said[1:] == [("acknowledged", "gap", ""), ("cleared", "gap", "")]
    bed.restart()
    for seq in range(20, 40):
        bed.report(good(seq))
    assert len(bed.said) == 3
    for seq in range(41, 60):
        bed.report(good(seq))
    assert bed.said[3:] == [("raised", "gap", "")]
    assert "1 of its records" in bed.engine.active()[0].text


@pytest.mark.parametrize("when", ["off", "unheard"])
def test_a_gap_that_is_acknowledged_before_its_node_is_heard_is_over_then(bed, when):
    bed.report(good(0))
    for seq in range(2, 20):
        bed.report(good(seq))
    (alert,) = bed.engine.active()
    if when == "off":
        assert bed.log.acknowledge(alert.id, 5)
    bed.restart()
    bed.tick(1)
    if when == "unheard":
        assert bed.engine.acknowledge(alert.id)
        bed.tick(1)
    assert [each.state for each in bed.engine.active()] == ["acknowledged"]
    for seq in range(22, 40):  # two more are missing
        bed.report(good(seq))
    after = [each for each in bed.said[1:] if each[0] != "acknowledged"]
    assert after == [("cleared", "gap", ""), ("raised", "gap", "")]
    assert "2 of its records" in bed.engine.active()[0].text
    bed.restart()
    bed.tick(1)
    assert [each.state for each in bed.engine.active()] == ["active"]


def test_an_acknowledged_gap_is_over_however_long_its_rule_keeps_firing(tmp_path):
    table = {"for": "2min", "keep_firing_for": "1h"}
    rules = read_rules({"rules": {"gap": table}}).rules
    with AlertBed(tmp_path / "records.sqlite", rules) as bed:
        for seq in (0, 2, 3, 4, 5):
            bed.report(good(seq))
        (alert,) = bed.engine.active()
        assert bed.engine.acknowledge(alert.id)
        bed.tick(1)
        for seq in (7, 8, 9, 10):
            bed.report(good(seq))
        assert [transition for transition, _, _ in bed.said] == [
            *("raised", "acknowledged", "cleared", "raised")
        ]


def test_refused_payloads(bed):
    bed.report(good(0))
    for _ in range(3):
        bed.reject("v is missing")
        bed.tick(1)
    assert bed.said == [("raised", "rejected", "")]
    assert "v is missing" in bed.engine.active()[0].text
    for seq in range(1, 62):
        bed.report(good(seq))
    assert bed.said[1:] == [("cleared", "rejected", "")]


@pytest.mark.parametrize(
    ("kind", "subject", "situation"),
    [
        ("broker", "", MonitorSituation(connected=False, broker="broker cannot be reached")),
        ("store", "", MonitorSituation(store="store is full")),
        ("session", "", MonitorSituation(sessions_lost=1)),
        ("destination", "ops", MonitorSituation(destinations={"ops": "it answers 500"})),
    ],
)
def test_a_problem_of_the_monitor_itself(bed, kind, subject, situation):
    bed.tick(1)
    for at in range(61):
        bed.situation = situation if kind != "session" or not at else MonitorSituation()
        bed.tick(1)
    assert bed.said == [("raised", kind, subject)]
    assert bed.engine.active()[0].title.startswith("monitor ")
    bed.situation = replace(MonitorSituation(), destinations={"ops": ""})
    for _ in range(61):
        bed.tick(60)
    assert bed.said == [("raised", kind, subject), ("cleared", kind, subject)]


def test_every_kind_is_tested_here():
    others = {"silent", "gap", "rejected", "broker", "store", "session", "destination"}
    assert KINDS.keys() == WRONG.keys() | others


def test_another_process_acknowledges(bed, tmp_path):
    bed.report(good(0))
    bed.report(good(1, faults=FAULT_SENSOR))
    number = bed.engine.active()[0].id
    with AlertLog(tmp_path / "records.sqlite") as other:
        assert other.acknowledge(number, 5)
        assert not other.acknowledge(number, 6)
    bed.tick(1)
    bed.tick(1)
    assert bed.said[1:] == [("acknowledged", "faults", "sensor")]
    bed.restart()
    (alert,) = bed.engine.active()
    assert (alert.state, alert.acknowledged_unix_ms) == ("acknowledged", 5)


def test_a_restart_raises_nothing_again_however_much_is_wrong(bed):
    count = 1001
    bed.log.write([_faulty(number) for number in range(1, count + 1)], {}, [])
    bed.restart()
    assert len(bed.engine.active()) == len(bed.log.alerts()) == count
    bed.report(good(0, faults=FAULT_SENSOR), node="n1")
    assert bed.said == []
    bed.log.write([replace(_faulty(1), cleared_unix_ms=6)], {}, [])
    assert len(bed.log.alerts(with_cleared=True)) == count


def test_of_one_that_was_raised_twice_the_older_is_over(bed):
    older, newer = _faulty(1), replace(_faulty(2), node="n1", raised_unix_ms=8)
    bed.log.write([older, newer], {}, [])
    bed.restart()
    bed.tick()
    assert bed.log.alerts(with_cleared=True) == [replace(older, cleared_unix_ms=8), newer]
    assert bed.engine.active() == [newer]


def _faulty(number: int) -> Alert:
    """Return an alert of a node of its own."""
    return Alert(number, "faults", f"n{number}", "sensor", "warning", "it reports", None, 5)


def test_a_monitor_of_a_server_has_its_alerts_in_a_file_of_their_own(tmp_path):
    path = tmp_path / "alerts.sqlite"
    with LocalAlertLog(path) as log:
        log.write([Alert(1, "low", NODE, "", "warning", "it is low", 3.0, 5)], {}, [])
        with pytest.raises(StorageError, match="in use by another filmgauge"):
            LocalAlertLog(path)
        with open_alert_log(path) as other:
            assert other.acknowledge(1, 6)
        assert log.acknowledged() == {1: 6}


def test_rules_that_change_end_their_alerts(bed):
    bed.report(good(0))
    bed.report(good(1, faults=FAULT_SENSOR))
    bed.restart(read_rules({"rules": {"faults": {"names": ["profile"]}}}).rules)
    bed.tick(1)
    assert bed.said == [("raised", "faults", "sensor"), ("cleared", "faults", "sensor")]


@pytest.mark.parametrize("kind", [name for name, each in KINDS.items() if each.threshold])
@pytest.mark.parametrize("end", ["low", "high"])
def test_whatever_its_threshold_an_alert_ends(kind, end):
    bound = KINDS[kind].threshold
    assert bound is not None
    table = {"threshold": getattr(bound, end)}
    rule = next(r for r in read_rules({"rules": {kind: table}}).rules if r.name == kind)
    best = bound.high if bound.below else 0.0
    assert rule.kind.ends(best, rule.threshold, rule.hysteresis)


def test_a_smaller_threshold_has_a_smaller_hysteresis_unless_one_is_given(tmp_path):
    rules = read_rules({"rules": {"sigma": {"threshold": 2}}}).rules
    with AlertBed(tmp_path / "records.sqlite", rules) as bed:
        for seq, ppm in enumerate([30_000, 30_000, 30_000, 15_000, 15_000, 9_000, 9_000]):
            bed.report(good(seq, soc_sigma_ppm=ppm))
            assert len(bed.said) == {0: 0, 1: 0, 5: 2, 6: 2}.get(seq, 1)
        assert bed.said == [("raised", "sigma", ""), ("cleared", "sigma", "")]


def test_patterns_say_whom_a_rule_concerns(tmp_path):
    table = {"low": {"enabled": False}, "lab": {"kind": "low", "nodes": ["lab-*", "!lab-old"]}}
    rules = read_rules({"rules": table}).rules
    with AlertBed(tmp_path / "records.sqlite", rules) as bed:
        for node in ("lab-1", "lab-old", "shelf"):
            for seq in range(3):
                bed.report(good(seq, available_nah=1), node=node)
        assert [(alert.rule, alert.node) for alert in bed.engine.active()] == [("lab", "lab-1")]


def test_alerts_wait_for_a_store_that_is_gone(bed, tmp_path):
    bed.report(good(0))
    bed.receive(good(1, faults=FAULT_SENSOR))
    path = tmp_path / "records.sqlite"
    path.rename(tmp_path / "aside")
    bed.tick(1)
    assert bed.said == [("raised", "faults", "sensor")]
    (tmp_path / "aside").rename(path)
    bed.tick(1)
    assert [alert.subject for alert in bed.log.alerts()] == ["sensor"]
