"""What the cell really was at each wake of a node, in columns: years of wakes fit into memory."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from filmgauge_sim.circuit.truth import Truth


class TruthLog:
    """One entry a wake. A record is matched by life, boot and the node's own time.

    Other threads may read what is there while one adds.
    """

    def __init__(self) -> None:
        self._now_us = array("q")
        self._values = array("d")  # stoichiometry, voltage, current, temperature of each wake
        self._phases: list[str] = []
        self._phase = array("B")
        self._spans: dict[tuple[int, int], list[int]] = {}  # life and boot: first entry, end
        self._readings_s = array("d")

    def __len__(self) -> int:
        return len(self._readings_s)  # which `add` extends last

    def __getitem__(self, index: int) -> Truth:
        now_us = self._now_us[index]
        at = 4 * (index if index >= 0 else index + len(self))
        stoichiometry, voltage_v, current_ua, temperature_c = self._values[at : at + 4]
        phase = self._phases[self._phase[index]]
        return Truth(now_us, stoichiometry, voltage_v, current_ua, temperature_c, phase)

    def __iter__(self) -> Iterator[Truth]:
        return (self[index] for index in range(len(self)))

    @property
    def boots(self) -> list[int]:
        """The boot of each wake, as the firmware counts them."""
        return [boot for (_, boot), (begin, end) in self._spans.items() for _ in range(begin, end)]

    def add(self, truth: Truth, boot: tuple[int, int], reading_s: float) -> None:
        """Note the truth of a wake of a (life, boot) at `reading_s` of the node's own time."""
        index = len(self)
        self._now_us.append(truth.now_us)
        self._values.extend(
            (truth.stoichiometry, truth.voltage_v, truth.current_ua, truth.temperature_c)
        )
        if truth.phase not in self._phases:
            self._phases.append(truth.phase)
        self._phase.append(self._phases.index(truth.phase))
        self._readings_s.append(reading_s)
        self._spans.setdefault(boot, [index, index])[1] = index + 1

    def at(self, boot: tuple[int, int], up_s: float) -> Truth | None:
        """Return the truth of the wake that is nearest to `up_s` of a (life, boot), None for no
        wake."""
        index = self._nearest(boot, up_s)
        return None if index is None else self[index]

    def true_us(self, boot: tuple[int, int], up_s: float) -> int | None:
        """Return the true time at which the clock of a (life, boot) showed `up_s`, None for no
        wake; from the wake nearest to it."""
        index = self._nearest(boot, up_s)
        if index is None:
            return None
        return self._now_us[index] + round((up_s - self._readings_s[index]) * 1e6)

    def _nearest(self, boot: tuple[int, int], up_s: float) -> int | None:
        begin, end = self._spans.get(boot, (0, 0))
        after = bisect_left(self._readings_s, up_s, begin, end)
        near = [index for index in (after - 1, after) if begin <= index < end]
        return min(near, key=lambda index: abs(self._readings_s[index] - up_s), default=None)
