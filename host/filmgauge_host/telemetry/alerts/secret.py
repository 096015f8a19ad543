"""Passwords of destinations: in a file or in the environment, never in the file of the rules.

No sentence repeats one.
"""

import os
from pathlib import Path


def read_secret(
    key: str, file: str | None, variable: str | None, may_have_blanks: bool = False
) -> str | None:
    """Return what a file or an environment variable holds, None where neither is given.

    key: such as `password`, for the sentence of ValueError where both are given, nothing is
    there, or what cannot be sent: see check_sendable.
    """
    if file is not None and variable is not None:
        raise ValueError(f"{key}_file and {key}_env exclude each other")
    if variable is not None:
        value = os.environ.get(variable, "")
        if not value:
            raise ValueError(f"{key}_env: the environment has no {variable}")
        check_sendable(f"{key}_env: {variable}", value, may_have_blanks)
        return value
    if file is None:
        return None
    try:
        value = Path(file).expanduser().read_bytes().decode("utf-8", "replace").strip()
    except OSError as error:
        raise ValueError(f"{key}_file: {file} cannot be read: {error.strerror}") from None
    if not value:
        raise ValueError(f"{key}_file: {file} is empty")
    check_sendable(f"{key}_file: {file}", value, may_have_blanks)
    return value


def check_sendable(name: str, value: str, may_have_blanks: bool = False) -> None:
    """Raise ValueError for what neither HTTP nor SMTP can send: their libraries would say so with
    the value in it."""
    if not (value.isascii() and value.isprintable()) or (" " in value and not may_have_blanks):
        without = "" if may_have_blanks else " without blanks"
        raise ValueError(f"{name} must be one line of ASCII{without}")
