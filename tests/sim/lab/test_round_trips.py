"""What the laboratory writes becomes the file of a cycler, and a fit finds the cell in it."""

import pytest
from cycler_data import OTHER, PRE, cycled, truths
from cycler_layouts import LAYOUTS
from cycler_samples import Row

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns
from filmgauge_sim.lab.fit import fit

# A cycler of milliamperes has a film as large as this.
AREA_CM2 = 250.0
# One layout of every program.
ONE_EACH = list({layout.source: layout for layout in reversed(LAYOUTS)}.values())


@pytest.fixture(scope="module")
def rows():
    """A charge with a hold and a discharge at two currents, as rows of a cycler."""
    samples = cycled([2.0, 10.0], points=40).samples
    found, first, before = [], samples[0], samples[0]
    charged = discharged = 0.0
    for k, sample in enumerate(samples, 1):
        if sample.step != first.step:
            first = before if sample.current_ua_cm2 else sample
        passed = 1e-6 * AREA_CM2 * (sample.charge_uah_cm2 - before.charge_uah_cm2)
        charged, discharged = charged + max(passed, 0.0), discharged + max(-passed, 0.0)
        before = sample
        found.append(
            Row(
                index=k,
                time_s=sample.time_s,
                step_time_s=sample.time_s - first.time_s,
                voltage_v=sample.voltage_v,
                current_a=1e-6 * AREA_CM2 * sample.current_ua_cm2,
                step=sample.step,
                cycle=1,
                kind="charge" if sample.current_ua_cm2 > 0.0 else "discharge",
                net_ah=1e-6 * AREA_CM2 * sample.charge_uah_cm2,
                step_ah=1e-6 * AREA_CM2 * abs(sample.charge_uah_cm2 - first.charge_uah_cm2),
                charged_ah=charged,
                discharged_ah=discharged,
                degc=25.0,
            )
        )
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("layout", ONE_EACH, ids=[layout.source for layout in ONE_EACH])
def test_the_cell_is_found_in_the_file_of_every_cycler(layout, rows, tmp_path):
    path = tmp_path / layout.name
    layout.write(path, rows)
    options = ReadingOptions(parse_columns(layout.columns), Sign(layout.sign))
    data = read_cycler_data(path, AREA_CM2, options, PRE.capacity_uah_cm2)
    found = fit(PRE, [data], 25.0).parameters
    true = truths(found.plateau_current_ua_cm2)
    # Without a count the charge of a hold is that of few logged currents.
    counted = data.charge_uah_cm2 is not None
    near = 0.01 if counted else 0.04
    assert found.capacity_uah_cm2 == pytest.approx(OTHER.capacity_uah_cm2, rel=near)
    if counted:
        assert found.diffusion_time_h == pytest.approx(OTHER.diffusion_time_h, rel=0.05)
    assert found.plateau_middle_v == pytest.approx(OTHER.plateau_middle_v, abs=3e-3)
    assert found.plateau_gap_v == pytest.approx(true["plateau_gap_v"], abs=5e-3)
