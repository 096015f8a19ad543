"""Where what stands in a page of the page store (page_store.py)."""

from filmgauge.compat import const

PAGE = const(4096)
HEAD_LENGTH = const(17)  # of what a head holds, before its seal
STATE_AT = const(64)  # behind the head
SLOTS_AT = const(640)  # records
SLOT = const(144)
SLOTS = const(24)
# What of a state has no room before the records is where the last of them would be.
ROOM = const(SLOTS_AT - STATE_AT)
REST_AT = const(SLOTS_AT + (SLOTS - 1) * SLOT)
FREE = const(255)  # count of a page of which nothing is needed
