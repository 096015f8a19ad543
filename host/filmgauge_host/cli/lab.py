"""`filmgauge lab`: the virtual laboratory, experiments on a simulated cell."""

import click

from filmgauge_host.cli.lab_capacity import cycle, discharge, rate, temperature
from filmgauge_host.cli.lab_convert import convert
from filmgauge_host.cli.lab_fit import fit
from filmgauge_host.cli.lab_impedance import eis
from filmgauge_host.cli.lab_paper import paper
from filmgauge_host.cli.lab_probe import cv, ocv, profile, pulse


@click.group()
def lab() -> None:
    """Experiments on a simulated cell; currents in uA/cm2, capacities in uAh/cm2."""


_EXPERIMENTS = discharge, rate, cycle, temperature, cv, eis, ocv, pulse, profile
for _command in (*_EXPERIMENTS, paper, fit, convert):
    lab.add_command(_command)
