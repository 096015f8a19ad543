"""`random` of the interpreter, seeded from the board's hardware as it is imported.

The interpreter would take the seed from this machine, for a boot and for all that go on from it.
"""

import _link
import _protocol
import ustruct
from urandom import *  # noqa: F403
from urandom import seed

seed(ustruct.unpack("<I", _link.call(_protocol.RANDOM, 0, 4))[0])
