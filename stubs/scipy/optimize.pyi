from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

class OptimizeResult:
    x: NDArray[np.float64]
    fun: Any
    status: int
    jac: NDArray[np.float64]
    cost: float

def least_squares(
    fun: Callable[..., NDArray[np.float64]],
    x0: NDArray[np.float64],
    jac: str | Callable[..., NDArray[np.float64]] = "2-point",
    bounds: tuple[NDArray[np.float64], NDArray[np.float64]] = ...,
    *,
    x_scale: str = ...,
    ftol: float = 1e-8,
    xtol: float = 1e-8,
) -> OptimizeResult: ...
def linprog(
    c: NDArray[np.float64],
    *,
    A_eq: csr_matrix,
    b_eq: NDArray[np.float64],
    bounds: Sequence[tuple[float, float | None]],
    method: str,
) -> OptimizeResult: ...
