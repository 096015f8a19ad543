"""Errors that a user can do something about; the command line turns each into one sentence."""


class FilmgaugeError(Exception):
    """A known failure: its text is one clear sentence, `exit_code` is the process's."""

    exit_code = 1


class InputError(FilmgaugeError, ValueError):
    """Something that the user gave is wrong: an address, a file, an option."""

    exit_code = 2


class NoBrokerError(FilmgaugeError):
    """The MQTT broker cannot be reached, does not start or refuses us."""

    exit_code = 3


class DataGapError(FilmgaugeError):
    """Records are missing from what was received."""

    exit_code = 4
