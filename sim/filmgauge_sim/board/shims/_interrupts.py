"""Interrupts of the radio: handled where the firmware sleeps, as soft ones are between lines."""

_handlers = []  # at most one: it outlives nothing


def serve(handler):
    """Let `handler` take what the radio has to tell; None for nobody."""
    _handlers[:] = [handler] if handler else []


def handle():
    """Let the radio's interrupts be handled, if there are any."""
    for handler in _handlers:
        handler()
