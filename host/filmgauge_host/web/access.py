"""Who may ask: this machine by default; from elsewhere only who has the token.

A name that a stranger's page resolves to this machine (DNS rebinding) is turned away by the Host
header: only addresses, `localhost` and the machine's own names are served. Nothing that the page
shows may load, frame or send anything elsewhere.
"""

import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgauge_host.errors import InputError

_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
    " object-src 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_COOKIE_S = 30 * 86400
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(18)


def check_token(token: str) -> None:
    """Raise InputError for a token that could be guessed, or that an address cannot hold."""
    if not _TOKEN.fullmatch(token):
        raise InputError("token must have 16 to 128 characters of A-Z, a-z, 0-9, - and _")


def own_names(host: str) -> frozenset[str]:
    """Return the names under which this machine may be asked, in lower case."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", host.lower(), name, f"{name}.local", socket.getfqdn().lower()})


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address that a server is bound to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class AccessControl:
    """Checks every request before the application has it. token: None for no need of one."""

    def __init__(self, app: ASGIApp, names: Iterable[str], token: str | None, cookie: str) -> None:
        self._app = app
        self._names = frozenset(names)
        self._token = token
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not allowed, and hand on the others."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_protected)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_own_name(headers.get("host", "")):
            return _sentence(
                421,
                "this server is not asked under that name: use its address, or let the proxy"
                " send it as Host",
            )
        if scope["method"] not in ("GET", "HEAD"):
            return _sentence(405, "there is only reading here: use GET")
        if self._token is None or self._has_token(headers):
            return None
        query = parse_qsl(scope["query_string"].decode("ascii", "replace"))
        given = [value for key, value in query if key == "token"]
        if given and self._is_token(given[-1]):
            return self._logged_in(scope["path"], [pair for pair in query if pair[0] != "token"])
        return _sentence(
            401, "a token is needed: open the address that filmgauge printed when it started"
        )

    def _is_own_name(self, host: str) -> bool:
        name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.split(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in self._names
        return True

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(bearer.strip()):
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return morsel is not None and self._is_token(morsel.value)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self._token or "").encode())

    def _logged_in(self, path: str, query: list[tuple[str, str]]) -> Response:
        """Keep the token in a cookie and out of the address."""
        # A path of two slashes would be an address elsewhere.
        target = "/" + path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
        response = RedirectResponse(target, 303)
        response.set_cookie(
            self._cookie,
            self._token or "",
            max_age=_COOKIE_S,
            httponly=True,
            samesite="strict",
        )
        return response


def _sentence(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
