"""Files of cyclers at the command line: what is read as what, and what is wrong."""

import csv
import json

import pytest
from click.testing import CliRunner
from cycler_layouts import LAYOUTS
from cycler_samples import Row
from cycler_samples import rows as made_up

from filmgauge_host.cli.app import main
from filmgauge_sim.lab.cyclers.layout import MEASUREMENT
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns
from filmgauge_sim.lab.cyclers.reader import read_recording

STEPS = (
    "charge at 6 uA/cm2 to 4.0 V, hold at 4.0 V until 1 uA/cm2, rest 20 min,"
    " discharge at 6 uA/cm2 to 1.0 V, rest 20 min, 2 times"
)
AREA_CM2 = 100.0
# One layout of each program, and all that are not text.
SOME = {layout.source: layout for layout in reversed(LAYOUTS) if not layout.columns}
CHOSEN = [*SOME.values(), *(x for x in LAYOUTS if x.name.endswith((".mpr", ".ndax", ".xlsx")))]


def lab(*arguments):
    return CliRunner().invoke(main, ["lab", *map(str, arguments)])


@pytest.fixture(scope="module")
def cycled(tmp_path_factory):
    """What `lab cycle` writes, and its rows."""
    path = tmp_path_factory.mktemp("cycled") / "cell.bdf.csv"
    ran = lab("cycle", "--steps", STEPS, "--area", AREA_CM2, "--bdf", path)
    assert ran.exit_code == 0, ran.output
    return path, list(as_rows(read_recording(path, MEASUREMENT)))


def as_rows(recording):
    """The rows of a recording as those that layouts write."""
    began_s = began_ah = charged = discharged = before = 0.0
    step = cycle = None
    for k, time_s in enumerate(recording.time_s):
        net = recording.charge_ah[k]
        if recording.cycle[k] != cycle:
            charged = discharged = 0.0
        moved, before = net - before, net
        charged, discharged = charged + max(moved, 0.0), discharged + max(-moved, 0.0)
        if recording.step[k] != step:
            began_s, began_ah = time_s, net
        step, cycle = recording.step[k], recording.cycle[k]
        current = recording.current_a[k]
        yield Row(
            index=k + 1,
            time_s=time_s,
            step_time_s=time_s - began_s,
            voltage_v=recording.voltage_v[k],
            current_a=current,
            step=int(step),
            cycle=int(cycle),
            kind="charge" if current > 0.0 else "discharge" if current < 0.0 else "rest",
            net_ah=net,
            step_ah=abs(net - began_ah),
            charged_ah=charged,
            discharged_ah=discharged,
            degc=25.0,
        )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", CHOSEN, ids=[layout.name for layout in CHOSEN])
def test_what_lab_cycle_gives_goes_round(layout, cycled, tmp_path):
    _, rows = cycled
    path = tmp_path / layout.name
    layout.write(path, rows)
    found = read_recording(
        path, MEASUREMENT, ReadingOptions(parse_columns(layout.columns), Sign(layout.sign))
    )
    # A clock without fractions of a second.
    within_s = 0.51 if layout.source in ("Neware", "Landt") else 0.1
    assert list(found.time_s) == pytest.approx([r.time_s for r in rows], abs=within_s)
    assert list(found.current_a) == pytest.approx([r.current_a for r in rows], abs=2e-8)
    assert list(found.voltage_v) == pytest.approx([r.voltage_v for r in rows], abs=1e-4)


def test_convert_says_what_was_read_as_what(cycled, tmp_path):
    _, rows = cycled
    path, out = tmp_path / "maccor.txt", tmp_path / "out.bdf.csv"
    next(x for x in LAYOUTS if x.name == path.name).write(path, rows)
    ran = lab("convert", path, "--bdf", out)
    assert ran.exit_code == 0, ran.output
    assert f"{len(rows)} rows of Maccor" in ran.output
    assert "current      Amps, in A" in ran.output
    assert "the current has the sign that 'State' says" in ran.output
    with out.open() as file:
        found = list(csv.DictReader(file))
    assert len(found) == len(rows)
    for row, truth in list(zip(found, rows, strict=True))[::50]:
        assert float(row["Test Time / s"]) == pytest.approx(truth.time_s, abs=0.01)
        assert float(row["Current / A"]) == pytest.approx(truth.current_a, abs=2e-8)
        assert int(row["Step Count / 1"]) == truth.step
    again = tmp_path / "again.bdf.csv"
    answer = lab("convert", out, "--bdf", again, "--json")
    told = json.loads(answer.output)
    assert (told["source"], told["rows"], told["gaps"]) == ("Battery Data Format", len(rows), 0)
    assert told["columns"]["count"] == "Net Capacity / Ah"
    assert again.read_text() == out.read_text()


def write_counted(path, counts):
    lines = [
        f"{r.time_s},{1e3 * r.current_a},{r.voltage_v},{1e3 * count}"
        for r, count in zip(made_up(), counts, strict=True)
    ]
    path.write_text("\n".join(["time / s,current / mA,voltage / V,capacity / mAh", *lines]))


def test_a_count_that_is_not_the_current_is_refused_or_left_out(tmp_path):
    path, out = tmp_path / "counted.csv", tmp_path / "out.csv"
    write_counted(path, [2.0 * r.net_ah for r in made_up()])
    ran = lab("convert", path, "--bdf", out)
    assert (ran.exit_code, out.exists()) == (2, False)
    assert "counted.csv: what 'capacity / mAh' counts is 2 times what 'current / mA'" in ran.output
    ran = lab("convert", path, "--bdf", out, "--ignore-count")
    assert (ran.exit_code, "capacity" in ran.output) == (0, False)
    assert "Capacity" not in out.read_text()


def test_a_count_of_the_other_sign_is_refused(tmp_path):
    """A count with the other sign than its current is neither turned nor taken for one without."""
    path, out = tmp_path / "counted.csv", tmp_path / "out.csv"
    write_counted(path, [-r.net_ah for r in made_up()])
    ran = lab("convert", path, "--bdf", out)
    assert (ran.exit_code, out.exists()) == (2, False)
    assert "counts is -0.999 times what 'current / mA' passes" in ran.output


def test_a_density_needs_the_area(tmp_path):
    path, out = tmp_path / "density.csv", tmp_path / "out.csv"
    lines = [f"{r.time_s},{5e5 * r.current_a},{r.voltage_v}" for r in made_up()]
    path.write_text("\n".join(["t / s,I / (uA/cm2),U / V", *lines]).replace("(uA/cm2)", "uA/cm2"))
    ran = lab("convert", path, "--bdf", out)
    assert (ran.exit_code, out.exists()) == (2, False)
    assert "has 'I / uA/cm2' in uA/cm2: give --area, the area of the film in cm2" in ran.output
    assert lab("convert", path, "--bdf", out, "--area", 2.0).exit_code == 0
    with out.open() as file:
        found = [float(row["Current / A"]) for row in csv.DictReader(file)]
    assert found == pytest.approx([r.current_a for r in made_up()], rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--columns", "tiem=a"],
            "--columns must be such as time=NAME,current=NAME:mA, with time",
        ),
        (["--columns", "time=a,time=b"], "--columns names time twice"),
        (["--columns", "time=nobody"], "no line with the columns 'nobody' that --columns names"),
        (["--columns", "current=Volts:bar"], "no line with the columns 'Volts:bar'"),
        (["--sign", "up"], "'up' is not one of 'as-written'"),
        (["--area", "0"], "--area must be 0.0001 to 10000 cm2"),
    ],
)
def test_wrong_options_are_said(arguments, says, cycled, tmp_path):
    path, _ = cycled
    ran = lab("convert", path, "--bdf", tmp_path / "out.csv", *arguments)
    assert ran.exit_code == 2
    assert says in ran.output
    assert not (tmp_path / "out.csv").exists()


def test_the_file_that_is_read_is_not_written(cycled):
    path, _ = cycled
    before = path.read_bytes()
    ran = lab("convert", path, "--bdf", path)
    assert ran.exit_code == 2
    assert "--bdf must be another file" in ran.output
    assert path.read_bytes() == before


def test_a_load_may_be_of_any_cycler_and_any_column(cycled, tmp_path):
    _, rows = cycled
    path = tmp_path / "own.csv"
    path.write_text(
        "Zeit;Strom;Leistung\n"
        + "\n".join(f"{r.time_s / 60:.6f};{-1e3 * r.current_a:.9f};7" for r in rows).replace(
            ".", ","
        )
    )
    ran = lab("profile", path, "--area", AREA_CM2)
    assert ran.exit_code == 2
    assert "has a current in column 'Strom' and a power in 'Leistung'" not in ran.output
    assert "the unit of column 'Zeit': give --columns time='Zeit:s'" in ran.output
    given = ["--columns", "time=Zeit:min,current=Strom:mA", "--sign", "positive-discharges"]
    ran = lab("profile", path, "--area", AREA_CM2, "--stoichiometry", 0.0, *given, "--json")
    assert ran.exit_code == 0, ran.output
    truth = sum(max(r.charged_ah for r in rows if r.cycle == c) for c in (1, 2))
    assert json.loads(ran.output)["charged_uah"] == pytest.approx(1e6 * truth, rel=0.02)
    both = "time=Zeit:min,current=Strom:mA,power=Leistung:mW"
    ran = lab("profile", path, "--columns", both)
    assert ran.exit_code == 2
    assert "name one with --columns current='Strom' or power='Leistung'" in ran.output
