"""A small SMTP server with STARTTLS or TLS and one login, and a certificate of its own."""

import base64
import datetime
import ipaddress
import socketserver
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "gauge", "mails-secret"


def make_certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key into one file; return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Session(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self._open = not self.server.starttls
        self._allowed = False
        if self.server.is_tls:
            self._wrap()
        self._say("220 here")
        while line := self.rfile.readline():  # another file after STARTTLS
            verb, _, rest = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                return self._say("221 bye")
            self._answer(verb.upper(), rest)

    def _answer(self, verb: str, rest: str) -> None:
        if verb == "EHLO":
            offers = "AUTH PLAIN" if self._open else "STARTTLS"
            self._say(f"250-here\r\n250 {offers}")
        elif verb == "STARTTLS":
            self._say("220 go")
            self._wrap()
            self._open = True
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
            self._allowed = (user, password) == (USER, PASSWORD)
            self._say("235 yes" if self._allowed else "535 no such login")
        elif not self._allowed:
            self._say("530 log in first")
        elif verb == "MAIL":
            self._recipients: list[str] = []
            self._say("250 yes")
        elif verb == "RCPT":
            recipient = rest.partition("<")[2].partition(">")[0]
            refusal = self.server.refusals.get(recipient)
            if refusal is None:
                self._recipients.append(recipient)
            self._say(refusal or "250 yes")
        elif verb == "DATA":
            self._say("354 go on")
            lines = iter(self.rfile.readline, b".\r\n")
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            self.server.recipients.append(self._recipients)
            self.server.mails.append(mail)
            self._say("250 taken")
        else:
            self._say("250 yes")

    def _wrap(self) -> None:
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")

    def _say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Use as a context. security: starttls or tls. mails: what it has got, recipients: for whom.
    refusals: its answers for those that it does not take mail for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate: Path, security: str):
        super().__init__(("127.0.0.1", 0), _Session)
        self.starttls, self.is_tls = security == "starttls", security == "tls"
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusals: dict[str, str] = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.port: int = self.server_address[1]

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: a client that does not trust the certificate ends the connection."""
