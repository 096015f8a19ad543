"""What is tried on a board that nobody has tried yet, with the interpreter alone.

Each function emits what it saw; the host judges. Pins are numbered as in a configuration.
"""

import gc
import sys
import time

import machine
from machine import Pin

from filmgauge.diagnosis.bus_lines import pulled_levels, scan_parts
from filmgauge.diagnosis.output import emit, feed

_PORTS = "ABCDEFGH"


def memory() -> None:
    """Emit the bytes of the heap, and those of a word."""
    gc.collect()
    word = 4 if sys.maxsize < 1 << 32 else 8
    emit({"heap": gc.mem_free() + gc.mem_alloc(), "word": word})


def drive(number: int) -> None:
    """Emit the levels of a pin, driven low and driven high; it is low afterwards."""
    pin = _pin(number)
    pin.init(Pin.OUT, value=0)
    levels = []
    for level in (0, 1):
        pin.value(level)
        time.sleep_ms(2)
        levels.append(pin.value())
    pin.value(0)
    emit({"levels": levels})


def pulls(supply: int, number: int) -> None:
    """Emit the levels of a wire, pulled down and pulled up; `supply` is high meanwhile."""
    _power(supply, 1)
    emit({"levels": pulled_levels(_pin(number))})
    _power(supply, 0)


def parts(supply: int, scl: int, sda: int, frequency_hz: int) -> None:
    """Emit what is on the bus."""
    _power(supply, 1)
    emit({"parts": scan_parts(machine.SoftI2C(_pin(scl), _pin(sda), freq=frequency_hz))})
    _power(supply, 0)


def wifi(name: str, key: str, wait_ms: int) -> None:
    """Emit how many networks are heard and, with a name, whether its network takes the board."""
    import network

    station = network.WLAN(network.STA_IF)
    try:
        station.active(True)
        names = [found[0].decode() for found in station.scan()]
        emit({"networks": len(names), "hears_it": name in names})
        if not name:
            return
        station.connect(name, key)
        begun_ms = time.ticks_ms()
        while not station.isconnected() and time.ticks_diff(time.ticks_ms(), begun_ms) < wait_ms:
            time.sleep_ms(250)
            feed()
        emit({"joined": station.isconnected(), "status": station.status()})
    finally:
        station.active(False)
        if hasattr(station, "deinit"):
            station.deinit()  # pyright: ignore  # of the RP2 port


def advertise(duration_ms: int) -> None:
    """Emit that Bluetooth advertises as "firstlight" for a time, with the board's address."""
    import bluetooth

    ble = bluetooth.BLE()
    ble.active(True)
    try:
        ble.gap_advertise(100000, b"\x02\x01\x06\x0b\x09firstlight", connectable=False)
        time.sleep_ms(duration_ms)
        emit({"address": ble.config("mac")[1].hex(":")})
    finally:
        ble.gap_advertise(None)  # pyright: ignore
        ble.active(False)


def radio_wake(sleep_ms: int) -> None:
    """Emit how many advertisements are heard in 2 s awake, and how long light sleeps last: in
    silence, and while the radio listens."""
    import bluetooth

    heard = [0]

    def count(event, data):
        heard[0] += 1

    lasted_ms = [_light_sleep(sleep_ms)]
    ble = bluetooth.BLE()
    ble.active(True)
    try:
        ble.irq(count)
        ble.gap_scan(60000, 100000, 100000)
        feed()
        time.sleep_ms(2000)
        awake = heard[0]
        if awake:
            lasted_ms.append(_light_sleep(sleep_ms))
        ble.gap_scan(None)  # pyright: ignore
        emit({"heard": awake, "lasted_ms": lasted_ms})
    finally:
        ble.active(False)


def _pin(number):
    if hasattr(Pin, "cpu"):  # names of the STM32's pins, 16 to a port
        name = _PORTS[number >> 4] + str(number & 15)
        return Pin(getattr(Pin.cpu, name), Pin.IN)  # pyright: ignore
    return Pin(number, Pin.IN)


def _power(number, level):
    """Give the sensors their supply, where it is switched, or take it away."""
    if number >= 0:
        _pin(number).init(Pin.OUT, value=level)
        time.sleep_ms(5)


def _light_sleep(duration_ms):
    feed()
    begun_ms = time.time_ns() // 1000000
    machine.lightsleep(duration_ms)
    return time.time_ns() // 1000000 - begun_ms
