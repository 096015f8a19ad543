"""Values from the text of files and of an environment that anybody may have written.

What cannot be read is a ValueError, also where it is nested more deeply than the parser goes.
"""

import json
import tomllib
from typing import Any

_TOO_DEEP = "it is nested too deeply"


class TomlError(ValueError):
    """The text is not TOML; why not, in a few words."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a text. Raises TomlError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error)) from None
    except RecursionError:
        raise TomlError(_TOO_DEEP) from None


def parse_json(text: str | bytes) -> Any:
    """Return the value of a text. Raises ValueError."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def is_utf8(text: str) -> bool:
    """Return whether a text can be written in UTF-8; the environment may have other bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
