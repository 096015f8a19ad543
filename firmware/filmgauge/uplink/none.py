"""The uplink of a node without one: every record waits in flash for whoever reads it there."""


class NoUplink:
    """Sends nothing. `error` says why."""

    stores_first = acknowledges = False
    peer = None
    error = "this node has no way to send it"
    taken_nj = 0

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Return False: the record was not sent."""
        return False
