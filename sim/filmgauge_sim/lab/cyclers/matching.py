"""Which column of a header is which quantity: by a format's table, or as the user names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filmgauge_sim.lab.cyclers.column_names import readings, slug
from filmgauge_sim.lab.cyclers.formats import Format
from filmgauge_sim.lab.cyclers.quantities import TIMES, UNITLESS, Quantity, Unit, unit_of

# Who names one of a group has said which of them it is.
_GROUPS = (TIMES, (Quantity.CURRENT, Quantity.POWER))
# Units for a sentence; those of a count are mAh.
_UNITS = {
    **dict.fromkeys(TIMES, "s"),
    Quantity.CURRENT: "uA",
    Quantity.VOLTAGE: "V",
    Quantity.POWER: "uW",
    Quantity.TEMPERATURE: "degC",
}


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """A column as the user names it: its name or its number from 1, and its unit or None."""

    name: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is a quantity; unit None where neither name nor table say one."""

    quantity: Quantity
    index: int
    name: str
    unit: Unit | None


Columns = dict[Quantity, list[Column]]


def matched(form: Format, cells: Sequence[str], *, own_units: bool = True) -> Columns:
    """The columns of a header that a format knows, the preferred first of each quantity.

    own_units: a column that says no unit has that of the format.
    """
    ranked: dict[Quantity, list[tuple[int, Column]]] = {}
    for index, cell in enumerate(cells):
        found = _match(form, index, cell, own_units)
        if found is not None:
            rank, column = found
            ranked.setdefault(column.quantity, []).append((rank, column))
    return {
        quantity: [column for _, column in sorted(pairs, key=lambda pair: pair[0])]
        for quantity, pairs in ranked.items()
    }


def _match(form: Format, index: int, cell: str, own_units: bool) -> tuple[int, Column] | None:
    for name, unit_text in readings(cell):
        for quantity, names in form.columns.items():
            if name not in names:
                continue
            text = unit_text
            if text is None:
                text = names[name] or (form.units.get(quantity) if own_units else None)
            unit = None if text is None else unit_of(quantity, text)
            if unit is None and unit_text is not None:
                continue  # it is a quantity of another kind: mAh/g, mWh
            if unit is None and quantity in UNITLESS:
                unit = Unit("")
            rank = list(names).index(name)
            return rank, Column(quantity, index, cell.strip(), unit)
    return None


def named(wanted: Mapping[Quantity, NamedColumn], cells: Sequence[str]) -> Columns | None:
    """The columns that the user names, or None where a header lacks one of them.

    Raises ValueError where the header has a name more than once, or a unit is none of these.
    """
    found: Columns = {}
    for quantity, column in wanted.items():
        at = _indices(column.name, cells)
        if not at:
            return None
        if len(at) > 1:
            raise ValueError(
                f"has {len(at)} columns {column.name!r}: name it by its number, such as"
                f" --columns {quantity}={at[0] + 1}"
            )
        unit = _unit(quantity, column, cells[at[0]])
        found[quantity] = [Column(quantity, at[0], cells[at[0]].strip(), unit)]
    return found


def with_named(columns: Columns, own: Columns) -> Columns:
    """Columns of a format with those that the user names, which are not another thing as well."""
    taken = {column.index for each in own.values() for column in each}
    said = {quantity for group in _GROUPS if set(group) & set(own) for quantity in group}
    found: Columns = {}
    for quantity, each in {**columns, **own}.items():
        if quantity in own:
            found[quantity] = each
        elif quantity not in said:
            left = [column for column in each if column.index not in taken]
            if left:
                found[quantity] = left
    return found


def check_unit(column: Column) -> None:
    """Raise ValueError where neither a column's name nor a table says its unit."""
    if column.unit is None:
        raise ValueError(
            f"does not say the unit of column {column.name!r}: give --columns"
            f" {column.quantity}='{column.name}:{_UNITS.get(column.quantity, 'mAh')}', or what its"
            f" unit is."
        )


def _indices(name: str, cells: Sequence[str]) -> list[int]:
    for same in (_plain, slug):
        at = [k for k, cell in enumerate(cells) if same(cell) == same(name) and same(name)]
        if at:
            return at
    bases = [k for k, cell in enumerate(cells) if slug(name) == next(readings(cell))[0]]
    if bases and slug(name):
        return bases
    if name.isdecimal() and 1 <= int(name) <= len(cells):
        return [int(name) - 1]
    return []


def _plain(text: str) -> str:
    return text.strip().replace("μ", "µ").casefold()


def _unit(quantity: Quantity, column: NamedColumn, cell: str) -> Unit | None:
    if column.unit is not None:
        return unit_of(quantity, column.unit)
    if quantity in UNITLESS:
        return Unit("")
    for _, text in readings(cell):
        unit = None if text is None else unit_of(quantity, text)
        if unit is not None:
            return unit
    return None
