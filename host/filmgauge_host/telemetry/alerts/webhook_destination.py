"""A webhook: each notification is POSTed as JSON.

A redirection is not followed: a POST would become a GET, and its token would go elsewhere.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError

_AGAIN = (408, 425, 429)  # of 4xx: it may work later


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing."""


class WebhookDestination:
    """POSTs to `url`. token: sent as `Authorization: Bearer`, None for nothing."""

    at_once = 1
    collect_s = 0.0

    def __init__(self, url: str, token: str | None, timeout_s: float) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", "User-Agent": "filmgauge"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirection)

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once it has answered 2xx; raise DeliveryError."""
        (notification,) = notifications
        body = notification.to_json().encode()
        request = urllib.request.Request(self._url, body, self._headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            is_final = error.code < 500 and error.code not in _AGAIN
            raise DeliveryError(f"it answers {error.code} {error.reason}", is_final) from None
        except urllib.error.URLError as error:
            raise DeliveryError(f"it cannot be reached: {error.reason}") from None
        except (OSError, HTTPException) as error:
            raise DeliveryError(f"it does not answer: {error or type(error).__name__}") from None
