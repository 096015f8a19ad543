from typing import Any

import numpy as np
from numpy.typing import NDArray

def get_tc_distribution(f: NDArray[np.float64], M: int) -> NDArray[np.float64]: ...
def fit_linKK(
    f: NDArray[np.float64],
    ts: NDArray[np.float64],
    M: int,
    Z: NDArray[np.complex128],
    fit_type: str = "real",
    add_cap: bool = False,
) -> tuple[Any, float]: ...
