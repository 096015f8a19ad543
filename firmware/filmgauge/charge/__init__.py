"""How charge gets from the sensors into the gauge.

    charge = charge_source(board, config, profile)
    charge.sample(elapsed_ms)                                   # None: nobody knows
    charge.release_sensors()                                    # where there is little room
    charge.sampler.voltage_uv, ...                              # sampler.py; what it has seen
    faults = charge.count(state, gauge, elapsed_ms, temperature_cdeg)
    pa = charge.current_for_voltage()                           # what the voltage goes with
    if charge.quick_check(state, gauge, elapsed_ms): ...        # nothing calls for a sample
    charge.memory.pack_into(buffer, offset)                     # charge_memory.py

A node whose sensors always have their supply reads the accumulator: nothing escapes it. One that
switches them estimates from samples.
"""


def charge_source(board, config, profile=None):
    """Return the way of counting that a configuration asks for."""
    if config.pin_sensors < 0:
        from filmgauge.charge.coulomb_counter import CoulombCounter

        return CoulombCounter(board, config, profile)
    from filmgauge.charge.sampled_charge import SampledCharge

    return SampledCharge(board, config, profile)
