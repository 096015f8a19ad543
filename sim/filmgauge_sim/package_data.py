"""Tables that come with the package, beside the code that reads them."""

import tomllib
from importlib.resources import files
from typing import Any


def read_toml(package: str, name: str) -> dict[str, Any]:
    """Return the table of a TOML file in a package."""
    return tomllib.loads((files(package) / name).read_text(encoding="utf-8"))
