"""Tests of :mod:`mmpretrain.utils.storage`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tarfile
import time
import zipfile
from multiprocessing import get_context

import pytest

from mmpretrain.errors import ConfigError, DataError, MissingFileError, OptionalDependencyError
from mmpretrain.registry import TRANSFORMS
from mmpretrain.utils import fileio, web
from mmpretrain.utils.listing import list_dir
from tests.server import serve


@pytest.fixture
def archives(folder):
    with zipfile.ZipFile(folder.parent / "x.zip", "w") as archive:
        archive.write(folder / "sub/ü.txt", "sub/u.txt")
    with tarfile.open(folder.parent / "x.tar", "w") as archive:
        archive.add(folder / "sub/ü.txt", "sub/u.txt")
    return folder.parent


def read_in_turn(place, count):
    assert {fileio.read_bytes(place) for _ in range(count)} == {"sub/ü.txt".encode()}


def test_an_archive_that_is_written_anew(tmp_path):
    path = tmp_path / "x.zip"
    for number, text in enumerate(("old", "longer")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", text)
        os.utime(path, (number, number))
        assert fileio.read_bytes(f"zip://a.txt::{path}") == text.encode()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives(archives, kind):
    url = f"{kind}://sub/u.txt::{archives}/x.{kind}"
    args = dict(backend=kind, path=f"{archives}/x.{kind}")
    assert fileio.read_bytes(url) == fileio.read_bytes("sub/u.txt", args) == "sub/ü.txt".encode()
    assert sorted(list_dir(f"{kind}://::{archives}/x.{kind}", recursive=True)) == ["sub", "sub/u.txt"]
    assert fileio.exists(url)
    assert not fileio.exists(f"{kind}://nothing::{archives}/x.{kind}")
    with fileio.local_path(url) as path:
        assert os.path.basename(path) == "u.txt"
        assert os.path.getsize(path) == len("sub/ü.txt".encode())
    with pytest.raises(MissingFileError):
        fileio.read_bytes(f"{kind}://nothing::{archives}/x.{kind}")
    with pytest.raises(ConfigError, match="needs the archive"):
        fileio.read_bytes("sub/u.txt", dict(backend=kind))
    # Each process opens the archive for itself: a shared handle would have one position for all.
    processes = [get_context("fork").Process(target=read_in_turn, args=(url, 200)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(web, "RETRY_PAUSES", (0.0, 0.0))
    with serve() as site:
        site.files["/a.txt"] = b"0123456789"
        yield site


def test_http(site, archives):
    for args in (None, dict(backend="http"), dict(backend="https")):
        assert fileio.read_bytes(f"{site.url}/a.txt", args) == b"0123456789"
    assert fileio.exists(f"{site.url}/a.txt")
    assert not fileio.exists(f"{site.url}/b.txt")
    with pytest.raises(MissingFileError, match="no file 'http"):
        fileio.read_bytes(f"{site.url}/b.txt")
    system, path = fileio.resolve(f"{site.url}/a.txt")
    assert system.cat_file(path, 2, 5) == b"234"
    site.ranges = False
    assert system.cat_file(path, 2, 5) == b"234"
    site.ranges = True
    site.failures = 1
    assert fileio.read_bytes(f"{site.url}/a.txt") == b"0123456789", "tried again"
    site.cut_after = [3, 0]
    assert fileio.read_bytes(f"{site.url}/a.txt") == b"0123456789", "tried again where it broke off"
    site.cut_after = [3, 0, 5]
    with pytest.raises(DataError, match=r"a\.txt' cannot be read: the connection broke off"):
        fileio.read_bytes(f"{site.url}/a.txt")
    site.files["/x.zip"] = (archives / "x.zip").read_bytes()
    assert fileio.read_bytes(f"zip://sub/u.txt::{site.url}/x.zip") == "sub/ü.txt".encode()


def test_s3_and_petrel(site, tmp_path):
    pytest.importorskip("s3fs")
    site.files["/bucket/train/a.txt"] = b"from s3"
    conf = tmp_path / "petreloss.conf"
    host = site.url.removeprefix("http://")
    conf.write_text(f"[default]\naccess_key = key\nsecret_key = secret\nhost_base = {host}\n")
    mapping = {"data/": "s3://bucket/", ".data/": "s3://bucket/"}
    petrel = dict(backend="petrel", conf_path=str(conf), path_mapping=mapping, enable_mc=True)
    assert fileio.read_bytes("data/train/a.txt", petrel) == b"from s3"
    for url in ("s3://bucket/train/a.txt", "petrel://bucket/train/a.txt", "cluster:s3://bucket/train/a.txt"):
        assert fileio.read_bytes(url, dict(conf_path=str(conf))) == b"from s3"
    with pytest.raises(MissingFileError, match="no file"):
        fileio.read_bytes("data/train/b.txt", petrel)
    with pytest.raises(MissingFileError, match="conf_path"):
        fileio.read_bytes("s3://bucket/a", dict(conf_path=str(tmp_path / "nothing")))


def test_packages_that_are_absent(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "lmdb", None)
    (tmp_path / "x.lmdb").touch()
    with pytest.raises(OptionalDependencyError, match=r"pip install 'mmpretrain\[storage\]'"):
        fileio.read_bytes("key", dict(backend="lmdb", db_path=str(tmp_path / "x.lmdb")))


def test_lmdb(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = str(tmp_path / "x.lmdb")
    with lmdb.open(path) as env, env.begin(write=True) as transaction:
        transaction.put(b"train/a.jpg", b"image a")
        transaction.put(b"val/b.jpg", b"image b")
    args = dict(backend="lmdb", db_path=path)
    assert fileio.read_bytes("train/a.jpg", args) == b"image a"
    assert list(list_dir("train/", backend_args=args)) == ["a.jpg"]
    with pytest.raises(MissingFileError):
        fileio.read_bytes("train/b.jpg", args)
    with pytest.raises(MissingFileError, match="no LMDB database"):
        fileio.read_bytes("a", dict(backend="lmdb", db_path=str(tmp_path / "nothing")))


@pytest.fixture(scope="module")
def memcached():
    """A real server on a free port; its address."""
    if shutil.which("memcached") is None:
        pytest.skip("memcached is not installed (Debian package memcached)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen(["memcached", "-l", "127.0.0.1", "-p", str(port), *user])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            pytest.fail("memcached did not start")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def test_memcached(memcached, tmp_path, folder):
    """The settings of the tutorial: a list of servers and a client's settings, each in a file."""
    pytest.importorskip("pymemcache")
    (tmp_path / "server_list.conf").write_text(f"# servers\n{memcached}\n")
    (tmp_path / "client.conf").write_text("timeout = 5\nother = 1\n")
    args = dict(
        backend="memcached",
        server_list_cfg=str(tmp_path / "server_list.conf"),
        client_cfg=str(tmp_path / "client.conf"),
    )
    plain = tmp_path / "plain.txt"
    plain.write_bytes(b"on disk")
    for path, content in ((plain, b"on disk"), (folder / "a b.txt", b"a b.txt")):
        assert fileio.read_bytes(path, args) == content, "from disk at first"
        path.unlink()
        assert fileio.read_bytes(path, args) == content, "then from memcached"
    with pytest.raises(MissingFileError):
        fileio.read_bytes(tmp_path / "nothing", args)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(2_000_000))
    assert len(fileio.read_bytes(large, args)) == 2_000_000, "too large to be stored there"
    from pymemcache import Client

    client = Client(memcached)
    client.set("key/of/an/image", b"put there by others", noreply=False)
    assert fileio.read_bytes("key/of/an/image", args) == b"put there by others"


def test_images_through_memcached(memcached, tmp_path):
    pytest.importorskip("pymemcache")
    from PIL import Image

    Image.new("RGB", (5, 4), (10, 20, 30)).save(tmp_path / "a.png")
    (tmp_path / "servers.conf").write_text(memcached)
    args = dict(backend="memcached", server_list_cfg=str(tmp_path / "servers.conf"), client_cfg=None)
    transform = TRANSFORMS.build(dict(type="LoadImageFromFile", file_client_args=args))
    for _ in range(2):
        assert transform({"img_path": str(tmp_path / "a.png")})["img"][0, 0].tolist() == [30, 20, 10]
        (tmp_path / "a.png").unlink(missing_ok=True)


def test_memcached_that_is_down_costs_nothing_but_speed(tmp_path):
    pytest.importorskip("pymemcache")
    (tmp_path / "servers.conf").write_text("127.0.0.1:1")
    (tmp_path / "a.txt").write_bytes(b"on disk")
    args = dict(backend="memcached", server_list_cfg=str(tmp_path / "servers.conf"))
    assert fileio.read_bytes(tmp_path / "a.txt", args) == b"on disk"


@pytest.mark.parametrize(("content", "error"), [("# none\n", ConfigError), (None, MissingFileError)])
def test_memcached_without_servers(tmp_path, content, error):
    pytest.importorskip("pymemcache")
    if content is not None:
        (tmp_path / "servers.conf").write_text(content)
    with pytest.raises(error):
        fileio.read_bytes("a", dict(backend="memcached", server_list_cfg=str(tmp_path / "servers.conf")))


def test_the_old_ceph_client_is_named():
    with pytest.raises(ConfigError, match=r"'ceph' is no longer there.*backend='s3'"):
        fileio.read_bytes("a.jpg", dict(backend="ceph"))
