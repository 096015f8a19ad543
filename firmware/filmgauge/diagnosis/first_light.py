"""What is tried on a board that nobody has tried yet; it needs nothing but the interpreter.

Each function emits what it saw; the host judges. Pins are numbered as in a configuration.
"""

import gc
import json
import sys
import time

import machine
from machine import Pin

_PORTS = "ABCDEFGH"


def say(value) -> None:
    """Print a value for the host."""
    _feed()
    print("@" + json.dumps(value))


def memory() -> None:
    """Emit the bytes of the heap, and those of a word."""
    gc.collect()
    word = 4 if sys.maxsize < 1 << 32 else 8
    say({"heap": gc.mem_free() + gc.mem_alloc(), "word": word})


def drive(*numbers: int) -> None:
    """Emit the levels of each pin, driven low and driven high; it is low afterwards."""
    for number in numbers:
        pin = _pin(number)
        pin.init(Pin.OUT, value=0)
        levels = []
        for level in (0, 1):
            pin.value(level)
            time.sleep_ms(2)
            levels.append(pin.value())
        pin.value(0)
        say({str(number): levels})


def pulls(supply: int, *numbers: int) -> None:
    """Emit the levels of each wire, pulled down and pulled up; `supply` is high meanwhile."""
    _power(supply, 1)
    for number in numbers:
        wire = _pin(number)
        levels = []
        for pull in (Pin.PULL_DOWN, Pin.PULL_UP):
            wire.init(Pin.IN, pull)
            time.sleep_ms(2)
            levels.append(wire.value())
        wire.init(Pin.IN, None)  # pyright: ignore
        say({str(number): levels})
    _power(supply, 0)


def parts(supply: int, scl: int, sda: int, frequency_hz: int) -> None:
    """Emit [address, words at 3Eh, 3Fh and 0Fh] of every part on the bus."""
    _power(supply, 1)
    bus = machine.SoftI2C(_pin(scl), _pin(sda), freq=frequency_hz)
    found = []
    for address in bus.scan():
        words = []
        for register in (0x3E, 0x3F, 0x0F):
            try:
                raw = bus.readfrom_mem(address, register, 2)
                words.append(raw[0] << 8 | raw[1])
            except OSError:
                words.append(-1)
        found.append([address, words])
    _power(supply, 0)
    say({"parts": found})


def wifi(name: str, key: str, wait_ms: int) -> None:
    """Emit how many networks are heard and, with a name, whether its network takes the board."""
    import network

    station = network.WLAN(network.STA_IF)
    try:
        station.active(True)
        names = [found[0].decode() for found in station.scan()]
        say({"networks": len(names), "hears_it": name in names})
        if not name:
            return
        station.connect(name, key)
        begun_ms = time.ticks_ms()
        while not station.isconnected() and time.ticks_diff(time.ticks_ms(), begun_ms) < wait_ms:
            time.sleep_ms(250)
            _feed()
        say({"joined": station.isconnected(), "status": station.status()})
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
        say({"address": ble.config("mac")[1].hex(":")})
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
        _feed()
        time.sleep_ms(2000)
        awake = heard[0]
        if awake:
            lasted_ms.append(_light_sleep(sleep_ms))
        ble.gap_scan(None)  # pyright: ignore
        say({"heard": awake, "lasted_ms": lasted_ms})
    finally:
        ble.active(False)


def _feed():
    """Feed the watchdog that the host lets run."""
    if "_guard" in globals():
        globals()["_guard"].feed()


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
    _feed()
    begun_ms = time.time_ns() // 1000000
    machine.lightsleep(duration_ms)
    return time.time_ns() // 1000000 - begun_ms
