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
FAULT_READING = const(512)  # a reading that cannot be true was not used
FAULT_RANGE = const(1024)  # the current went beyond the sensor's range: charge is missing
FAULT_CONTRADICTION = const(2048)  # charge and cell contradict each other, or cell and profile
FAULT_CLOCK = const(4096)  # the clock leapt: it was set, or ran wild
FAULT_RESET = const(8192)  # the watchdog or a brown-out has reset the board
FAULT_LIFE = const(16384)  # what was remembered is lost: a new life has begun
FAULT_COUNTER = const(32768)  # a counter of messages is lost: nothing is encrypted or obeyed
FAULT_SAFE = const(65536)  # the node counts charge and does nothing else: wakes kept failing
