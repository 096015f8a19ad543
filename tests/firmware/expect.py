"""Expecting an exception, on both runtimes: `with raises(ValueError, "node"): ...`."""


class raises:
    """The block must raise `kind`, and the message must hold `text`."""

    def __init__(self, kind, text=""):
        self._kind = kind
        self._text = text
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            raise AssertionError("expected %s with %r" % (self._kind.__name__, self._text))
        if not issubclass(kind, self._kind):
            return False
        assert self._text in str(error), "expected %r in %r" % (self._text, str(error))
        self.error = error
        return True


def close(value, expected, relative=0.0, absolute=0.0):
    """Return whether `value` is as near to `expected` as the larger of the two bounds."""
    return abs(value - expected) <= max(relative * abs(expected), absolute)
