"""Which room may know which: imports go down the floors, and nowhere in a circle."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from source_tree import Arrow, arrows, first_circle, folder, modules, room

_RANK = {"filmgauge_sim": 1, "filmgauge_host": 2}  # 0: the firmware and its launcher
# The lowest floor first. A room is a folder of the package, or a module beside the folders.
_FIRMWARE = (
    {"", "compat"},
    {"gauge", "store", "sensors", "config", "energy_budget"},
    {"record", "config_copy"},
    {"upgrade"},
    {"uplink", "charge", "decoding"},
    {"state"},
    {"sent_record"},
    {
        "control",
        "board",
        "cell_change",
        "counter_check",
        "interrupted",
        "migration",
        "node_files",
        "readings",
        "reporting",
        "unattended",
        "failures",
    },
    {"state_loading", "state_store", "wake_schedule"},
    {"node", "diagnosis", "safe_report"},
    {"start"},
)
_SIM = (
    {"package_data", "file_text"},
    {"cell", "parts", "optional"},
    {"circuit", "board", "air"},
    {"nodes"},
    {"scenario", "emulated"},
    {"lab", "score", "sizing"},
    {"", "notebook"},  # the face
)
_PIECES = {"cell", "parts", "circuit", "board", "air"}
_EXPERIMENTS = {"lab", "score", "sizing"}


def _shown(found: list[Arrow]) -> str:
    return "\n".join(dict.fromkeys(map(str, found)))


def _within(package: str) -> Iterator[Arrow]:
    """Return the arrows between rooms of one package."""
    for arrow in arrows():
        packages = {arrow.source.split(".")[0], arrow.target.split(".")[0]}
        if packages == {package} and room(arrow.source) != room(arrow.target):
            yield arrow


def _circle(name: Callable[[str], str]) -> str:
    """Return the first circle with an import for each of its arrows, "" where there is none."""
    graph: dict[str, set[str]] = defaultdict(set)
    examples: dict[tuple[str, str], Arrow] = {}
    for arrow in arrows():
        source, target = name(arrow.source), name(arrow.target)
        if source != target:
            graph[source].add(target)
            examples.setdefault((source, target), arrow)
    circle = first_circle(graph)
    return "\n".join(str(examples[pair]) for pair in pairwise(circle))


def test_no_circle_of_modules() -> None:
    circle = _circle(lambda module: module)
    assert not circle, f"modules import each other:\n{circle}"


def test_no_circle_of_folders() -> None:
    circle = _circle(folder)
    assert not circle, f"folders import each other:\n{circle}"


def test_imports_go_from_host_to_sim_to_firmware() -> None:
    wrong = [arrow for arrow in arrows() if _rank(arrow.source) < _rank(arrow.target)]
    assert not wrong, f"imports that go up:\n{_shown(wrong)}"


def _rank(module: str) -> int:
    return _RANK.get(module.split(".")[0], 0)


def test_the_launcher_is_walked() -> None:
    """What chooses the version that runs imports of it, and the other way: no circle of these."""
    found = {(arrow.source, arrow.target) for arrow in arrows()}
    assert {("launch", "update"), ("update", "filmgauge.upgrade.check")} <= found
    assert {("filmgauge.failures", "safe"), ("safe", "crash")} <= found


def _floors(package: str, floors: tuple[set[str], ...]) -> dict[str, int]:
    """Return the floor of each room, having checked that every room has one."""
    rooms = {room(name) for name in modules() if name.split(".")[0] == package}
    placed = {each: level for level, floor in enumerate(floors) for each in floor}
    strangers = sorted(rooms - placed.keys())
    assert not strangers, f"{package} has rooms without a floor: {strangers}"
    return placed


def test_firmware_arrows_only_go_down() -> None:
    floor = _floors("filmgauge", _FIRMWARE)
    wrong = [
        arrow
        for arrow in _within("filmgauge")
        if floor[room(arrow.target)] >= floor[room(arrow.source)]
    ]
    assert not wrong, f"imports that do not go down a floor:\n{_shown(wrong)}"


def test_simulator_arrows_never_go_up() -> None:
    floor = _floors("filmgauge_sim", _SIM)
    wrong = [
        arrow
        for arrow in _within("filmgauge_sim")
        if floor[room(arrow.target)] > floor[room(arrow.source)]
    ]
    assert not wrong, f"imports that go up a floor:\n{_shown(wrong)}"


def test_pieces_of_a_world_know_no_node() -> None:
    wrong = [
        arrow
        for arrow in _within("filmgauge_sim")
        if room(arrow.source) in _PIECES and room(arrow.target) in {"nodes", "scenario"}
    ]
    assert not wrong, f"pieces that know what is built of them:\n{_shown(wrong)}"


def test_only_host_and_face_know_the_experiments() -> None:
    wrong = [
        arrow
        for arrow in _within("filmgauge_sim")
        if room(arrow.target) in _EXPERIMENTS
        and room(arrow.source) not in {"", "notebook", *_EXPERIMENTS}
    ]
    assert not wrong, f"imports of lab or score:\n{_shown(wrong)}"


def test_nothing_imports_the_command_line() -> None:
    wrong = [arrow for arrow in _within("filmgauge_host") if room(arrow.target) == "cli"]
    assert not wrong, f"imports of the command line:\n{_shown(wrong)}"


def test_circles_are_found() -> None:
    """The walk itself: a circle behind a dead end, and none in a diamond."""
    assert first_circle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}) == []
    assert first_circle({"a": {"b", "c"}, "c": {"d"}, "d": {"c"}}) == ["c", "d", "c"]
