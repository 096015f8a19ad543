"""A week of one design in PyBaMM, whose cell and whose circuit were written without ours."""

import json

import numpy as np
import pytest

from bench.design_week import BOUND_PCT, STORED, engine_soc, task

WEEK = json.loads(STORED.read_text(encoding="utf-8"))
RENEW = "of another node: make bench, and python -m bench.design_week, with PyBaMM renew it"


def test_what_pybamm_gave_is_of_this_node() -> None:
    given = task()
    for part in ("cell", "circuit"):
        numbers = dict(_flat(given[part]))
        assert numbers == pytest.approx(dict(_flat(WEEK["given"][part])), rel=1e-3), RENEW
    assert given["harvest_uw"] == pytest.approx(WEEK["given"]["harvest_uw"]), RENEW


def test_the_engine_gives_the_week_that_pybamm_gives() -> None:
    """Five lit days and a weekend, between a sixth and five sixths of the charge."""
    theirs, ours = np.array(WEEK["soc"]), engine_soc()
    assert len(theirs) == 7 * 24 + 1
    assert np.ptp(theirs) > 0.5
    assert 100.0 * np.abs(ours - theirs).max() < BOUND_PCT


def _flat(table):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", each) for inner, each in _flat(value))
        else:
            yield key, value
