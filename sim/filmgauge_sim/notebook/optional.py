"""Packages that only some of a notebook's calls need: imported when asked for, or named."""

from importlib import import_module
from typing import Any


def imported(module: str, extra: str, what: str) -> Any:
    """Import a module for a call (`what`). Raises ModuleNotFoundError, one sentence with the
    extra of filmgauge that brings what it needs."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package.startswith("filmgauge") or not package:
            raise
        raise ModuleNotFoundError(
            f"{what} needs {package}, which is not installed: pip install 'filmgauge[{extra}]'",
            name=package,
        ) from None
