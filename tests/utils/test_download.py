"""Tests of :mod:`mmpretrain.utils.download`."""

from __future__ import annotations

import hashlib

import pytest

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils import download as module
from mmpretrain.utils.download import download, matches
from tests.datasets.download_cases import DATA

MD5 = f"md5:{hashlib.md5(DATA).hexdigest()}"


def test_download(site, tmp_path):
    target = tmp_path / "sub" / "a.bin"
    assert download(f"{site.url}/a.bin", target, MD5) == str(target)
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]
    asked = len(site.requests)
    download(f"{site.url}/a.bin", target, MD5)
    assert len(site.requests) == asked, "what is there and intact is not fetched again"
    target.write_bytes(b"damaged")
    download(f"{site.url}/a.bin", target, MD5)
    assert target.read_bytes() == DATA
    assert matches(target, f"sha256:{hashlib.sha256(DATA).hexdigest()[:8]}")


def test_goes_on_where_it_broke_off(site, tmp_path):
    site.cut_after = [30_000, 10_000]
    assert download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert [asked for _, _, asked in site.requests] == [None, "bytes=30000-", "bytes=40000-"]


def test_goes_on_in_the_next_run(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESUMES", 0)
    site.cut_after = [60_000]
    with pytest.raises(MissingFileError, match=r"only 60000 of 100000 bytes.*Put the file at"):
        download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert not (tmp_path / "a.bin").exists()
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert site.requests[-1][2] == "bytes=60000-"
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_server_without_ranges(site, tmp_path):
    site.ranges = False
    (tmp_path / "a.bin.part").write_bytes(b"x" * 50)
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_part_that_is_complete_already(site, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(DATA)
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_busy_server_is_asked_again(site, tmp_path):
    site.failures = 2
    download(f"{site.url}/a.bin", tmp_path / "a.bin", MD5)
    assert len(site.requests) == 3


def test_sources_in_turn(site, tmp_path):
    site.files["/wrong.bin"] = b"something else"
    urls = [f"{site.url}/none.bin", f"{site.url}/wrong.bin", f"{site.url}/a.bin"]
    download(urls, tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    with pytest.raises(MissingFileError, match=r"none\.bin: it answers 404"):
        download(urls[:1], tmp_path / "b.bin")
    with pytest.raises(DataError, match="does not match md5"):
        download(urls[1], tmp_path / "b.bin", MD5)
    assert not list(tmp_path.glob("b.bin*"))
