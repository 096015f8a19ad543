"""A state as the versions with layout 5 and 6 left it."""

import binascii

from filmgauge.store.block import HEAD_SIZE, OVERHEAD, seal

# Written by the version with layout 5, of 503 bytes; `test_migration.py` has its values.
LAYOUT_5 = (
    "4647f70109000000050700000029000000cd00000039300000000000007b38d360ba010000bb00000063000000"
    "08011ffbffffff020001fbffffff06000000f9ffffff434445464748494a4b4c4d4e4f50515253545556575859"
    "5a5b5c5d5e5f606162636465666768696a6b6c6d6e6f7071727374750e82000080a90300ffffffff07120f0000"
    "000000000000000000000000000000ffffffff373f0f0000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000c00000000000000510000"
    "0000000000000000000000000040420f0000000000000052491d39faed6b3a0000000000000000000000000000"
    "00000ad7233b0000000000000000000000000ad7233d00000000000000000ad7233c00000000bd37863615feff"
    "ffe0ffffff0000000016feffff81ffffff000000000000000000000000555c0d00000000000000803e5a72bcb5"
    "000000000000000000000000e440dd4900000000be01c841000000000000000000000000015fae0a0000000000"
    "00000000000000000000000000000000000000000000000000c7cfffff00000000000000000000000040420f00"
    "faed6b3c00000000000000000000000060ea000000000000ffffffffffffffffffffffff32ffffff00000000fd"
    "ffffff000000000000000000000000016125a506"
)
SIZE_5 = 503

# Of layout 6 its own bytes; those of protection, charge and gauge follow, as now.
OWN_6 = (
    "060700000029000000cd00000039300000000000007b38d360ba010000bb000000630000000801011ffbffffff"
    "020001fbffffff06000000f9ffffffefcdab890578563412"
)
SIZE_6 = 563


def block_6():
    """Return a sealed block of layout 6; the bytes of the others count up."""
    own = binascii.unhexlify(OWN_6)
    rest = bytes(i & 0xFF for i in range(SIZE_6 - len(own)))
    block = bytearray(bytes(HEAD_SIZE) + own + rest + bytes(OVERHEAD - HEAD_SIZE))
    seal(block, SIZE_6, 9)
    return block


def old_block(layout=5, size=SIZE_5, sequence=9):
    """Return a sealed block as the earlier version left it, or one like it."""
    block = bytearray(binascii.unhexlify(LAYOUT_5))[: size + OVERHEAD]
    block += bytes(size + OVERHEAD - len(block))
    block[HEAD_SIZE] = layout
    seal(block, size, sequence)
    return block
