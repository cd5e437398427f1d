"""A small web server for tests: ranges, failures on demand, and a log of what was asked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Files by path, and how the server behaves.

    Attributes:
        files: Content of each path.
        special: Path -> a function that answers in place of the server.
        requests: Method, path and range of every request.
        headers: The headers of every request.
        cut_after: Bytes after which each of the next answers breaks off.
        failures: How many of the next requests are answered with 503.
        ranges: Whether ranges are honoured.
        tags: Whether files have an ETag, and ``If-Range`` is honoured.
        password: What the header ``Authorization`` must be, if anything.
        closing: Set when the server stops, so that handlers that wait can end.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.special: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.headers: list[dict[str, str]] = []
        self.cut_after: list[int] = []
        self.failures = 0
        self.ranges = True
        self.tags = False
        self.password: str | None = None
        self.closing = threading.Event()
        self.url = ""

    def answer(
        self, path: str, status: int, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> None:
        """Let a path answer with this status, these headers and this body, whatever the body's length."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in (headers or {}).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.special[path] = respond

    def keep_silent(self, path: str) -> None:
        """Let a path be asked for, and never answered."""
        self.special[path] = lambda handler: self.closing.wait(20) and None


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    site: Site

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        site, asked = self.site, self.headers.get("Range")
        site.requests.append((self.command, self.path, asked))
        site.headers.append(dict(self.headers))
        if self.path in site.special:
            site.special[self.path](self)
            return
        if site.failures:
            site.failures -= 1
            self.send_error(503)
            return
        if site.password not in (None, self.headers.get("Authorization")):
            self.send_error(403)
            return
        whole = site.files.get(self.path)
        if whole is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.md5(whole).hexdigest()}"'
        data, first = whole, 0
        if asked and site.ranges and not (site.tags and self.headers.get("If-Range", tag) != tag):
            begin, _, end = asked.removeprefix("bytes=").partition("-")
            first = int(begin)
            if first >= len(whole):
                self.send_error(416)
                return
            data = whole[first : int(end) + 1 if end else None]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{len(whole)}")
        else:
            self.send_response(200)
        if site.tags:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[: site.cut_after.pop(0)] if site.cut_after else data)

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def serve() -> Iterator[Site]:
    """Run a server on this machine while the context lasts."""
    site = Site()
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
