"""A desk of a node for the tests of what peers may ask: a real backlog, a clock that is told."""

from cell_profiles import cell

from filmgauge.config import Config
from filmgauge.record.record import Record
from filmgauge.store.backlog import Backlog
from filmgauge.uplink.peer_context import PeerContext

CONFIG = b'{"node": "window-1", "pin_scl": 1, "pin_sda": 2, "pin_gate": 3, "command_key": "%s"}'
KEY = "00112233445566778899aabbccddeeff"


class Board:
    """A board as far as a desk needs one."""

    name = "test"
    now_ms = 5000
    fed = 0
    boots_anew = False
    files_outlive_cuts = True

    def clock_ms(self):
        return self.now_ms

    def feed(self):
        self.fed += 1

    def pages(self, bonds=False):
        return None


def record(seq, **values):
    """Return a record of boot 1."""
    return Record(boot=1, seq=seq, up_s=60 * seq, **values)


def peer_with(path, records, profile=None):
    """Return a desk whose backlog holds records 0, 1, ..."""
    backlog = Backlog(path, 1024)
    for seq in range(records):
        backlog.add(record(seq).to_bytes())
    peer = PeerContext(Board(), Config.from_json(CONFIG % KEY.encode()), profile or cell())
    peer.show(record(max(0, records - 1)), backlog, None)
    return peer
