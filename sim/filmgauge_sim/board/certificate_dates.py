"""Whether a certificate holds at a date, as a board's TLS sees it."""

from filmgauge_sim.board.shims import _protocol


def dates_of(der: bytes, unix_s: int) -> int:
    """Return DATES_RIGHT, DATES_OVER or DATES_TO_COME. Raises ValueError for what is none."""
    from cryptography import x509  # for who uses TLS

    certificate = x509.load_der_x509_certificate(der)
    if unix_s > certificate.not_valid_after_utc.timestamp():
        return _protocol.DATES_OVER
    if unix_s < certificate.not_valid_before_utc.timestamp():
        return _protocol.DATES_TO_COME
    return _protocol.DATES_RIGHT
