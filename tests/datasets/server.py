"""A small web server for tests: ranges, failures on demand, and a log of what was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Files by path, and how the server behaves.

    Attributes:
        files: Content of each path.
        requests: Method, path and range of every request.
        cut_after: Bytes after which each of the next answers breaks off.
        failures: How many of the next requests are answered with 503.
        ranges: Whether ranges are honoured.
        password: What the header ``Authorization`` must be, if anything.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut_after: list[int] = []
        self.failures = 0
        self.ranges = True
        self.password: str | None = None
        self.url = ""


@contextmanager
def serve() -> Iterator[Site]:
    """Run a server on this machine while the context lasts."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET(body=False)

        def do_GET(self, body: bool = True) -> None:
            asked = self.headers.get("Range")
            site.requests.append((self.command, self.path, asked))
            if site.failures:
                site.failures -= 1
                self.send_error(503)
                return
            if site.password not in (None, self.headers.get("Authorization")):
                self.send_error(403)
                return
            data = site.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            status = 200
            if asked and site.ranges:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                if int(first) >= len(data):
                    self.send_error(416)
                    return
                data = data[int(first) : int(last) + 1 if last else None]
                status = 206
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data[: site.cut_after.pop(0)] if site.cut_after else data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
