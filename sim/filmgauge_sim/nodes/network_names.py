"""What networks take as the name of a host, the name of a network and its password."""

import string

_SSID_BYTES = 32  # IEEE 802.11
_PASSPHRASE_BYTES = range(8, 64)  # of WPA
_KEY_DIGITS = 64  # of the key that a passphrase stands for


def check_host_name(name: str) -> None:
    """Raise ValueError, a sentence that begins with `must`, for what cannot be looked up."""
    if any(character.isspace() or not character.isprintable() for character in name):
        raise ValueError("must have no blank and no control character")
    try:
        name.encode("idna")
    except UnicodeError:
        raise ValueError(
            "must be an address, or a name of letters, digits and -, 1 to 63 between two dots"
        ) from None


def check_ssid(ssid: str) -> None:
    """Raise ValueError, a sentence that begins with `must`, for the name of no Wi-Fi network."""
    size = len(ssid.encode())
    if size > _SSID_BYTES:
        raise ValueError(f"must have at most {_SSID_BYTES} bytes in UTF-8, not {size}")
    if "\0" in ssid:
        raise ValueError("must have no NUL")


def check_wifi_password(password: str) -> None:
    """Raise ValueError, a sentence that begins with `must`, for what opens no Wi-Fi network."""
    is_key = len(password) == _KEY_DIGITS and set(password) <= set(string.hexdigits)
    is_phrase = len(password.encode()) in _PASSPHRASE_BYTES and password.isprintable()
    if password and not is_key and not is_phrase:
        raise ValueError(
            "must have 8 to 63 characters or 64 hexadecimal digits, or be empty: an open network"
        )
