"""Changes of a node's configuration: checked here as the node checks them."""

from pathlib import Path
from typing import Any, TypeAlias

from filmgauge.config import SECRETS, Config, numbers, texts
from filmgauge_host.errors import InputError
from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.nodes.tables import did_you_mean

Changes: TypeAlias = dict[str, int | str | None]


def from_arguments(arguments: tuple[str, ...], secrets_by: str) -> Changes:
    """Read key=value; an empty value takes the key away. InputError names what is wrong.

    secrets_by: the way for secrets, in words.
    """
    changes: Changes = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals:
            raise InputError(f"{argument!r} must be key=value")
        if key in SECRETS:
            raise InputError(f"{key} is a secret: {secrets_by}, not on the command line")
        changes[key] = _value(key, text)
    return check(changes)


def from_file(path: Path) -> Changes:
    """Read a TOML file of keys and values. InputError names what is wrong."""
    try:
        return check(parse_toml(path.read_text("utf-8-sig")))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (TomlError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None


def check(changes: dict[str, Any]) -> Changes:
    """Return changes that the node can take; InputError for a key or a value out of bounds."""
    bounds = {name: (low, high) for name, _, low, high in numbers()}
    lengths = {name: (low, high) for name, _, low, high in texts()}
    for key, value in changes.items():
        if key in bounds:
            low, high = bounds[key]
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and low <= value <= high):
                raise InputError(f"{key} must be an integer from {low} to {high}, not {value!r}")
        elif key in lengths:
            low, high = lengths[key]
            if value is not None and (not isinstance(value, str) or not low <= len(value) <= high):
                raise InputError(f"{key} must be text of {low} to {high} characters")
        else:
            hint = did_you_mean(key, (*bounds, *lengths))
            raise InputError(f"a node's configuration has no key {key}{hint}")
    _check_as_node(changes)
    return changes


def _check_as_node(changes: Changes) -> None:
    """Raise InputError for a text that no node reads, as that of a key without its digits."""
    values = {name: low for name, default, low, _ in numbers() if default is None}
    values |= {"node": "n"} | {name: value for name, value in changes.items() if value is not None}
    try:
        Config(**values)
    except ValueError as error:
        raise InputError(str(error).removeprefix("configuration key ")) from None


def has_secret(changes: Changes) -> bool:
    """Return whether nobody else may read them."""
    return any(key in SECRETS for key in changes)


def _value(key: str, text: str) -> int | str | None:
    if not text:
        return None
    if key in {name for name, *_ in numbers()}:
        try:
            return int(text)
        except ValueError:
            raise InputError(f"{key} must be an integer, not {text!r}") from None
    return text
