"""Downloads of weights, against a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from mmpretrain.checkpoints.cache import cache_dir, local_weights
from mmpretrain.checkpoints.serialization import load, to_bytes
from mmpretrain.errors import DataError, MissingFileError

CONTENT = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f"net_20210831-{DIGEST}.pth"


class Handler(BaseHTTPRequestHandler):
    """Serves files from a dict; ``cut`` bytes into an answer, the line goes dead once."""

    def __init__(self, files, log, cuts, *args):
        self.files, self.requests_seen, self.cuts = files, log, cuts
        super().__init__(*args)

    def do_GET(self):
        content = self.files.get(self.path)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.requests_seen.append((self.path, start))
        if content is None:
            return self.send_error(404)
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = self.cuts.pop(0) if self.cuts else len(content)
        return self.wfile.write(content[start:end])

    def log_message(self, *_):
        """Stay quiet."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MMPRETRAIN_MIRRORS", raising=False)
    files, log, cuts = {f"/mm/{NAME}": CONTENT}, [], []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, files, log, cuts))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    httpd.files, httpd.log, httpd.cuts = files, log, cuts
    httpd.address = f"http://127.0.0.1:{httpd.server_port}"
    yield httpd
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_downloaded_once(server):
    path = local_weights(f"{server.address}/mm/{NAME}")
    assert path.read_bytes() == CONTENT
    assert local_weights(f"{server.address}/mm/{NAME}") == path == cache_dir() / NAME
    assert len(server.log) == 1


def test_goes_on_where_it_broke_off(server):
    server.cuts.append(500_000)
    assert local_weights(f"{server.address}/mm/{NAME}").read_bytes() == CONTENT
    assert server.log == [(f"/mm/{NAME}", 0), (f"/mm/{NAME}", 500_000)]


def test_a_partial_file_that_is_whole(server):
    cache_dir().mkdir()
    (cache_dir() / f"{NAME}.part").write_bytes(CONTENT)
    assert local_weights(f"{server.address}/mm/{NAME}").read_bytes() == CONTENT


def test_wrong_content_is_not_kept(server):
    server.files[f"/mm/{NAME}"] = CONTENT[:-1] + b"!"
    with pytest.raises(DataError, match=f"does not match sha256:{DIGEST}"):
        local_weights(f"{server.address}/mm/{NAME}")
    assert list(cache_dir().iterdir()) == []


def test_mirrors_come_first(server, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MIRRORS", f"{server.address}/none/,{server.address}/mm")
    assert local_weights(f"http://127.0.0.1:9/{NAME}").read_bytes() == CONTENT
    assert [path for path, _ in server.log] == [f"/none/{NAME}", f"/mm/{NAME}"]


def test_dead_host_says_what_was_tried_and_where_to_put_the_file(server, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MIRRORS", f"{server.address}/none")
    with pytest.raises(MissingFileError) as caught:
        local_weights(f"http://127.0.0.1:9/x/{NAME}")
    message = str(caught.value)
    assert f"{server.address}/none/x/{NAME}: " in message
    assert f"http://127.0.0.1:9/x/{NAME}: " in message
    assert f"Put the file (its SHA-256 begins with {DIGEST}) into {cache_dir()}" in message


def test_hugging_face(server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    server.files["/org/repo/resolve/main/a/b.pth"] = CONTENT
    assert local_weights("hf://org/repo/a/b.pth").read_bytes() == CONTENT


def test_load_takes_an_address(server):
    server.files["/net.pth"] = to_bytes({"state_dict": {"a": torch.ones(2)}})
    assert torch.equal(load(f"{server.address}/net.pth")["state_dict"]["a"], torch.ones(2))


def test_paths_stay(tmp_path):
    assert local_weights(tmp_path / "a.pth") == tmp_path / "a.pth"
