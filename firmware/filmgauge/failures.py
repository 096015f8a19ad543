"""Counts failures in a row, for start.py; after too many it leaves the node to the safe mode.

Both stand beside the package (crash.py, safe.py), outside of what has failed.
"""

import crash


def count(board, on_trial: bool, failed, reported: bool) -> int:
    """Return how many failures in a row there are.

    failed: what has failed now and where it stood, None at a boot, which ends in the safe mode
    after too many. reported: a record was made, which ends the row. A version on trial has none:
    the launcher goes back behind it.
    """
    pages = board.pages(True)
    if failed is not None:
        error, key = failed
        return crash.record_failure(error, key, pages, not on_trial)
    if reported or on_trial:
        crash.clear(pages)
        return 0
    found = crash.check(board.cause, pages)
    if found >= crash.MOST:
        import safe

        board.mark_running(False)  # whatever boots it there is counted already
        safe.run(pages)  # it does not return, as long as there are sensors
    return found
