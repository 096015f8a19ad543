"""The safe mode: counts charge and does nothing else, where the firmware fails time and again.

It stands beside launch.py and needs nothing of the version in place: neither its modules nor its
profile nor its state. Nothing charges the cell meanwhile: its limits are in the profile. A sensor
that always has its supply counts by itself; this reads how far it has come, so that nothing is
lost where it begins anew, and starts it where it has. Sensors that are switched are sampled. What
was counted waits in flash for the whole firmware (filmgauge/unattended.py), which is tried again
after a day, after a command, and where somebody takes the power away and brings it back; a new
version is tried at once (launch.py).

One record is made when it begins, and so one a day while the firmware goes on failing: with the
modules that make records and send them, where they still can.
"""

import json
import os
import struct
import time

import crash
import machine
from machine import Pin

SAFE = "safe"
# wakes, time in ms, how much of it the clock of the whole firmware has passed, the accumulator,
# what it had counted where it began anew, charge of samples in pC, the last current in pA, flags
LAYOUT = "<HQQQQqiB"
KNOWN = 1  # the accumulator was read in this mode
GAP = 2  # it had begun anew before that: nobody knows what it had counted since the node's last
_MASK = 0xFFFFFFFFFF  # 40 bits
_WAKE_MS = 900000
_DAY = 96  # wakes
_SAVE_EVERY = 16  # wakes, of a board that keeps its memory
_CONFIG, _ADC_CONFIG, _SHUNT_CAL, _CURRENT, _CHARGE = 0, 1, 2, 7, 10  # registers of the INA228
_RANGE = 0x0010  # as sensors/ina228.py has them
_RUN = 0xFBC1
_ONCE = 0x7B40
_ONE_TO_ONE = 4096
_ONCE_MS = 3
_SETTLE_MS = 2  # of a sensor's supply
_LEAST_UV = 50  # at the shunt, of a current that charges (charge/sampled_charge.py)
_NV = 78125  # pV across the shunt that a count is worth
_PORTS = {  # longest watchdog and longest slice of a sleep, in ms
    "esp32": (120000, 0),
    "rp2": (8388, 7500),
    "pyboard": (32000, 28000),
}


def run(device=None) -> None:
    """Count until the whole firmware is to be tried again. It returns only where there is no
    configuration that says where the sensors are: then nobody can count, and the firmware waits
    for one as ever."""
    mode = SafeMode(device)
    while mode.has_sensors:
        mode.wake()
        mode.sleep()
    crash.clear(device)


class SafeMode:
    """device: as of crash.py."""

    def __init__(self, device):
        self._device = device
        self._name = os.uname()[0]
        guard_ms, self._slice_ms = _PORTS.get(self._name, (8000, 7500))
        self._watchdog = machine.WDT(timeout=guard_ms)
        self._settings = _settings(device)
        self.has_sensors = bool(self._settings)
        self._wakes = self._passed_ms = self._clocked_ms = self._position = self._shift = (
            self._moved_pc
        ) = 0
        self._last_pa = self._flags = 0
        self.current_pa = None
        self._load()

    def wake(self) -> None:
        """Count, and once a day report and let the whole firmware be tried again."""
        self.current_pa = None
        for step in self._end_charge, self._count:
            try:
                step()
            except Exception as error:  # a sensor that does not answer: later, perhaps
                print("safe:", error)
        first = not self._wakes
        if first:
            print("safe: the firmware fails time and again: only charge is counted")
        self._wakes += 1
        if not self._slice_ms or first or self._wakes % _SAVE_EVERY == 0:
            self._save()  # before the radio, which may end in a reset
        if first and self._report():
            self._end()
        if self._wakes >= _DAY:
            self._end()

    def sleep(self) -> None:
        """Sleep to the next wake; a board that boots anew does not return."""
        if not self._slice_ms:
            machine.deepsleep(_WAKE_MS)
        left_ms = _WAKE_MS
        while left_ms > 0:
            self._watchdog.feed()
            machine.lightsleep(min(left_ms, self._slice_ms))
            left_ms -= self._slice_ms
        self._watchdog.feed()

    def _end(self):
        """Let the whole firmware be tried; what was counted waits for it."""
        self._wakes = 0
        self._save()
        try:
            crash.try_again(self._device)
        except Exception as error:  # flash takes nothing: the count stays, and so does this mode
            print("safe:", error)
            return
        machine.reset()

    def _end_charge(self):
        """Let no charger charge, whatever level its pin has kept through sleep and boot."""
        pin = self._settings.get("pin_charge", -1)
        if pin < 0:
            return
        if self._name != "esp32":
            self._output(pin, 0)
            return
        import esp32

        Pin(pin, Pin.OUT, value=0, hold=True)  # pyright: ignore
        if hasattr(esp32, "gpio_deep_sleep_hold"):
            esp32.gpio_deep_sleep_hold(True)  # pyright: ignore

    def _count(self):
        get = self._settings.get
        address, shunt_mohm = get("ina228_address", 64), get("shunt_mohm", 1000000)
        pin = get("pin_sensors", -1)
        elapsed_ms = _WAKE_MS
        if not self._slice_ms:  # it has booted since
            elapsed_ms += time.ticks_ms()  # pyright: ignore
        if self._wakes:
            self._passed_ms += elapsed_ms
        if pin >= 0:
            supply = self._output(pin, 1)
            time.sleep_ms(_SETTLE_MS)
            try:
                pa = self._sample(self._bus(), address, shunt_mohm)
            finally:
                supply.value(0)
            if self._wakes:
                self._moved_pc += (max(0, self._last_pa) + max(0, pa)) // 2 * elapsed_ms // 1000
            self._last_pa = self.current_pa = pa
        else:
            bus = self._bus()
            self._read_accumulator(bus, address)
            self.current_pa = _current_pa(bus, address, shunt_mohm)

    def _sample(self, bus, address, shunt_mohm):
        for register, value in (
            (_CONFIG, _RANGE),
            (_SHUNT_CAL, _ONE_TO_ONE),
            (_ADC_CONFIG, _ONCE),
        ):
            _set(bus, address, register, value)
        time.sleep_ms(_ONCE_MS)
        pa = _current_pa(bus, address, shunt_mohm)
        return pa if abs(pa) >= _LEAST_UV * 1000000000 // shunt_mohm else 0

    def _read_accumulator(self, bus, address):
        """Note how far the sensor has counted; where it has begun anew, set it up again."""
        setting = (_CONFIG, _RANGE), (_SHUNT_CAL, _ONE_TO_ONE), (_ADC_CONFIG, _RUN)
        runs = all(_get(bus, address, register, 2) == value for register, value in setting)
        if runs:
            self._position = _counts(bus, address)
        else:
            _set(bus, address, _CONFIG, 0x8000)
            for register, value in setting:
                _set(bus, address, register, value)
            if not self._flags & KNOWN:
                self._flags |= GAP
            self._shift = (self._shift + self._position) & _MASK
            self._position = 0
        self._flags |= KNOWN

    def _bus(self):
        scl, sda = self._settings["pin_scl"], self._settings["pin_sda"]
        hz = self._settings.get("i2c_hz", 400000)
        if self._name == "esp32":
            return machine.I2C(0, scl=_pin(self._name, scl), sda=_pin(self._name, sda), freq=hz)
        return machine.SoftI2C(_pin(self._name, scl), _pin(self._name, sda), freq=hz)

    def _output(self, number, level):
        if self._name == "pyboard":
            return Pin(_pin(self._name, number), Pin.OUT, value=level)
        return Pin(number, Pin.OUT, value=level)

    def _report(self):
        """Make the record of this mode, and send it; return whether a command asks for a boot."""
        try:
            from filmgauge.safe_report import report

            return report(self.current_pa)
        except Exception as error:  # then nobody hears of it, and charge is counted all the same
            print("safe: not reported:", error)
            return False

    def _load(self):
        try:
            found = crash.open_store(self._device).read(SAFE)
            if found and len(found) == struct.calcsize(LAYOUT):
                values = struct.unpack(LAYOUT, found)
                self._wakes, self._passed_ms, self._clocked_ms = values[:3]
                self._position, self._shift, self._moved_pc = values[3:6]
                self._last_pa, self._flags = values[6:]
        except Exception as error:
            print("safe:", error)

    def _save(self):
        values = self._wakes, self._passed_ms, self._clocked_ms, self._position, self._shift
        values += self._moved_pc, self._last_pa, self._flags
        try:
            crash.open_store(self._device).write(SAFE, struct.pack(LAYOUT, *values))
        except Exception as error:  # flash takes nothing: it goes on in memory, and in the sensor
            print("safe:", error)


def _settings(device):
    """Return the configuration as far as it can be read, unchecked: the file or its copy."""
    for read in (_file, _copy):
        try:
            found = json.loads(read(device))
            if isinstance(found["pin_scl"], int) and isinstance(found["pin_sda"], int):
                return found
        except Exception as error:
            print("safe: configuration:", error)
    return {}


def _file(device):
    with open("/config.json", "rb") as file:
        return file.read()


def _copy(device):
    return (crash.open_store(device).read("config.bak") or b"")[4:]


def _pin(name, number):
    if name == "pyboard":
        return getattr(Pin.cpu, "ABCDEFGH"[number >> 4] + str(number & 15))  # pyright: ignore
    return Pin(number)


def _get(bus, address, register, size):
    return int.from_bytes(bus.readfrom_mem(address, register, size), "big")


def _set(bus, address, register, value):
    bus.writeto_mem(address, register, struct.pack(">H", value))


def _counts(bus, address):
    """Return the accumulator, as two readings agree on it."""
    before = -1
    for _ in range(4):
        counts = _get(bus, address, _CHARGE, 5)
        if counts == before:
            return counts
        before = counts
    raise OSError(5)


def _current_pa(bus, address, shunt_mohm):
    code = _get(bus, address, _CURRENT, 3) >> 4
    code -= (code & 0x80000) << 1
    return code * _NV * 1000 // shunt_mohm
