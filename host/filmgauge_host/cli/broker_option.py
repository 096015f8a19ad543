"""The broker of a command: its address, and with mqtts:// how both know each other.

    @BROKER
    def monitor(broker: str): address = broker_address(broker)

A command with another --broker has TLS_FILES below it. The options of TLS_FILES reach
`broker_address` through click's context, not as parameters.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from filmgauge_host.cli.options import BROKER_HELP, BROKER_USUAL, BROKER_VARIABLE, FILE
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


_BROKER = click.option(
    "--broker",
    default=BROKER_USUAL,
    show_default=True,
    envvar=BROKER_VARIABLE,
    show_envvar=True,
    help=BROKER_HELP,
)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
IN_CLEAR = click.option(
    "--in-clear",
    is_flag=True,
    help="A secret also to a broker without TLS, where others may read along.",
)


def BROKER(command: _F) -> _F:
    """Add --broker, by default the one on this machine, with TLS_FILES."""
    return _BROKER(TLS_FILES(command))


def check_way_of_secrets(address: BrokerAddress, in_clear: bool) -> None:
    """Raise InputError where others could read what is sent, unless the user wants that."""
    if not (address.tls or in_clear or address.host in _LOOPBACK):
        raise InputError(f"a secret would go to {address} in clear: mqtts://, or --in-clear")


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
