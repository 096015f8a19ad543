"""One test, written in the layout of every cycler's file, is read as what it is."""

import numpy as np
import pytest
from cycler_layouts import LAYOUTS
from cycler_samples import rows

from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cyclers.options import ReadingOptions, Sign, parse_columns

AREA_CM2 = 2.0
ROWS = rows()
TRUTH = {
    "time_h": np.array([r.time_s for r in ROWS]) / 3600.0,
    "current_ua_cm2": np.array([r.current_a for r in ROWS]) * 1e6 / AREA_CM2,
    "voltage_v": np.array([r.voltage_v for r in ROWS]),
    "charge_uah_cm2": np.array([r.net_ah for r in ROWS]) * 1e6 / AREA_CM2,
    "temperature_c": np.array([r.degc for r in ROWS]),
    "step": np.array([r.step for r in ROWS]),
    "cycle": np.array([r.cycle for r in ROWS]),
}
IN_A_STEP = np.diff(TRUTH["step"]) == 0


def test_there_are_enough_of_them():
    assert len(LAYOUTS) >= 30
    assert len({layout.source for layout in LAYOUTS}) >= 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_a_layout_is_read_as_what_was_written(layout, tmp_path):
    path = tmp_path / layout.name
    layout.write(path, ROWS)
    options = ReadingOptions(parse_columns(layout.columns), Sign(layout.sign))
    data = read_cycler_data(path, AREA_CM2, options, 500.0)
    assert data.source == layout.source
    assert data.time_h == pytest.approx(TRUTH["time_h"], abs=layout.time_s / 3600.0)
    current = layout.current_a * 1e6 / AREA_CM2
    assert data.current_ua_cm2 == pytest.approx(TRUTH["current_ua_cm2"], abs=current)
    assert data.voltage_v == pytest.approx(TRUTH["voltage_v"], abs=1e-4)
    assert len(data.gaps) == 0
    for name in ("temperature_c", "cycle", "step"):
        found = getattr(data, name)
        if name in layout.without:
            assert found is None or not found.any()
        elif name == "temperature_c":
            assert found == pytest.approx(TRUTH[name], abs=1e-3)
        else:
            # Some count from 0.
            assert found - found[0] == pytest.approx(TRUTH[name] - 1)
    if "charge_uah_cm2" in layout.without:
        assert data.charge_uah_cm2 is None
    else:
        found = np.diff(data.charge_uah_cm2)[IN_A_STEP]
        assert found == pytest.approx(np.diff(TRUTH["charge_uah_cm2"])[IN_A_STEP], abs=0.05)
    if layout.remark:
        assert layout.remark in data.remarks
