"""The parts on the board at register level: what a driver sees on the bus.

Time is an integer number of microseconds of true time (`now_us`). The analog world is pushed
into a part with `advance`; the bus only ever reads what has been pushed. Positive current
charges the cell.
"""
