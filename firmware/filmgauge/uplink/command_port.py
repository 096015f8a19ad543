"""Where commands come in, whatever they came through: checked, carried out, answered.

    port = CommandPort(desk, CommandCounter())
    counter, status, text = port.take(frame, has_mac=True)

Loaded with the first command of a connection.
"""

import gc

from filmgauge.uplink.actions import Actions
from filmgauge.uplink.commands import DENIED, DONE, Commands, Refused, secure


class CommandPort:
    """Commands for the node of a desk. `take` raises nothing that a frame could cause."""

    def __init__(self, desk, last):
        config = desk.config
        self._commands = Commands(config.node, config.command_key, last)
        self._actions = Actions(desk)

    def take(self, frame: bytes, has_mac: bool) -> "tuple[int, int, str]":
        """Carry out a frame; return its counter (0: refused or none), status and text."""
        counter = 0
        try:
            if has_mac:
                counter, operation, payload = self._commands.opened(frame)
            else:
                operation, payload = secure(frame)
            return counter, DONE, self._actions.do(operation, payload)
        except Refused as refused:
            return counter, refused.status, refused.reason
        except OSError as error:
            return counter, DENIED, "flash: %s" % error
        except MemoryError:
            gc.collect()
            return counter, DENIED, "the node has no room for it"
