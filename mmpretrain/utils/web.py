"""HTTP requests that succeed, or fail with an error of one sentence.

The standard library carries them: it knows proxies (``HTTPS_PROXY``, ``NO_PROXY``) and certificates, and adds
nothing to what has to be installed.

Environment:
    MMPRETRAIN_TIMEOUT: Seconds without a sign of life after which a server counts as dead; 30 by default.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from mmpretrain.errors import ConfigError

#: Pauses before the second and third attempt of a request that failed for a reason that may pass.
RETRY_PAUSES = (0.2, 1.0)
#: A server that asks for more patience, in seconds, is given up.
LONGEST_PAUSE = 10.0
USER_AGENT = "mmpretrain"
#: Answers that the same request may not get a second time: timeout, too many requests, trouble of the server.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Characters of a URL that stay as they are; ``%`` as well, so that nothing is quoted twice.
KEPT = "%/:=&?~#+!$,;'@()*[]-._"


class TransferError(OSError):
    """A transfer that failed.

    Args:
        message: What happened, one sentence that follows the address.
        passing: Whether another attempt may succeed.
        status: Status of the answer, if there was one.
        headers: Its headers.
        pause: Seconds that the server asked to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        passing: bool = False,
        status: int | None = None,
        headers: Message | None = None,
        pause: float | None = None,
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.status = status
        self.headers = headers or Message()
        self.pause = pause


def timeout() -> float:
    """Return how many seconds a server may be silent.

    Raises:
        ConfigError: If ``MMPRETRAIN_TIMEOUT`` is not a positive number.
    """
    text = os.environ.get("MMPRETRAIN_TIMEOUT") or "30"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ConfigError(f"MMPRETRAIN_TIMEOUT={text!r} is not a number of seconds", hint="Try 30.")
    return seconds


def request(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    seconds: float | None = None,
) -> http.client.HTTPResponse:
    """Open ``url``; temporary failures are retried, a silent server only once.

    Args:
        url: An ``http(s)://`` address; blanks and other characters outside of ASCII are quoted.
        headers: What to send along.
        method: ``GET`` or ``HEAD``.
        seconds: How long the server may be silent; by default what :func:`timeout` says.

    Raises:
        FileNotFoundError: If the server says that there is nothing (404, 410).
        TransferError: If the request fails otherwise.
    """
    seconds = timeout() if seconds is None else seconds
    silent = False
    for pause in RETRY_PAUSES:
        try:
            return _open(url, headers or {}, method, seconds)
        except TransferError as error:
            pause = error.pause if error.pause is not None else pause
            timed_out = isinstance(error.__cause__, TimeoutError)
            if not error.passing or (silent and timed_out) or pause > LONGEST_PAUSE:
                raise
            silent = silent or timed_out
        time.sleep(pause)
    return _open(url, headers or {}, method, seconds)


def shown(url: str) -> str:
    """Return an address for messages: without a password, and without its query, which may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def explain(error: Exception, seconds: float) -> TransferError:
    """Put what the network modules raise into one sentence."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(error, TransferError):
        return error
    if isinstance(error, urllib.error.HTTPError):
        return _refusal(error)
    if isinstance(reason, TransferError):
        return reason
    if isinstance(reason, TimeoutError):
        return TransferError(f"no answer within {seconds:g} s", passing=True)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return TransferError(
            f"its certificate is not trusted ({getattr(reason, 'verify_message', '') or 'no reason given'})"
        )
    if isinstance(reason, socket.gaierror):
        return TransferError(f"the host is not known ({reason.strerror})", passing=True)
    if isinstance(reason, ConnectionRefusedError):
        return TransferError("the connection is refused", passing=True)
    if isinstance(reason, (ConnectionError, http.client.IncompleteRead)):
        return TransferError("the connection broke off", passing=True)
    if isinstance(reason, (http.client.InvalidURL, UnicodeError, ValueError)):
        return TransferError(f"this is not an address that can be asked ({_line(reason)})")
    if isinstance(reason, http.client.HTTPException):
        return TransferError(f"it does not answer as a web server does ({_line(reason)})", passing=True)
    return TransferError(_line(reason), passing=isinstance(reason, OSError))


def _refusal(error: urllib.error.HTTPError) -> TransferError:
    """What a status that is no success means."""
    with error:
        status = error.code
        pause = error.headers.get("Retry-After", "") if error.headers else ""
        message = f"it answers {status}"
        if status in (401, 403, 407):
            message += " (access is refused)"
        elif 300 <= status < 400:
            circle = "infinite loop" in str(error.msg)
            message = (
                "it redirects in a circle" if circle else f"it redirects to nowhere ({_line(error.msg)})"
            )
        elif status == 429:
            message += " (too many requests)"
        elif status >= 500:
            message += " (trouble of the server)"
        return TransferError(
            message,
            passing=status in PASSING,
            status=status,
            headers=error.headers,
            pause=float(pause) if pause.isdigit() and len(pause) < 9 else None,
        )


def _line(value: object) -> str:
    return " ".join(str(value).split())[:200] or type(value).__name__


def _open(url: str, headers: Mapping[str, str], method: str, seconds: float) -> http.client.HTTPResponse:
    try:
        address, password = _address(url)
        wanted = {"User-Agent": USER_AGENT, **password, **headers}
        asked = urllib.request.Request(address, headers=wanted, method=method)
        return _opener().open(asked, timeout=seconds)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            with error:
                raise FileNotFoundError(f"it answers {error.code} (not found)") from error
        raise explain(error, seconds) from error
    except TransferError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        raise explain(error, seconds) from (cause if isinstance(cause, Exception) else error)


def _opener() -> urllib.request.OpenerDirector:
    # Made again each time: proxies are read from the environment here.
    return urllib.request.build_opener(_Redirects)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects that are no less safe than the address that was asked for."""

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302  # Python 3.10 does not know it

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ("http", "https"):
            raise TransferError(f"it redirects to a {after.scheme}:// address")
        if before.scheme == "https" and after.scheme == "http":
            raise TransferError(
                "it redirects from https to http, where anyone on the way could change the file"
            )
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and before.netloc != after.netloc:
            following.remove_header("Authorization")  # it is not meant for another host
        return following


def _address(url: str) -> tuple[str, dict[str, str]]:
    """Return an address in ASCII, and the header for the user and password in it."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not http://host/... or https://host/...")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    if ":" in host:
        host = f"[{host}]"
    port = f":{parts.port}" if parts.port is not None else ""
    quoted = SplitResult(
        parts.scheme, host + port, quote(parts.path, KEPT), quote(parts.query, KEPT), fragment=""
    )
    if parts.username is None:
        return urlunsplit(quoted), {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return urlunsplit(quoted), {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
