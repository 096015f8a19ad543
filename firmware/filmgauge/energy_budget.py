"""What a node's energy budget is counted with, wherever it is counted: in the charge that is
booked, in the plan of reports, behind the safe mode, and on the host."""

from filmgauge.compat import const

TYPICAL_UV = const(1850000)  # assumed, for a cell whose voltage could not be read
BUDGET_PARTS = const(20)  # one of these parts of what is booked may be wrong, 1 sigma: 5 %
IDLE_EVERY = const(2)  # idle, only a charge can come, and may be noticed so many wakes late
# An advertisement comes 0 to 10 ms after its interval; Core, vol 6 part B, 4.4.2.2.1
MEAN_DELAY_MS = const(5)
