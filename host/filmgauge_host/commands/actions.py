"""What can be said to a node, in words: `interval 60`, `set report_every=6`, `profile cell.toml`.

    action = parse_action(("interval", "60"))       # InputError: one sentence
    action.payloads()                               # of its frames, in their order

One class an action; who adds one adds it to ACTIONS.
"""

import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filmgauge.gauge.profile import Profile
from filmgauge.uplink import actions
from filmgauge.uplink.commands import LONGEST
from filmgauge_host.commands.configuration_changes import (
    Changes,
    check,
    from_arguments,
    from_file,
    has_secret,
)
from filmgauge_host.commands.frames import configure_payloads, profile_payloads
from filmgauge_host.errors import InputError
from filmgauge_sim.nodes.tables import did_you_mean


@dataclass(frozen=True, slots=True)
class Action:
    """operation: of the firmware. make_payloads: of its frames of so many bytes at most.
    is_secret: nobody else may read them. may_repeat: what is done twice is as done once, so it is
    sent anew where its answer was lost."""

    operation: int
    make_payloads: Callable[[int], Iterable[bytes]]
    is_secret: bool = False
    may_repeat: bool = False

    def payloads(self, longest: int = LONGEST) -> list[bytes]:
        """Return the payloads, made when the frames are, since a time is of then. longest: bytes
        of a frame."""
        return list(self.make_payloads(longest))


def _alone(
    operation: int, payload: Callable[[], bytes] = bytes
) -> "Callable[[Sequence[str]], Action]":
    def made(arguments: Sequence[str]) -> Action:
        if arguments:
            raise InputError(f"it takes nothing more, not {arguments[0]!r}")
        return Action(operation, lambda _longest: [payload()])

    return made


def _now() -> bytes:
    return struct.pack("<I", int(time.time()))


def _interval(arguments: Sequence[str]) -> Action:
    if len(arguments) != 1 or not arguments[0].isdecimal():
        raise InputError("it takes the seconds from one wake to the next")
    return configure({"sample_s": int(arguments[0])})


def _set(arguments: Sequence[str]) -> Action:
    if not arguments:
        raise InputError("it takes key=value, or a TOML file of keys as @FILE")
    files = [each[1:] for each in arguments if each.startswith("@")]
    words = tuple(each for each in arguments if not each.startswith("@"))
    changes = from_arguments(words, "in a TOML file, as @FILE")
    for name in files:
        changes |= from_file(Path(name))
    return configure(changes)


def _profile(arguments: Sequence[str]) -> Action:
    if len(arguments) != 1:
        raise InputError("it takes the file of a profile, as filmgauge profile compiles it")
    path = Path(arguments[0])
    try:
        data = path.read_bytes()
        Profile.from_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    return Action(actions.PROFILE, lambda longest: profile_payloads(data, longest))


ACTIONS: Mapping[str, Callable[[Sequence[str]], Action]] = {
    "report": _alone(actions.REPORT),
    "time": _alone(actions.TIME, _now),
    "interval": _interval,
    "set": _set,
    "profile": _profile,
    "zero": _alone(actions.ZERO),
    "reset": _alone(actions.RESET),
    "reboot": _alone(actions.REBOOT),
}


def configure(changes: Changes) -> Action:
    """Return what changes keys of a configuration. Raises InputError."""
    checked = check(dict(changes))
    return Action(
        actions.CONFIGURE,
        lambda longest: configure_payloads(checked, longest),
        has_secret(checked),
    )


def parse_action(words: Sequence[str]) -> Action:
    """Return the action that words ask for; raise InputError for what is none."""
    name, *arguments = words
    if name not in ACTIONS:
        raise InputError(f"there is no action {name}{did_you_mean(name, tuple(ACTIONS))}")
    try:
        return ACTIONS[name](arguments)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
