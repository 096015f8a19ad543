"""The settings of a node without the tables by which they were checked (config.py)."""


class Settings:
    """Attributes are the keys of the configuration."""

    def __init__(self, values):
        for name, value in values.items():
            setattr(self, name, value)

    def require(self, *names) -> None:
        """Raise ValueError unless the texts of these names have been given."""
        for name in names:
            if not getattr(self, name):
                raise ValueError("configuration key %s is missing" % name)
