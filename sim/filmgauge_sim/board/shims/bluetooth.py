"""`bluetooth` of MicroPython as a peripheral and a broadcaster: what sensor nodes use of it.

Interrupts reach the handler when the firmware sleeps or ends a call of this module.
"""

from binascii import hexlify, unhexlify

import _interrupts
import _link
import _protocol
import ustruct

FLAG_READ = 0x02
FLAG_WRITE_NO_RESPONSE = 0x04
FLAG_WRITE = 0x08
FLAG_NOTIFY = 0x10
FLAG_INDICATE = 0x20

_ENODEV = 19
_EINVAL = 22
_LONGEST_NAME = 31  # BLE_SVC_GAP_DEVICE_NAME_MAX_LENGTH of NimBLE as MicroPython builds it
_BITS = {"bond": _protocol.BLE_BOND, "mitm": _protocol.BLE_MITM, "le_secure": _protocol.BLE_SECURE}
_HIGHEST_IO = 4
_SETTINGS = ("gap_name", "mtu", "rxbuf", "addr_mode", "bond", "mitm", "io", "le_secure")
_CAN_BE_READ = ("gap_name", "mtu", "rxbuf")
_READ_REFUSED = 3  # ATT: read not permitted
_LAYOUTS = {
    _protocol.IRQ_GATTS_WRITE: "<HH",
    _protocol.IRQ_GATTS_READ_REQUEST: "<HHH",
    _protocol.IRQ_GATTS_INDICATE_DONE: "<HHB",
    _protocol.IRQ_MTU_EXCHANGED: "<HH",
    _protocol.IRQ_CONNECTION_UPDATE: "<HHHHH",
    _protocol.IRQ_ENCRYPTION_UPDATE: "<HBBBB",
    _protocol.IRQ_PASSKEY_ACTION: "<HBI",
}


def _call(operation, small=0, argument=0, data=b""):
    try:
        return _link.call(operation, small, argument, data)
    except OSError as error:
        number = error.errno
        if number & _protocol.BLE_OWN_ERROR:
            number = -(number & ~_protocol.BLE_OWN_ERROR)
    raise OSError(number, "")


class UUID:
    def __init__(self, value):
        if isinstance(value, int):
            if not 0 <= value <= 0xFFFF:
                raise ValueError("invalid UUID")
            self._bytes = ustruct.pack("<H", value)
        elif isinstance(value, str):
            digits = unhexlify(value.replace("-", ""))
            if len(digits) != 16:
                raise ValueError("invalid UUID")
            self._bytes = bytes(reversed(digits))
        else:
            self._bytes = bytes(value)
            if len(self._bytes) not in (2, 4, 16):
                raise ValueError("invalid UUID")

    def __eq__(self, other):
        return isinstance(other, UUID) and self._bytes == other._bytes

    def __hash__(self):
        return hash(self._bytes)

    def packed(self):
        return bytes((len(self._bytes),)) + self._bytes

    def __repr__(self):
        digits = hexlify(bytes(reversed(self._bytes))).decode()
        if len(digits) < 32:
            return "UUID(0x%s)" % digits
        parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
        return "UUID('%s')" % "-".join(parts)


class BLE:
    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = object.__new__(cls)
            cls._only._begin()
        return cls._only

    def _begin(self):
        self._active = False
        self._handler = None
        self._settings = {"gap_name": b"MPY BLE", "mtu": 256, "rxbuf": 256, "io": 3}
        self._address = None
        self._handling = False

    def active(self, active=None):
        if active is None:
            return self._active
        answer = _call(_protocol.BLE_ACTIVE, 1 if active else 0)
        self._active = bool(active)
        self._address = (answer[0], answer[1:]) if active else None
        _interrupts.serve(self._handle if active else None)
        return self._active

    def config(self, *names, **settings):
        if names and settings:
            raise TypeError("can't specify pos and kw args")
        if names:
            return self._setting(names[0])
        for name, value in settings.items():
            if name not in _SETTINGS:
                raise ValueError("unknown config param")
            if name == "gap_name":
                value = value.encode() if isinstance(value, str) else bytes(value)
                if len(value) > _LONGEST_NAME:
                    raise OSError(_EINVAL, "")
            if name == "io" and not 0 <= value <= _HIGHEST_IO:
                raise ValueError("invalid io capability")  # (assumed: what the port says)
            self._settings[name] = value
        bits = self._settings["io"] << 4
        for name, bit in _BITS.items():
            bits |= bit if self._settings.get(name) else 0
        _call(_protocol.BLE_CONFIG, bits, self._settings["mtu"], self._settings["gap_name"])

    def _setting(self, name):
        if name == "mac":
            self._need_active()
            return self._address
        if name not in _CAN_BE_READ:
            raise ValueError("unknown config param")
        return self._settings[name]

    def irq(self, handler):
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        self._handler = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        self._need_active()
        bits = _protocol.BLE_CONNECTABLE if connectable else 0
        data = response = b""
        if adv_data is not None:
            bits |= _protocol.BLE_HAS_DATA
            data = bytes(adv_data)
        if resp_data is not None:
            bits |= _protocol.BLE_HAS_RESPONSE
            response = bytes(resp_data)
        packed = ustruct.pack("<H", len(data)) + data + response
        _call(_protocol.BLE_ADVERTISE, bits, interval_us or 0, packed)
        self._handle()

    def gap_scan(self, duration_ms, interval_us=1280000, window_us=11250, active=False):
        self._need_active()
        _call(_protocol.BLE_SCAN, 0, duration_ms or 0)

    def gap_disconnect(self, conn_handle):
        self._need_active()
        return _call(_protocol.BLE_DISCONNECT, 0, conn_handle) == b"\x01"

    def gap_pair(self, conn_handle):
        self._need_active()
        _call(_protocol.BLE_PAIR, 0, conn_handle)

    def gap_passkey(self, conn_handle, action, passkey):
        self._need_active()
        _call(_protocol.BLE_PASSKEY, action, conn_handle, ustruct.pack("<I", passkey))

    def gatts_register_services(self, services):
        self._need_active()
        packed = b"".join(_service(service) for service in services)
        answer = _call(_protocol.BLE_REGISTER, 0, 0, packed)
        found = []
        while answer:
            count = answer[0]
            found.append(ustruct.unpack("<%dH" % count, answer[1 : 1 + 2 * count]))
            answer = answer[1 + 2 * count :]
        return tuple(found)

    def gatts_read(self, value_handle):
        self._need_active()
        return _call(_protocol.BLE_READ, 0, value_handle)

    def gatts_write(self, value_handle, data, send_update=False):
        self._need_active()
        answer = _call(_protocol.BLE_WRITE, 1 if send_update else 0, value_handle, bytes(data))
        return ustruct.unpack("<H", answer)[0]

    def gatts_set_buffer(self, value_handle, len, append=False):
        self._need_active()
        _call(_protocol.BLE_BUFFER, 1 if append else 0, value_handle | len << 16)

    def gatts_notify(self, conn_handle, value_handle, data=None):
        self._send(conn_handle, value_handle, data, 0)

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        self._send(conn_handle, value_handle, data, _protocol.BLE_INDICATE)

    def _send(self, connection, handle, data, bits):
        self._need_active()
        if data is not None:
            bits |= _protocol.BLE_HAS_DATA
        payload = b"" if data is None else bytes(data)
        _call(_protocol.BLE_NOTIFY, bits, handle | connection << 16, payload)

    def _need_active(self):
        if not self._active:
            raise OSError(_ENODEV, "")

    def _handle(self):
        """Give every interrupt to the handler; one that comes meanwhile waits for its turn."""
        if self._handling:
            return
        self._handling = True
        try:
            while self._active:
                packed = _call(_protocol.BLE_EVENT)
                if not packed:
                    return
                self._dispatch(packed[0], packed[1:])
        finally:
            self._handling = False

    def _dispatch(self, event, packed):
        if event in (_protocol.IRQ_GET_SECRET, _protocol.IRQ_SET_SECRET):
            self._keep(event, packed)
            return
        if event == _protocol.IRQ_SCAN_RESULT:
            address_type, kind, rssi = ustruct.unpack("<BBb", packed[:3])
            values = address_type, packed[3:9], kind, rssi, packed[9:]
        elif event in _LAYOUTS:
            values = ustruct.unpack(_LAYOUTS[event], packed)
        else:  # connection, type and bytes of the address
            connection, kind = ustruct.unpack("<HB", packed[:3])
            values = connection, kind, memoryview(packed)[3:]
        if event == _protocol.IRQ_GATTS_READ_REQUEST:
            self._answer(event, values)
        elif self._handler:
            self._handler(event, values)

    def _keep(self, event, packed):
        """Let the handler, which keeps the secrets of bonds, give or take one."""
        number, kind, index, length, has_value = ustruct.unpack("<HBBBB", packed[:6])
        key = memoryview(packed)[6 : 6 + length]
        answer = None
        try:
            if self._handler and event == _protocol.IRQ_GET_SECRET:
                answer = self._handler(event, (kind, index, key if length else None))
            elif self._handler:
                value = memoryview(packed)[6 + length :] if has_value else None
                answer = self._handler(event, (kind, key, value))
        finally:
            value = bytes(answer) if answer and answer is not True else b""
            _call(_protocol.BLE_SECRET, 1 if answer else 0, number, value)

    def _answer(self, event, values):
        """Let the handler say whether a central may read: it returns an ATT error or None."""
        error = _READ_REFUSED
        try:
            error = (self._handler(event, values[1:]) if self._handler else None) or 0
        finally:
            _call(_protocol.BLE_REPLY, error, values[0])


def _service(service):
    uuid, characteristics = service
    return uuid.packed() + _counted([_characteristic(each) for each in characteristics])


def _characteristic(characteristic):
    uuid, flags = characteristic[:2]
    descriptors = characteristic[2] if len(characteristic) > 2 else ()
    attributes = [each[0].packed() + ustruct.pack("<H", each[1]) for each in descriptors]
    return uuid.packed() + ustruct.pack("<H", flags) + _counted(attributes)


def _counted(parts):
    return bytes((len(parts),)) + b"".join(parts)
