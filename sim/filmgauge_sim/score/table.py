"""The whole score: every seed of every family over a pool of processes, and its figures.

A run depends on its family and seed alone, and figures are made in the order of the seeds, so
that the number of processes changes nothing.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from filmgauge_sim.score import bounds, family_figures
from filmgauge_sim.score.families import Family
from filmgauge_sim.score.run import BASELINES, GAUGE, PLAIN_BASELINES, Options, RunLog, run


@dataclass(frozen=True, slots=True)
class FamilyScore:
    """Figures and bounds of one family, and the log of its first seed for a picture."""

    family: Family
    gauge: dict[str, Any]
    baselines: dict[str, dict[str, Any]]
    plain_baselines: dict[str, dict[str, Any]]
    checks: list[bounds.Check]
    anchors: dict[str, float]
    first: RunLog

    @property
    def best_plain(self) -> tuple[str, float] | None:
        """Name and RMSE (%) of the best baseline that knows at the start what the gauge knows;
        None where there is nothing to judge."""
        return best(self.plain_baselines)

    @property
    def is_met(self) -> bool:
        """Whether no bound is missed, apart from a sigma that is wider than it need be."""
        return all(check.is_met or check.is_cautious for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints of a family."""
        return {
            "gauge": self.gauge,
            "baselines": _without_sigmas(self.baselines),
            "physics": self.family.physics,
            "modifier": self.family.modifier.name,
            "plain_baselines": _without_sigmas(self.plain_baselines),
            "best_plain": self.best_plain and self.best_plain[0],
            "counted_from": self.family.counted.value,
            "anchors_a_seed": self.anchors,
            "bounds": [{**asdict(check), "met": check.is_met} for check in self.checks],
            "met": self.is_met,
        }


def scores(
    families: Sequence[Family],
    seeds: Sequence[int],
    options: Options,
    workers: int | None = None,
    on_run: Callable[[str, int], None] = lambda family, seed: None,
) -> Iterator[FamilyScore]:
    """The score of each family in order; ``on_run`` is called when a run has ended.

    workers: processes, one for each processor by default.
    """
    # Not fork: a display of progress runs in a thread, and its locks would be copied as they are.
    context = get_context("forkserver")
    with ProcessPoolExecutor(workers or len(os.sched_getaffinity(0)), context) as pool:
        runs = [[pool.submit(run, family, seed, options) for seed in seeds] for family in families]
        try:
            for index, family in enumerate(families):
                # Out of the list, so that the logs of a family go when it is done.
                futures, runs[index] = runs[index], []
                yield family_score(family, _finished(futures, on_run))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def family_score(family: Family, logs: Sequence[RunLog]) -> FamilyScore:
    """The figures of one family from the logs of its seeds."""
    gauge = family_figures.figures(logs, GAUGE, family.counted)
    others = {name: family_figures.figures(logs, name, family.counted) for name in BASELINES}
    plain = {name: family_figures.figures(logs, name, family.counted) for name in PLAIN_BASELINES}
    ends = [family_figures.anchors(log) for log in logs]
    means = {kind: sum(each[kind] for each in ends) / len(ends) for kind in ends[0]}
    checks = bounds.checks(family.bounds, gauge, others)
    if family.row_bounds is not None:
        found = best(plain)
        checks += bounds.row_checks(family.row_bounds, gauge, None if found is None else found[1])
    return FamilyScore(family, gauge, others, plain, checks, means, logs[0])


def _without_sigmas(baselines: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The figures of baselines but for those that judge a sigma, which none of them has."""
    left_out = ("covered", "told_pct", "told_in_swing_pct")
    return {
        name: {key: value for key, value in figures.items() if key not in left_out}
        for name, figures in baselines.items()
    }


def best(baselines: dict[str, dict[str, Any]]) -> tuple[str, float] | None:
    """Name and RMSE (%) of the best of some baselines; None where there is nothing to judge."""
    rmses = {name: each["soc_rmse_pct"] for name, each in baselines.items()}
    known = {name: rmse for name, rmse in rmses.items() if rmse is not None}
    return min(known.items(), key=lambda item: item[1], default=None)


def _finished(
    futures: Sequence["Future[RunLog]"], on_run: Callable[[str, int], None]
) -> list[RunLog]:
    for future in as_completed(futures):
        log = future.result()
        on_run(log.family, log.seed)
    return [future.result() for future in futures]
