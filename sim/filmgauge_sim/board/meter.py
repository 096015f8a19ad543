"""What a board takes from its supply, by the state it is in."""

from collections import defaultdict


class LoadMeter:
    """Charge by state in uA us, which is pC. States are names such as 'deep sleep'."""

    def __init__(self) -> None:
        self.charge_pc: defaultdict[str, float] = defaultdict(float)
        self.time_us: defaultdict[str, int] = defaultdict(int)

    def add(self, state: str, current_ua: float, duration_us: int) -> None:
        """Note that the board was in `state` for `duration_us`."""
        self.charge_pc[state] += current_ua * duration_us
        self.time_us[state] += duration_us
