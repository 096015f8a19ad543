"""E-mail over SMTP, by STARTTLS or TLS, with a certificate that is checked."""

import smtplib
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal, TypeAlias

from filmgauge_host.telemetry.alerts.alert import Notification
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

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once the server has accepted the mail; raise DeliveryError."""
        message = self._message(notifications)
        try:
            with self._connect() as connection:
                if self._server.user is not None:
                    connection.login(self._server.user, self._server.password or "")
                refused = connection.send_message(message)
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            text = said.decode(errors="replace") if isinstance(said, bytes) else said
            is_final = error.smtp_code >= _PERMANENT
            raise DeliveryError(f"it answers {error.smtp_code} {text}", is_final) from None
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"it cannot be reached: {error}") from None
        if refused:
            raise DeliveryError(f"it refuses {', '.join(refused)}", True)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "none":
            return smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        context = ssl.create_default_context(cafile=server.ca_file)
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=context
            )
        connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
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


def _subject(notifications: Sequence[Notification]) -> str:
    """Return whose alert it is, or of several how many there are of each kind."""
    if len(notifications) == 1:
        return f"{notifications[0].transition}: {notifications[0].alert.title}"
    counts = Counter(each.transition for each in notifications)
    return ", ".join(f"{count} {transition}" for transition, count in counts.items())
