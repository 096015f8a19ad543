"""Where commands come in, whatever they came through: checked, carried out, answered.

    port = CommandPort(desk, CommandCounter())
    counter, status, text = port.execute(frame, has_mac=True)

Loaded with the first command of a connection.
"""

import gc

from filmgauge.uplink.actions import Actions
from filmgauge.uplink.commands import DENIED, DONE, Commands, Refused, parse_secure


class CommandPort:
    """Commands for the node of a desk. `take` raises nothing that a frame could cause."""

    def __init__(self, peer, last):
        config = peer.config
        self._commands = Commands(config.node, config.command_key, last)
        self._actions = Actions(peer)

    def execute(self, frame: bytes, has_mac: bool) -> "tuple[int, int, str]":
        """Carry out a frame; return its counter (0: refused or none), status and text."""
        counter = 0
        try:
            if has_mac:
                counter, operation, payload = self._commands.verify(frame)
            else:
                operation, payload = parse_secure(frame)
            return counter, DONE, self._actions.do(operation, payload)
        except Refused as refused:
            return counter, refused.status, refused.reason
        except OSError as error:
            return counter, DENIED, "flash: %s" % error
        except MemoryError:
            gc.collect()
            return counter, DENIED, "the node has no room for it"
