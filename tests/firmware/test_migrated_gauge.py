"""A gauge of an earlier version goes on; with the other tests it would fill the heap."""

from cell_profiles import cell
from layout_5 import old_block
from scratch_files import unused_path

from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import MEASURED
from filmgauge.migration import migrate
from filmgauge.state import State


def test_the_gauge_goes_on_with_what_it_knew():
    state = State()
    found = migrate(
        state, None, bytes(old_block()), None, unused_path(), unused_path(), unused_path()
    )
    assert found
    gauge = FuelGauge(cell(), 999983)
    state.unpack_parts(gauge)
    gauge.open(0, 0)  # has no effect: something is known already
    assert gauge.soc_ppm() == 699999
    assert gauge.sigma_ppm() == 46097
    assert gauge.ledger.line_pc(MEASURED) == -12345
