"""What the help of every group says of its commands, in a terminal of 80 columns."""

from collections.abc import Iterator

import click

from filmgauge_host.cli.app import main


def lists(group: click.Group, name: str) -> Iterator[tuple[str, str]]:
    """Yield the help of a group and of the groups in it."""
    context = click.Context(group, info_name=name, terminal_width=80)
    yield name, group.get_help(context)
    for each in group.list_commands(context):
        inner = group.get_command(context, each)
        if isinstance(inner, click.Group):
            yield from lists(inner, each)


def test_no_line_about_a_command_is_cut_off() -> None:
    found = dict(lists(main, "filmgauge"))
    assert {"filmgauge", "ble", "keys", "lab", "node"} <= set(found)
    for name, text in found.items():
        listed = text.partition("Commands:\n")[2]
        assert listed, name
        assert "..." not in listed, listed
