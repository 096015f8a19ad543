"""A webhook: each notification is POSTed as JSON.

A redirection is not followed: a POST would become a GET, and its token would go elsewhere.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, InvalidURL
from typing import Any

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.cutoff import Cutoff
from filmgauge_host.telemetry.alerts.delivery import DeliveryError

_AGAIN = (408, 425, 429)  # of 4xx: it may work later


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing."""


class _Opening(urllib.request.AbstractHTTPHandler):
    """Puts the connection that it opens into `opened`, from before it is connected on."""

    def __init__(self, opened: list[HTTPConnection]) -> None:
        super().__init__()
        self._opened = opened

    def do_open(self, http_class: Any, req: Any, **http_conn_args: Any) -> Any:
        """See AbstractHTTPHandler."""

        def connection(*args: Any, **options: Any) -> HTTPConnection:
            self._opened[:] = [http_class(*args, **options)]
            return self._opened[0]

        return super().do_open(connection, req, **http_conn_args)


class _Http(_Opening, urllib.request.HTTPHandler):
    pass


class _Https(_Opening, urllib.request.HTTPSHandler):
    pass


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
        self._opened: list[HTTPConnection] = []
        self._opener = urllib.request.build_opener(
            _NoRedirection, _Http(self._opened), _Https(self._opened)
        )

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once it has answered 2xx; raise DeliveryError."""
        (notification,) = notifications
        body = notification.to_json().encode()
        with Cutoff(self._timeout_s, lambda: [each.sock for each in self._opened]) as cutoff:
            self._post(body)
            if cutoff.has_passed:  # the end of a header looks like the end of all of them
                raise DeliveryError("it was cut off")

    def _post(self, body: bytes) -> None:
        try:
            request = urllib.request.Request(self._url, body, self._headers, method="POST")
            with self._opener.open(request, timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            is_final = error.code < 500 and error.code not in _AGAIN
            raise DeliveryError(f"it answers {error.code} {error.reason}", is_final) from None
        except urllib.error.URLError as error:
            raise DeliveryError(f"it cannot be reached: {error.reason}") from None
        except (ValueError, InvalidURL) as error:  # which say what they refuse: a secret
            raise DeliveryError(f"it cannot be asked: {type(error).__name__}") from None
        except (OSError, HTTPException) as error:
            raise DeliveryError(f"it does not answer: {error or type(error).__name__}") from None
