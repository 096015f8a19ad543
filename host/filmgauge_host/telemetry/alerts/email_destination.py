"""E-mail over SMTP, by STARTTLS or TLS, with a certificate that is checked."""

import smtplib
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Literal, TypeAlias

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.cutoff import Cutoff
from filmgauge_host.telemetry.alerts.delivery import DeliveryError
from filmgauge_host.telemetry.messages import printable

Security: TypeAlias = Literal["starttls", "tls", "none"]
_PERMANENT = 500  # SMTP codes from here on


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ca_file: certificates to trust instead of the system's."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None


class _Smtp(smtplib.SMTP):
    """Puts itself into `opened` before it connects."""

    def __init__(self, opened: list[smtplib.SMTP], *args: Any, **options: Any) -> None:
        opened[:] = [self]
        super().__init__(*args, **options)


class _SmtpTls(_Smtp, smtplib.SMTP_SSL):
    pass


class EmailDestination:
    """Sends mails from `sender` to `recipients`; what comes within seconds is one mail."""

    at_once = 500
    collect_s = 5.0

    def __init__(
        self, server: MailServer, sender: str, recipients: list[str], timeout_s: float
    ) -> None:
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._timeout_s = timeout_s
        self._opened: list[smtplib.SMTP] = []
        # Of what is being sent: who has got it, or never will.
        self._finished: dict[Notification, frozenset[str]] = {}

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once the server has accepted them for all; raise DeliveryError.

        Who is refused for the moment gets them when they are sent again, and nobody else does.
        """
        with Cutoff(self._timeout_s, lambda: [each.sock for each in self._opened]):
            self._send(notifications)

    def _send(self, notifications: Sequence[Notification]) -> None:
        self._finished = {each: self._finished.get(each, frozenset()) for each in notifications}
        refused: dict[str, tuple[int, str]] = {}
        try:
            with self._connect() as connection:
                if self._server.user is not None:
                    connection.login(self._server.user, self._server.password or "")
                for recipients, lacking in self._lacking(notifications).items():
                    refused |= self._hand_in(connection, recipients, lacking)
        except smtplib.SMTPResponseException as error:
            text = _text(error.smtp_error)
            is_final = error.smtp_code >= _PERMANENT
            raise DeliveryError(f"it answers {error.smtp_code} {text}", is_final) from None
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"it cannot be reached: {error}") from None
        is_final = all(code >= _PERMANENT for code, _ in refused.values())
        if is_final:
            self._finished = {}
        if refused:
            answers = ", ".join(f"{name}: {code} {text}" for name, (code, text) in refused.items())
            raise DeliveryError(f"it refuses {answers}", is_final)

    def _lacking(
        self, notifications: Sequence[Notification]
    ) -> dict[tuple[str, ...], list[Notification]]:
        """Return who is to get what: those who lack the same share a mail."""
        mails: dict[tuple[Notification, ...], list[str]] = {}
        for recipient in self._recipients:
            lacking = tuple(x for x in notifications if recipient not in self._finished[x])
            if lacking:
                mails.setdefault(lacking, []).append(recipient)
        return {tuple(recipients): list(lacking) for lacking, recipients in mails.items()}

    def _hand_in(
        self,
        connection: smtplib.SMTP,
        recipients: tuple[str, ...],
        notifications: Sequence[Notification],
    ) -> dict[str, tuple[int, str]]:
        """Send one mail; return who is refused, and the answer. The others are done with it, and
        so is who is refused for good."""
        message = self._message(notifications)
        try:
            answers = connection.send_message(message, to_addrs=recipients)
        except smtplib.SMTPRecipientsRefused as error:  # every one
            answers = error.recipients
        refused = {name: (code, _text(said)) for name, (code, said) in answers.items()}
        finished = {
            name for name in recipients if name not in refused or refused[name][0] >= _PERMANENT
        }
        for each in notifications:
            self._finished[each] |= finished
        return refused

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "none":
            return _Smtp(self._opened, server.host, server.port, timeout=self._timeout_s)
        context = ssl.create_default_context(cafile=server.ca_file)
        if server.security == "tls":
            return _SmtpTls(
                self._opened, server.host, server.port, timeout=self._timeout_s, context=context
            )
        connection = _Smtp(self._opened, server.host, server.port, timeout=self._timeout_s)
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
        return connection

    def _message(self, notifications: Sequence[Notification]) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = printable(f"[filmgauge] {_subject(notifications)}")
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = make_msgid("filmgauge", self._sender.rpartition("@")[2] or None)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        lines = [each.line() for each in notifications]
        details = [each.to_json() for each in notifications]
        message.set_content("\n".join([*lines, "", *details, ""]))
        return message


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _subject(notifications: Sequence[Notification]) -> str:
    """Return whose alert it is, or of several how many there are of each kind."""
    if len(notifications) == 1:
        return f"{notifications[0].transition}: {notifications[0].alert.title}"
    counts = Counter(each.transition for each in notifications)
    return ", ".join(f"{count} {transition}" for transition, count in counts.items())
