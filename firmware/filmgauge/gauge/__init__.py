"""Pure arithmetic: no I/O, no clock, no machine. Positive charge and current charge the cell."""
