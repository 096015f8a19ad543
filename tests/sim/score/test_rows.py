"""Which rows the whole table has, and what each is judged by."""

from dataclasses import replace

import pytest

from filmgauge_sim.cell.parameters import PHYSICS
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.modifiers import MODIFIERS, PLAIN
from filmgauge_sim.score.rows import WHERE, quick_rows, row, rows
from filmgauge_sim.score.run import run


def test_the_whole_is_every_family_in_every_physics_and_every_modifier_somewhere():
    found = rows([])
    plain = {(each.name, each.physics) for each in found if each.modifier is PLAIN}
    assert plain == {(name, physics) for name in FAMILIES for physics in PHYSICS}
    for physics in PHYSICS:
        drawn = {each.modifier.name for each in found if each.physics == physics}
        assert drawn == {PLAIN.name, *MODIFIERS}
    assert len({each.title for each in found}) == len(found)


def test_places_are_of_families():
    assert set(WHERE) == set(MODIFIERS)
    assert {name for names in WHERE.values() for name in names} <= set(FAMILIES)


def test_what_is_named_is_drawn():
    titles = [each.title for each in rows(["fast"], ["boundary"], ["soft-short", "plain"])]
    assert titles == ["fast boundary soft-short", "fast boundary"]
    assert [each.title for each in rows(["fast"], ["linear"])] == ["fast"]


def test_the_quick_table_is_a_part_of_the_whole():
    assert {each.title for each in quick_rows()} <= {each.title for each in rows([])}


def test_only_the_profiles_own_model_has_the_bounds_of_its_family():
    for each in rows([]):
        is_own = each.title in FAMILIES
        assert (each.bounds is not None) == (is_own and FAMILIES[each.name].bounds is not None)
        assert each.row_bounds is not None
        assert (each.row_bounds.reference_rmse_pct is not None) == is_own


@pytest.mark.parametrize("physics", ["boundary", "variable"])
def test_a_seed_is_used_alike_in_every_physics(physics):
    family = replace(FAMILIES["no-anchor"], days=0.3)
    own, other = (run(row(family, each, PLAIN), 2) for each in ("linear", physics))
    assert other.soc[0] == pytest.approx(own.soc[0], abs=1e-3)
    assert other.soc != own.soc
    assert other.family == f"no-anchor {physics}"
    assert other.tracks["counter"].full_uah == own.tracks["counter"].full_uah
    assert row(family, physics, PLAIN).true_set == f"evp-li-{physics}"
