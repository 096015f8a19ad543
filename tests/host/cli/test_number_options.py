"""Numbers of options: what is none is refused where it is read, in every command."""

from collections.abc import Iterator

import click
import pytest

from filmgauge_host.cli.app import main
from filmgauge_host.cli.options import FiniteRange, IntegerRange

# Read as any number, and refused by the command, which has bounds of its own for them.
CHECKED_LATER = {"area", "area_cm2", "temperature", "profile_area"}


def parameters(command: click.Command, path: str) -> Iterator[tuple[str, click.Parameter]]:
    """Yield the options and arguments of a command and of those in it."""
    yield from ((f"{path} {each.name}", each) for each in command.params)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from parameters(inner, f"{path} {name}")


def refusal(kind: click.ParamType, text: str) -> str:
    """Return the sentence with which a text is refused, "" where it is taken."""
    try:
        kind.convert(text, None, None)
    except click.BadParameter as refused:
        return refused.message
    return ""


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_refused_by_every_option(text: str) -> None:
    ranges = 0
    for path, each in parameters(main, "filmgauge"):
        is_range = isinstance(each.type, click.FloatRange)
        ranges += is_range
        if is_range or each.type.name in ("duration", "speed", "values", "numbers"):
            assert refusal(each.type, text), path
        elif isinstance(each.type, click.types.FloatParamType):
            assert each.name in CHECKED_LATER, path
    assert ranges >= 15


def test_every_option_says_what_it_is_for_and_no_sentence_speaks_of_ranges() -> None:
    for path, each in parameters(main, "filmgauge"):
        if isinstance(each, click.Option):
            assert each.help, path
        if isinstance(each.type, click.IntRange | click.FloatRange):
            bounds = [at for at in (each.type.min, each.type.max) if at is not None]
            words = refusal(each.type, "x").removesuffix(".").split()
            named = [words[at + 1] for at, word in enumerate(words) if word in ("from", "to")]
            assert bounds, path
            assert [type(at)(text) for at, text in zip(bounds, named, strict=True)] == bounds, path


def test_the_sentence_has_the_bounds() -> None:
    assert FiniteRange(0.5, 1000).convert("2", None, None) == 2.0
    with pytest.raises(click.BadParameter, match=r"nan is not a number from 0.5 to 1000\.$"):
        FiniteRange(0.5, 1000).convert("nan", None, None)
    with pytest.raises(click.BadParameter, match=r"inf is not a number from 0.5\.$"):
        FiniteRange(0.5).convert("inf", None, None)
    with pytest.raises(click.BadParameter, match=r"x is not a number to 3\.$"):
        FiniteRange(max=3).convert("x", None, None)
    assert IntegerRange(0, 5).convert("5", None, None) == 5
    with pytest.raises(click.BadParameter, match=r"1\.5 is not a whole number from 0 to 5\.$"):
        IntegerRange(0, 5).convert("1.5", None, None)
