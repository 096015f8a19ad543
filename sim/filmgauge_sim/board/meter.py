"""What a board takes from its supply, by the state it is in."""

from collections.abc import Mapping


class LoadMeter:
    """Time by state; each state such as 'deep sleep' draws a current of its own in uA."""

    def __init__(self, currents_ua: Mapping[str, float]) -> None:
        self._currents_ua = currents_ua
        self.time_us = dict.fromkeys(currents_ua, 0)

    @property
    def charge_pc(self) -> dict[str, float]:
        """Charge by state in uA us, which is pC."""
        return {state: us * self._currents_ua[state] for state, us in self.time_us.items()}
