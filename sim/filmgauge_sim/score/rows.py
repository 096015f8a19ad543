"""The rows of the whole table: families over the physics, and modifiers where they matter.

A modifier that changes nothing in a family (a law of temperature where it is always 25 degC) makes
no row of it. Two in parallel step slowly and stand in one family.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from filmgauge_sim.cell.parameters import PHYSICS
from filmgauge_sim.score.bounds import RowBounds
from filmgauge_sim.score.families import FAMILIES, LINEAR, Family
from filmgauge_sim.score.modifiers import MODIFIERS, PLAIN, Modifier

WHERE: dict[str, tuple[str, ...]] = {
    "wide-ends": ("lab-25", "implant-37"),
    "sloping-plateau": ("lab-25", "implant-37"),
    "bent-temperature": ("outdoor", "lab-60"),
    "warm-capacity": ("outdoor", "window"),
    "thermal-lag": ("outdoor",),
    "sensor-off": ("lab-25", "outdoor"),
    "efficiency": ("outdoor", "no-anchor"),
    "soft-short": ("implant-37", "no-anchor"),
    "sudden-loss": ("lab-25", "outdoor"),
    "two-in-parallel": ("lab-25",),
    "wrong-area": ("lab-25", "no-anchor"),
    "wrong-kind": ("lab-25", "no-anchor"),
    "wrong-shunt": ("lab-25", "no-anchor"),
}
# One of each kind: a physics, an end, a temperature, a loss, a wrong profile.
_QUICK = (
    ("lab-25", LINEAR, "plain"),
    ("lab-25", "variable", "plain"),
    ("lab-25", "boundary", "plain"),
    ("implant-37", "boundary", "plain"),
    ("outdoor", "boundary", "plain"),
    ("fast", "boundary", "plain"),
    ("lab-25", LINEAR, "wide-ends"),
    ("outdoor", LINEAR, "warm-capacity"),
    ("outdoor", LINEAR, "sudden-loss"),
    ("no-anchor", LINEAR, "soft-short"),
    ("lab-25", LINEAR, "wrong-kind"),
    ("no-anchor", LINEAR, "wrong-area"),
)


def rows(
    families: Iterable[str], physics: Sequence[str] = PHYSICS, modifiers: Sequence[str] = ()
) -> list[Family]:
    """Rows of some families (all where none is named): each physics with each modifier, "plain"
    for none; all modifiers where none is named. In a family that is named every modifier makes
    a row, but all of them only where they matter."""
    named = tuple(dict.fromkeys(families))
    found: list[Family] = []
    for family in named or FAMILIES:
        for each in physics:
            for name in modifiers or (PLAIN.name, *MODIFIERS):
                is_wanted = bool(named and modifiers) or name == PLAIN.name
                if is_wanted or family in WHERE[name]:
                    found.append(row(FAMILIES[family], each, modifier_of(name)))
    return found


def quick_rows() -> list[Family]:
    """A dozen rows that show within a minute whether a gauge copes."""
    return [row(FAMILIES[family], physics, modifier_of(name)) for family, physics, name in _QUICK]


def row(family: Family, physics: str, modifier: Modifier) -> Family:
    """One row with its bounds: those of its family where the cell is of the profile's model."""
    is_plain = physics == LINEAR and modifier is PLAIN
    is_wrong = True if modifier.is_wrong_profile else (False if is_plain else None)
    return replace(
        family,
        physics=physics,
        modifier=modifier,
        bounds=family.bounds if is_plain else None,
        row_bounds=RowBounds(
            reference_rmse_pct=family.reference_rmse_pct if is_plain else None,
            is_wrong_profile=is_wrong,
        ),
    )


def modifier_of(name: str) -> Modifier:
    """A modifier by its name. Raises KeyError for another."""
    return PLAIN if name == PLAIN.name else MODIFIERS[name]
