"""Requests of the virtual board: codes, frames and fixed sizes, for both ends of the link.

A request is REQUEST (operation, small argument, length of data, argument, microseconds that
passed on the board since the last answer) and its data; an answer is ANSWER (status, length,
board clock in us) and its data. A status other than zero is an errno for the board.
"""

FLASH_VARIABLE = "FILMGAUGE_FLASH"  # of the environment: path of the flash image

REQUEST = "<BBHII"
REQUEST_SIZE = 12
ANSWER = "<HHQ"
ANSWER_SIZE = 12
CLOCK_AT = 4  # in an answer

PORTS = ("esp32", "stm32", "rp2")  # a folder of shims each
PLATFORMS = {"esp32": "esp32", "rp2": "rp2", "stm32": "pyboard"}  # as each names itself
# Seconds from 1970 to the epoch of each, and us from there to the date with which its RTC begins
# (main.c): 2000, 2021 and 2015.
EPOCH_S = {"esp32": 946684800, "rp2": 0, "stm32": 946684800}
DATE_US = {"esp32": 0, "rp2": 1609459200000000, "stm32": 473385600000000}
WIFI_PORTS = ("esp32", "rp2")  # which share the folder `wifi`
HELLO = 1  # -> HELLO_ANSWER, and what the interpreter and the board call themselves:
# reset cause, flash pages, network latency us, longest real wait ms, id, port, 1 where outputs
# can be held all at once, by how many us the date was set; version 3 x u8, mpy u16, name
HELLO_ANSWER = "<BHIH6sBBq"
VERSION_AT, MPY_AT, NAME_AT = 25, 28, 30
SLEEP_US = 2  # argument: microseconds -> nothing, or u32 us that are left: the radio interrupts
I2C_READ = 3  # small: address; argument: register | length << 8 -> bytes
I2C_WRITE = 4  # small: address; argument: register; data
I2C_SCAN = 5  # -> addresses
PIN_SET = 6  # small: pin; argument: level
RTC_READ = 7  # -> bytes
RTC_WRITE = 8  # data
RTC_SET = 48  # data: i64, by how many us the date is set beside what it began with
DEEPSLEEP = 9  # argument: milliseconds, 0 for ever; never answered
LIGHTSLEEP = 10  # argument: milliseconds -> nothing, or i64 us: the date was set meanwhile
RESET = 11  # never answered
FLASH_PROGRAM = 12  # argument: byte address; data
FLASH_ERASE = 13  # argument: page
FLASH_READ = 44  # argument: byte address | length << 20 -> bytes
FLASH_SYNC = 45  # what the driver holds back goes into flash
WLAN_ACTIVE = 14  # small: RADIO_ON, 0 for out of the network, RADIO_WITHOUT_POWER, RADIO_DRIVER
RADIO_ON = 1
RADIO_WITHOUT_POWER = 2
RADIO_DRIVER = 3  # which is loaded: the radio stays off
WLAN_CONNECT = 15  # data: ssid, zero byte, password
WLAN_STATUS = 16  # -> status u16 of the ESP32 port, latency to the broker u32 us, and how long a
# look-up waits until it fails, u32 us: 0 for one that is answered
LOOKUP_HANGS = 0xFFFFFFFF
WLAN_SCAN = 47  # -> the name of the network that can be heard, nothing for none
WDT_START = 17  # argument: milliseconds
WDT_FEED = 18
CERTIFICATE = 49  # small: 1 for the peer's own; data: DER -> what mbedtls says of its dates
RANDOM = 19  # argument: count -> bytes
CONSOLE = 20  # data: what was printed (in-process runtime; a real interpreter has a pipe)
HANG = 21  # the firmware waits for what never comes; never answered
PIN_HOLD = 22  # small: pin; argument: 1 holds its pad
PINS_HOLD = (
    23  # small: 1 lets pads that are held stay so through deep sleep, whatever their domain
)

CONSOLE_READ = 24  # argument: most bytes -> at least one, once it has come
CONSOLE_POLL = 25  # argument: longest wait in ms, all ones for ever -> a byte if there is one
CONSOLE_WRITE = 26  # data: as it is
CONSOLE_INTERRUPTS = 27  # small: 1 makes a Ctrl-C an interrupt
CONSOLE_MODE = 28  # -> 1 where the boot leads to the raw REPL
INTERRUPTED = 0x4000  # in a status: a Ctrl-C came
SOFT_RESET = 29  # small: 1 leads to the raw REPL; never answered

BLE_ACTIVE = 30  # small: 0 or 1 -> address type, 6 bytes of address
BLE_CONFIG = 31  # small: BLE_BOND..., io << 4; argument: MTU; data: name
BLE_ADVERTISE = 32  # small: BLE_... bits; argument: us, 0 to stop; data: length, data, response
BLE_REGISTER = 33  # data: services -> a count and u16 handles for each service
BLE_READ = 34  # argument: handle -> bytes
BLE_WRITE = 35  # small: 1 notifies; argument: handle; data -> length u16
BLE_BUFFER = 36  # small: 1 appends; argument: handle | length << 16
BLE_NOTIFY = 37  # small: BLE_HAS_DATA, BLE_INDICATE; argument: handle | connection << 16; data
BLE_DISCONNECT = 38  # argument: connection -> 0 or 1
BLE_EVENT = 39  # -> the next interrupt, nothing for none
BLE_REPLY = 40  # small: ATT error; argument: number of the read

BLE_PAIR = 41  # argument: connection
BLE_PASSKEY = 42  # small: action; argument: connection; data: passkey u32 -> 0 or 1
BLE_SECRET = 43  # small: 1 for yes; argument: number of the question; data: value

BLE_SCAN = 46  # argument: milliseconds, 0 to stop

BLE_BOND = 1
BLE_MITM = 2
BLE_SECURE = 4
BLE_HAS_DATA = 1
BLE_HAS_RESPONSE = 2
BLE_CONNECTABLE = 4
BLE_INDICATE = 2
BLE_OWN_ERROR = 0x8000  # in a status: the stack's own error, negative for the firmware

IRQ_CENTRAL_CONNECT = 1  # numbers of MicroPython's bluetooth
IRQ_CENTRAL_DISCONNECT = 2
IRQ_GATTS_WRITE = 3
IRQ_GATTS_READ_REQUEST = 4
IRQ_GATTS_INDICATE_DONE = 20
IRQ_MTU_EXCHANGED = 21
IRQ_SCAN_RESULT = 5
IRQ_CONNECTION_UPDATE = 27
IRQ_ENCRYPTION_UPDATE = 28
IRQ_GET_SECRET = 29
IRQ_SET_SECRET = 30
IRQ_PASSKEY_ACTION = 31

PIN_READ = 60  # small: pin; argument: 1 with a pull-up, PIN_OUTPUT -> level
PIN_OUTPUT = 2
ADC_READ = 61  # small: pin -> u16, of the board's own supply

KNOWN = 253  # before the first request behind HELLO: so far a boot has learned nothing but what
# that has answered, what is on flash, and how long it has taken -> nothing, with the board clock
STARTED = 254  # from the launcher, argument: process id; small: 1 for a copy
EXITED = 255  # from the launcher, argument: wait status; elapsed: EXIT_MARK, unlike any data
EXIT_MARK = 0x9B1DC7E5

LONGEST_UNTOLD_US = 100000  # time that may pass on the board before the host is told
FLASH_PAGE = 4096
STM32_BLOCK = 512  # of littlefs on that port; its driver puts pages together
READ_US = 12  # assumed: one flash read of up to 128 bytes over quad SPI at 40 MHz

STAT_IDLE = 1000  # values of the ESP32 port's network module
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
