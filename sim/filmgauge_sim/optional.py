"""Packages that only some of a notebook's calls need: imported when asked for, or named."""

from importlib import import_module
from typing import Any


def imported(module: str, extra: str, what: str) -> Any:
    """Import a module for a call (`what`). Raises ModuleNotFoundError, one sentence with the
    extra of filmgauge that brings the package."""
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ModuleNotFoundError(
            f"{what} needs {package}, which is not installed: pip install 'filmgauge[{extra}]'",
            name=package,
        ) from None
