"""Whether a certificate holds at a date, as a board's TLS sees it."""

# The words of mbedtls (x509_crt_error_strings).
_EXPIRED = "The certificate validity has expired\n"
_TOO_EARLY = "The certificate validity starts in the future\n"


def date_problem(der: bytes, unix_s: int) -> str:
    """Return what mbedtls says of its dates, nothing where they are right. Raises ValueError for
    what is no certificate."""
    from cryptography import x509  # for who uses TLS

    certificate = x509.load_der_x509_certificate(der)
    if unix_s > certificate.not_valid_after_utc.timestamp():
        return _EXPIRED
    return _TOO_EARLY if unix_s < certificate.not_valid_before_utc.timestamp() else ""
