"""Runs test functions on MicroPython: one line a test, the traceback of a failure behind it.

micropython run_on_board.py test_ledger test_sum test_pack ...
"""

import gc
import io
import sys


def run(module, name):
    """Run one test function and print PASS or FAIL and the traceback."""
    gc.collect()
    try:
        getattr(module, name)()
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)  # pyright: ignore
        print("FAIL " + name)
        for line in text.getvalue().rstrip().split("\n"):
            print("| " + line)
    else:
        print("PASS " + name)


def main():
    """Import the test file and run its functions in the order given."""
    gc.threshold(16384)  # as the firmware itself does
    module = __import__(sys.argv[1])
    for name in sys.argv[2:]:
        run(module, name)


main()
