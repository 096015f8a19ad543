"""All rows of a table together: how the gauge does against the best of plain baselines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from filmgauge_sim.score.bounds import Check
from filmgauge_sim.score.table import FamilyScore

TIMES_BEST_PLAIN = 0.7


@dataclass(frozen=True, slots=True)
class WholeScore:
    """Figures over all rows. times_best_plain: root mean square over the rows of the gauge's RMSE,
    over that of the best plain baseline of each row; None without rows to judge."""

    rows: int
    rows_met: int
    times_best_plain: float | None
    worst_times_best_plain: float | None

    @property
    def check(self) -> Check:
        return Check("whole_times_best_plain", self.times_best_plain, None, TIMES_BEST_PLAIN)

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints of it."""
        return {**asdict(self), "bound": {**asdict(self.check), "met": self.check.is_met}}


def whole_score(scored: Sequence[FamilyScore]) -> WholeScore:
    """The figures of some rows."""
    pairs = [
        (each.gauge["soc_rmse_pct"], each.best_plain[1])
        for each in scored
        if each.best_plain is not None and each.gauge["soc_rmse_pct"] is not None
    ]
    theirs = sqrt(sum(other * other for _, other in pairs))
    ours = sqrt(sum(rmse * rmse for rmse, _ in pairs))
    return WholeScore(
        len(scored),
        sum(each.is_met for each in scored),
        ours / theirs if theirs else None,
        max((rmse / other for rmse, other in pairs if other), default=None),
    )
