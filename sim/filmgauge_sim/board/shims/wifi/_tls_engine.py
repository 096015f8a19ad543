"""mbedtls of the interpreter: its `tls`, whose name belongs to the shim."""

import sys

_shim = sys.modules.pop("tls")
from tls import (  # noqa: E402, F401
    CERT_NONE,
    CERT_OPTIONAL,
    CERT_REQUIRED,
    PROTOCOL_TLS_CLIENT,
    SSLContext,
)

sys.modules["tls"] = _shim
