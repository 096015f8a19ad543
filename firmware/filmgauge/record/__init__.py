"""What a node reports. Here: what went wrong, bits, so that several can be told at once."""

from filmgauge.compat import const

FAULT_PROFILE = const(1)  # the cell profile could not be read: no state of charge
FAULT_SENSOR = const(2)  # the current sensor does not answer or is not what it should be
FAULT_TEMPERATURE = const(4)  # the temperature sensor does not answer
FAULT_GAP = const(8)  # charge went uncounted: the accumulator or the node lost power
FAULT_EXCEPTION = const(16)  # an earlier wake ended in an exception
FAULT_BACKLOG = const(32)  # the backlog is full: its oldest record was dropped
FAULT_STORE = const(64)  # flash could not be read or written
FAULT_CELL = const(128)  # another cell: this record has the closed ledger of the old one
FAULT_MEMORY = const(256)  # the heap was too small for an earlier wake
