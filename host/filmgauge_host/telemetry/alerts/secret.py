"""Passwords of destinations: in a file or in the environment, never in the file of the rules."""

import os
from pathlib import Path


def read_secret(key: str, file: str | None, variable: str | None) -> str | None:
    """Return what a file or an environment variable holds, None where neither is given.

    key: such as `password`, for the sentence of ValueError where both are given or nothing is
    there.
    """
    if file is not None and variable is not None:
        raise ValueError(f"{key}_file and {key}_env exclude each other")
    if variable is not None:
        value = os.environ.get(variable, "")
        if not value:
            raise ValueError(f"{key}_env: the environment has no {variable}")
        return value
    if file is None:
        return None
    try:
        value = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{key}_file: {file} cannot be read: {error.strerror}") from None
    if not value:
        raise ValueError(f"{key}_file: {file} is empty")
    return value
