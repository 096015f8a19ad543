"""The broker of a command: its address, and with mqtts:// how both know each other.

    @click.option("--broker", ...)
    @TLS_FILES
    def monitor(broker: str): address = broker_address(broker)

The options of TLS_FILES reach `broker_address` through click's context, not as parameters.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from filmgauge_host.cli.options import FILE
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.tls_files import (
    CA_VARIABLE,
    CERTIFICATE_VARIABLE,
    KEY_VARIABLE,
    TlsFiles,
)

_F = TypeVar("_F", bound=Callable[..., Any])
_META = "filmgauge.tls_files"
_OPTIONS = (
    ("--ca", "ca", CA_VARIABLE, "trusted certificate, PEM  [default: those of the system]"),
    ("--cert", "certificate", CERTIFICATE_VARIABLE, "own certificate, PEM, to log in with."),
    ("--key", "key", KEY_VARIABLE, "private key of --cert  [default: in that file]"),
)


def TLS_FILES(command: _F) -> _F:
    """Add --ca, --cert and --key to a command whose broker may be mqtts://."""
    for option, field, variable, text in reversed(_OPTIONS):
        command = click.option(
            option,
            field,
            type=FILE,
            envvar=variable,
            show_envvar=True,
            expose_value=False,
            is_eager=True,  # before an option that makes an address of its value
            callback=_keep,
            help=f"With TLS: {text}",
        )(command)
    return command


def broker_address(url: str) -> BrokerAddress:
    """Return the address in `url` with the files of the running command. Raises InputError."""
    address = parse_address(url)
    files = tls_files(address.tls, "mqtts://")
    return replace(address, files=files) if address.tls else address


def tls_files(is_used: bool, scheme: str) -> TlsFiles:
    """Return the files of the running command, checked. Raises InputError for one that is wrong,
    or given where TLS, which a scheme asks for, is not used."""
    given: dict[str, tuple[Path, bool]] = click.get_current_context().meta.get(_META, {})
    if not is_used:
        for option, field, *_ in _OPTIONS:
            if given.get(field, (None, False))[1]:
                raise InputError(f"{option} needs a broker at {scheme}")
        return TlsFiles()
    files = TlsFiles(**{field: path for field, (path, _) in given.items()})
    files.context()  # says what is wrong with them
    return files


def _keep(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    if path is not None and option.name:
        source = context.get_parameter_source(option.name)
        is_given = source is not click.core.ParameterSource.ENVIRONMENT
        context.meta.setdefault(_META, {})[option.name] = (path, is_given)
