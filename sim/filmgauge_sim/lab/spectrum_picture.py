"""The picture of a fitted spectrum: Nyquist and Bode, the circuit over the data."""

from typing import Any

import numpy as np

from filmgauge_sim.lab.figures import COLOURS, Picture
from filmgauge_sim.lab.impedance_fit import SpectrumFit

_UNIT = "ohm cm$^{2}$"


def spectrum_picture(found: SpectrumFit, title: str) -> Picture:
    """Measured points and the line of the circuit, over each other."""

    def draw(panels: Any) -> None:
        measured, fitted = found.spectrum.impedance_ohm_cm2, found.fitted_ohm_cm2
        hertz = found.spectrum.frequencies_hz
        for z, style in ((measured, _MEASURED), (fitted, _FITTED)):
            panels[0].plot(z.real, -z.imag, **style)
            panels[1].loglog(hertz, np.abs(z), **style)
            panels[2].semilogx(hertz, np.degrees(np.angle(z)), **style)
        panels[0].set(xlabel=f"Re Z / {_UNIT}", ylabel=f"-Im Z / {_UNIT}")
        panels[0].set_aspect("equal", adjustable="datalim")
        panels[0].legend(fontsize=8)
        panels[1].set(xlabel="frequency / Hz", ylabel=f"|Z| / {_UNIT}")
        panels[2].set(xlabel="frequency / Hz", ylabel="phase / degree")

    return Picture(draw, panels=3, title=title)


_MEASURED = {"marker": "o", "linestyle": "", "markersize": 3, "color": COLOURS[0]} | {
    "label": "measured"
}
_FITTED = {"linewidth": 1.0, "color": COLOURS[1], "label": "circuit"}
