"""Runs the firmware in an emulated Pico W, on MicroPython's own image: `make emulate UF2=path`.

The image gets the files that `filmgauge flash` leaves on a board; the sensors on its pins see the
cell of emulate.toml. There is no broker, so records wait in its flash, from where they are read
and shown with what is true beside them. What is made stays in build/emulate/run.
"""

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

from filmgauge.record.record import Record
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.serial.firmware_build import wanted
from filmgauge_host.serial.launcher import APP
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.record_format import plain_line
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.emulated.emulated_records import EmulatedRecords
from filmgauge_sim.emulated.emulator import Emulator, EmulatorError
from filmgauge_sim.emulated.flash_image import ImageError, file_system, read_image, with_files
from filmgauge_sim.emulated.pico_wiring import PicoWiring
from filmgauge_sim.emulated.uf2 import write_uf2
from filmgauge_sim.nodes.configuration import Broker, board_files
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import Scenario

FOLDER = Path(__file__).resolve().parent.parent / "build" / "emulate" / "run"
SCENARIO = load_scenario(str(Path(__file__).with_suffix(".toml")))
_NOWHERE = Broker("192.0.2.1", 1883)  # RFC 5737: an address that nobody has


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it. Raises SystemExit, one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uf2", type=Path, help="MicroPython's image RPI_PICO_W-*.uf2")
    parser.add_argument("--records", type=int, default=3, help="how many to wait for")
    parser.add_argument("--minutes", type=float, default=60.0, help="of real time, at most")
    options = parser.parse_args(arguments)
    try:
        made = flash_file(options.uf2, FOLDER)
        run(made, options.records, 60 * options.minutes)
    except (FilmgaugeError, EmulatorError) as error:
        raise SystemExit(f"emulate: {error}") from None
    except OSError as error:
        raise SystemExit(f"emulate: {error.filename}: {error.strerror}") from None
    except ImageError as error:
        raise SystemExit(f"emulate: {options.uf2}: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def flash_file(uf2: Path, folder: Path, scenario: Scenario = SCENARIO) -> Path:
    """Return a file in `folder`: the image `uf2` with the firmware and the files of the node."""
    node = scenario.node[0]
    flash, version = read_image(uf2.read_bytes(), node.description.kind)
    files = board_files(node.description, node.secrets, _NOWHERE)
    firmware = wanted(node.description.kind.port, files["/config.json"], files["/profile.bin"])
    files |= {**firmware.start_files, APP: firmware.archive.data}
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "filmgauge.uf2"
    made.write_bytes(write_uf2(with_files(flash, node.description.kind, files)))
    print(f"MicroPython {version}; {sum(map(len, files.values()))} bytes of files")
    return made


def run(made: Path, records: int, patience_s: float, scenario: Scenario = SCENARIO) -> None:
    """Run it until so many records are in its flash. Raises EmulatorError where they stay away."""
    node = scenario.node[0]
    kind = node.description.kind
    world = build_world(node.description, node.world, random.Random(scenario.seed))
    follower = EmulatedRecords(world, made.parent / "flash")
    began_s, found = time.monotonic(), 0

    def show(console: bytes) -> None:
        for line in follower.lines(console):
            print(f"console: {line}", flush=True)

    def is_done() -> bool:
        nonlocal found
        for record, truth in follower.new(file_system(emulator.flash, kind)):
            print(record_line(node.name, record, truth), flush=True)
            found += 1
        if found < records and time.monotonic() - began_s > patience_s:
            raise EmulatorError(f"{found} of {records} records in {patience_s:.0f} s")
        return found >= records

    emulator = Emulator(made, PicoWiring(world, kind.pins, follower.sense), show)
    emulator.run(is_done)


def record_line(node: str, record: Record, truth: Truth) -> str:
    """Return a record as `filmgauge run` writes it, and the same quantities as they truly were."""
    line = plain_line(ReceivedRecord(node, record, time.time_ns() // 1_000_000))
    true = f"{100 * truth.stoichiometry:.1f} %  {truth.voltage_v:.4f} V  {truth.current_ua:.3f} uA"
    return f"{line}  true {true}  {truth.temperature_c:.1f} degC"


if __name__ == "__main__":
    main()
