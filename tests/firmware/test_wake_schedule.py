"""When a node wakes next, and when it says that it reports next."""

from filmgauge.config import Config
from filmgauge.state import PLAN_AT, STEP, State
from filmgauge.wake_schedule import WakeSchedule


def test_a_report_that_the_zero_puts_off_is_not_announced():
    for every, sees_zero, next_s in ((1, 0, 60), (1, 1, 120), (2, 1, 120), (0, 1, 0)):
        config, state = Config(node="n", pin_scl=1, pin_sda=2, pin_gate=3), State()
        schedule = WakeSchedule(None, config, state, False, False)
        schedule.every, state.sees_zero = every, sees_zero
        assert schedule.next_report_s() == next_s


def planned(every, sample_s, is_charging):
    """Return the schedule of a node that has planned so many wakes, and its state."""
    config = Config(node="n", pin_scl=1, pin_sda=2, pin_gate=3, sample_s=sample_s, report_most=120)
    state = State(0, 120)
    state.buffer[PLAN_AT + 4], state.buffer[PLAN_AT + 5] = every & 255, every >> 8
    schedule = WakeSchedule(None, config, state, True, False)
    schedule.slow_down(is_charging)
    return schedule, state


def test_rare_wakes_are_as_far_apart_as_planned_until_light_comes():
    for sample_s, step, charging, period_s in (
        (60, 5, 0, 300),
        (60, 5, 1, 60),
        (60, 1, 0, 60),
        (60, 0, 0, 60),  # of an earlier version
        (45, 6, 0, 270),
    ):
        schedule, state = planned(24 + step * STEP, sample_s, charging)
        assert schedule.period_ms == 1000 * period_s
        assert state.planned_wakes() == (0, 24)
        assert state.is_due(24)
        assert not state.is_due(23)


def test_a_hibernating_node_wakes_no_more_often():
    schedule, _ = planned(24 + 5 * STEP, 60, 1)
    schedule.period_ms = 360000
    schedule.slow_down(0)
    assert schedule.period_ms == 360000
