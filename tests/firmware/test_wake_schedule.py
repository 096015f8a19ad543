"""When a node says that it reports next."""

from filmgauge.config import Config
from filmgauge.state import State
from filmgauge.wake_schedule import WakeSchedule


def test_a_report_that_the_zero_puts_off_is_not_announced():
    for every, sees_zero, next_s in ((1, 0, 60), (1, 1, 120), (2, 1, 120), (0, 1, 0)):
        config, state = Config(node="n", pin_scl=1, pin_sda=2, pin_gate=3), State()
        schedule = WakeSchedule(None, config, state, False, False)
        schedule.every, state.sees_zero = every, sees_zero
        assert schedule.next_report_s() == next_s
