"""What is refused again and again is said now and then: a revoked node reports for weeks, and who
means harm as fast as he can.

    lines = RefusalLines()
    lines.add(rejected, time.monotonic())   # the line to print, None for none
"""

from filmgauge_host.telemetry.messages import Rejected

_EVERY_S = 60.0
_REMEMBERED = 1000  # topics are what anybody makes up


class RefusalLines:
    """One line for each topic and reason, and a minute later one for all that came meanwhile."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], tuple[float, int]] = {}  # when, and how many since

    def add(self, rejected: Rejected, now_s: float) -> str | None:
        """Return the line to print, None for none."""
        key = (rejected.topic, rejected.reason)
        said_s, count = self._said.get(key, (now_s - _EVERY_S, 0))
        if now_s - said_s < _EVERY_S:
            self._said[key] = (said_s, count + 1)
            return None
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[key] = (now_s, 0)
        line = f"{rejected.topic}: {rejected.reason}"
        return f"{line} (and {count} more since it was said last)" if count else line
