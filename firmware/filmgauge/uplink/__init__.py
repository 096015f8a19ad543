"""The ways out of a node, a folder each, and what they all offer."""


def open_uplink(board, config, profile, requests: int, unix_s: int, make_room):
    """Return the uplink of a board. To a peer of it: what the wake before was asked for, when the
    board's clock was zero, 0 for not known, and what frees the heap for serving it, or None."""
    uplink = board.uplink(config, profile)
    peer = uplink.peer
    if peer is not None:
        peer.requested, peer.clock_unix_s, peer.make_room = requests, unix_s, make_room
    return uplink


class NoUplink:
    """The uplink of a node without one: every record waits in flash for whoever reads it there.

    stores_first: a record is to be stored before it is sent, since nobody acknowledges it.
    served: whether a peer has had a command obeyed; None where nobody has come with one.
    peer: what a connected peer sees and asks for (peer_context.py), None without any.
    error: why the last record did not go. taken_nj: what the radio has taken out of the buffer
    capacitor for it, as far as that is configured. guard: of the record that is being sent, what
    the node has put there: keep() before what may never come back, delivered() once it is there.
    next_s: until the next report, which the node has put there.
    """

    stores_first = acknowledges = served = False
    peer = guard = None
    error = "this node has no way to send it"
    taken_nj = next_s = 0

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Send a record and what waits in the backlog, at a level of service; return whether it
        went. `introduce` asks for the info of the node as well."""
        return False
