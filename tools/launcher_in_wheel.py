"""Build hook: a wheel brings the files that a flash puts beside the firmware's modules.

In the tree they stand beside the package `filmgauge`, as on a board; a wheel has no such place.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FILES = ("main.py", "launch.py", "update.py", "crash.py", "safe.py")


class LauncherInWheel(BuildHookInterface[Any]):
    """Puts the launcher into `filmgauge/_launcher`; an editable install uses the tree's own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            places = {f"firmware/{name}": f"filmgauge/_launcher/{name}" for name in _FILES}
            build_data["force_include"].update(places)
