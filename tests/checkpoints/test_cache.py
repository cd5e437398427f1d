"""Downloaded weights, against a server on this machine."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal

import pytest
import torch

from mmpretrain.checkpoints.cache import cache_dir, fetch
from mmpretrain.checkpoints.serialization import to_bytes
from mmpretrain.errors import CheckpointError, ConfigError, DataError, MissingFileError, MMPretrainError
from mmpretrain.utils import download

CONTENT = to_bytes({"state_dict": {"weight": torch.arange(300_000.0)}})
OTHER = to_bytes({"state_dict": {"weight": torch.arange(300_000.0) + 1}})
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f"net_20210831-{DIGEST}.pth"
LEGACY = torch.arange(3.0)
PAGE = b"<!DOCTYPE html>\n<html><body>Sign in first.</body></html>"


@pytest.fixture
def site(site):
    site.files[f"/mm/{NAME}"] = site.files["/net.pth"] = CONTENT
    return site


def left():
    """The files in the cache, without locks."""
    files = (path for path in cache_dir().rglob("*") if path.is_file())
    return sorted(path.name for path in files if not path.name.endswith(".lock"))


# -- where entries lie ---------------------------------------------------------------------------------


def test_downloaded_once(site):
    path = fetch(f"{site.url}/mm/{NAME}")
    assert path.read_bytes() == CONTENT
    assert fetch(f"{site.url}/mm/{NAME}") == path == cache_dir() / NAME
    assert len(site.requests) == 1
    assert left() == [NAME]


def test_the_same_file_name_of_two_addresses(site):
    site.files["/other/net.pth"] = OTHER
    first, second = fetch(f"{site.url}/net.pth"), fetch(f"{site.url}/other/net.pth")
    assert (first.read_bytes(), second.read_bytes()) == (CONTENT, OTHER)
    assert first.name == second.name == "net.pth"
    site.files["/get?file=1"], site.files["/get?file=2"] = CONTENT, OTHER
    assert fetch(f"{site.url}/get?file=1").read_bytes() == CONTENT
    assert fetch(f"{site.url}/get?file=2").read_bytes() == OTHER


def test_one_file_under_its_hash_from_any_host(site):
    fetch(f"{site.url}/mm/{NAME}")
    assert fetch(f"http://elsewhere.invalid/{NAME}").read_bytes() == CONTENT


def test_a_date_in_a_name_is_no_hash(site):
    site.files["/net-20210831.pth"] = CONTENT
    assert fetch(f"{site.url}/net-20210831.pth").read_bytes() == CONTENT


def test_files_put_there_by_hand(site):
    """Under its plain name as before, or where the error says."""
    cache_dir().mkdir()
    (cache_dir() / "plain.pth").write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:9/x/plain.pth") == cache_dir() / "plain.pth"
    with pytest.raises(MissingFileError) as caught:
        fetch("http://127.0.0.1:9/x/mine.pth")
    name, _, folder = caught.value.hint.removeprefix("Put the file ").partition(", or")[0].partition(" into ")
    assert name == "mine.pth"
    with open(os.path.join(folder, "any name.pth"), "wb") as file:
        file.write(OTHER)
    assert fetch("http://127.0.0.1:9/x/mine.pth").read_bytes() == OTHER


def test_a_page_under_a_plain_name_is_passed_over(site, caplog):
    cache_dir().mkdir()
    (cache_dir() / "net.pth").write_bytes(PAGE)
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT
    assert "is not used: this is a web page, and not a checkpoint" in caplog.text


@pytest.mark.parametrize("path", ["/my net.pth", "/netz-ü.pth", "/100%25.pth", "/a/../net.pth", "/"])
def test_odd_addresses(site, path):
    from urllib.parse import quote

    site.files[quote(path, "%/")] = CONTENT
    found = fetch(site.url + path)
    assert found.read_bytes() == CONTENT
    assert cache_dir() in found.parents


# -- what is kept --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PAGE, "a web page"),
        (b'{"error": "not found"}', "a JSON answer"),
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n", "a Git LFS pointer"),
        (b"\x1f\x8b\x08" + bytes(50), "a gzip archive"),
        (CONTENT[:100_000], "the rest is missing"),
        (CONTENT[:5000] + b"XXXX" + CONTENT[5004:], "a checksum in it is wrong"),
        (b"\x80\x02" + b"junk" * 100, "is damaged or no checkpoint"),
        ((30).to_bytes(8, "little") + b'{"a": {"data_offsets":[0,99]}}', "38 of 137 bytes"),
    ],
    ids=["page", "json", "empty", "lfs", "gzip", "cut", "flipped", "pickle", "safetensors"],
)
def test_what_is_no_checkpoint_is_not_kept(site, content, said):
    site.files["/net.pth"] = content
    for _ in range(2):
        with pytest.raises(CheckpointError, match=said):
            fetch(f"{site.url}/net.pth")
        assert left() == []
    site.files["/net.pth"] = CONTENT
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT


def test_wrong_content_is_not_kept(site):
    site.files[f"/mm/{NAME}"] = OTHER
    with pytest.raises(DataError, match=f"does not match sha256:{DIGEST}"):
        fetch(f"{site.url}/mm/{NAME}")
    assert left() == []


@pytest.mark.parametrize("content", ["legacy", "safetensors"])
def test_other_kinds_of_checkpoints(site, tmp_path, content):
    from safetensors.torch import save

    if content == "legacy":
        torch.save({"a": LEGACY}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
        site.files["/a.bin"] = (tmp_path / "a.pth").read_bytes()
    else:
        site.files["/a.bin"] = save({"a": LEGACY})
    assert fetch(f"{site.url}/a.bin").read_bytes() == site.files["/a.bin"]


# -- resumption ----------------------------------------------------------------------------------------


def test_goes_on_where_it_broke_off(site):
    site.cut_after = [500_000]
    assert fetch(f"{site.url}/mm/{NAME}").read_bytes() == CONTENT
    assert [asked for _, _, asked in site.requests] == [None, "bytes=500000-"]


def test_goes_on_in_the_next_process_if_the_server_says_it_is_the_same(site, monkeypatch):
    site.tags = True
    monkeypatch.setattr(download, "RESUMES", 0)
    site.cut_after = [500_000]
    with pytest.raises(MissingFileError, match="only 500000 of"):
        fetch(f"{site.url}/net.pth")
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT
    assert site.requests[-1][2] == "bytes=500000-"
    assert left() == ["net.pth"]


@pytest.mark.parametrize("tags", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_pieces_of_two_files_are_not_glued_together(site, monkeypatch, tags, ranges):
    site.tags, site.ranges = tags, ranges
    monkeypatch.setattr(download, "RESUMES", 0)
    site.cut_after = [500_000]
    with pytest.raises(MissingFileError, match="only 500000 of"):
        fetch(f"{site.url}/net.pth")
    site.files["/net.pth"] = OTHER
    assert fetch(f"{site.url}/net.pth").read_bytes() == OTHER


def test_a_file_that_changes_while_it_is_transferred(site):
    """The first answer breaks off, and behind the address is another file then."""
    site.tags = True

    def first(handler):
        del site.special["/net.pth"]
        handler.send_response(200)
        handler.send_header("ETag", '"before"')
        handler.send_header("Content-Length", str(len(OTHER)))
        handler.end_headers()
        handler.wfile.write(OTHER[:400_000])

    site.special["/net.pth"] = first
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT


def test_a_partial_file_that_is_whole(site):
    cache_dir().mkdir()
    (cache_dir() / f"{NAME}.part").write_bytes(CONTENT)
    assert fetch(f"{site.url}/mm/{NAME}").read_bytes() == CONTENT


def test_a_partial_file_of_something_else(site):
    cache_dir().mkdir()
    (cache_dir() / f"{NAME}.part").write_bytes(OTHER[:1000])
    assert fetch(f"{site.url}/mm/{NAME}").read_bytes() == CONTENT


# -- servers and lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, {}, "it answers 404"),
        (403, {}, "access is refused"),
        (500, {}, "trouble of the server"),
        (429, {"Retry-After": "3600"}, "too many requests"),
        (302, {"Location": "/a.pth"}, "redirects in a circle"),
        (302, {"Location": "file:///etc/passwd"}, "not allowed"),
        (302, {}, "it answers 302|redirects to nowhere"),
        (200, {"Content-Length": "99999999999999999"}, "bytes, and .* are free"),
    ],
)
def test_answers_that_are_no_file(site, status, headers, said):
    site.answer("/a.pth", status, headers, b"")
    with pytest.raises(MMPretrainError, match=said) as caught:
        fetch(f"{site.url}/a.pth")
    assert "\n" not in str(caught.value)
    assert left() == []


@pytest.mark.parametrize("length", ["abc", "-5", "1e9", "", None])
def test_a_bad_content_length_does_no_harm(site, length):
    headers = {} if length is None else {"Content-Length": length}
    site.answer("/a.pth", 200, headers, CONTENT)
    assert fetch(f"{site.url}/a.pth").read_bytes() == CONTENT


def test_too_many_requests_are_asked_again(site):
    def busy(handler):
        del site.special["/net.pth"]
        handler.send_response(429)
        handler.send_header("Retry-After", "0")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.special["/net.pth"] = busy
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT


def test_redirects_lead_on_but_a_password_stays_behind(site):
    site.answer("/old.pth", 301, {"Location": site.url.replace("127.0.0.1", "localhost") + "/net.pth"})
    fetch(site.url.replace("http://", "http://me:secret@") + "/old.pth")
    assert [head.get("Authorization") for head in site.headers] == ["Basic bWU6c2VjcmV0", None]


def test_a_silent_server_is_given_up(site, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_TIMEOUT", "0.1")
    site.keep_silent("/a.pth")
    with pytest.raises(MissingFileError, match=r"a\.pth: no answer within 0\.1 s"):
        fetch(f"{site.url}/a.pth")


def test_a_dripping_server_is_given_up(site, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_TIMEOUT", "0.15")

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"P")
            if site.closing.wait(0.02):
                return

    site.special["/a.pth"] = drip
    with pytest.raises(MissingFileError, match=r"only \d+ bytes came in 0\.15 s"):
        fetch(f"{site.url}/a.pth")


@pytest.mark.parametrize(
    "address", ["http://", "http://[bad/x.pth", "http://host:port/x.pth", "https:///x.pth"]
)
def test_what_is_no_address(site, address):
    with pytest.raises(ConfigError, match="is not an address"):
        fetch(address)


def test_a_timeout_that_is_none(site, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match="MMPRETRAIN_TIMEOUT='soon' is not a number of seconds"):
        fetch(f"{site.url}/net.pth")


# -- mirrors, offline ----------------------------------------------------------------------------------


def test_mirrors_come_first(site, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MIRRORS", f"{site.url}/none/,{site.url}/mm")
    assert fetch(f"http://127.0.0.1:9/{NAME}").read_bytes() == CONTENT
    assert [path for _, path, _ in site.requests] == [f"/none/{NAME}", f"/mm/{NAME}"]


def test_nonsense_mirrors_are_passed_over(site, monkeypatch, caplog):
    monkeypatch.setenv("MMPRETRAIN_MIRRORS", f"nonsense,,ftp://x,http://[bad,{site.url}/mm")
    assert fetch(f"http://127.0.0.1:9/{NAME}").read_bytes() == CONTENT
    assert "MMPRETRAIN_MIRRORS names 'nonsense', which is not an address" in caplog.text


def test_dead_host_says_what_was_tried_and_where_to_put_the_file(site, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_MIRRORS", f"{site.url}/none")
    with pytest.raises(MissingFileError) as caught:
        fetch(f"http://127.0.0.1:9/x/{NAME}")
    message = str(caught.value)
    assert f"{site.url}/none/x/{NAME}: it answers 404" in message
    assert f"http://127.0.0.1:9/x/{NAME}: the connection is refused" in message
    assert f"Put the file {NAME} (its SHA-256 begins with {DIGEST}) into {cache_dir()}" in message


def test_offline(site, monkeypatch):
    fetch(f"{site.url}/net.pth")
    monkeypatch.setenv("MMPRETRAIN_OFFLINE", "1")
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT
    with pytest.raises(
        MissingFileError, match=r"MMPRETRAIN_OFFLINE is set, and net2\.pth is not on this machine"
    ):
        fetch(f"{site.url}/net2.pth")
    with pytest.raises(MissingFileError, match="MMPRETRAIN_OFFLINE is set"):
        fetch("hf://org/repo")
    assert len(site.requests) == 1


# -- the disk, and other processes ---------------------------------------------------------------------


def test_a_cache_that_cannot_be_written(site, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MMPRETRAIN_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        MissingFileError, match=r"cannot be written \(Not a directory\).*set MMPRETRAIN_CACHE"
    ):
        fetch(f"{site.url}/net.pth")


def test_a_full_disk(site, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(
        MissingFileError, match=r"net\.pth\.part cannot be written \(No space left on device\)"
    ):
        fetch(f"{site.url}/net.pth")
    assert "net.pth" not in left()


def test_two_processes_fetch_once(site):
    started = multiprocessing.get_context("fork")
    results = started.Queue()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT[:1000])
        handler.wfile.flush()
        site.closing.wait(0.3)
        handler.wfile.write(CONTENT[1000:])

    site.special["/net.pth"] = slow
    work = [
        started.Process(target=lambda: results.put(fetch(f"{site.url}/net.pth").read_bytes() == CONTENT))
        for _ in range(3)
    ]
    for process in work:
        process.start()
    assert [results.get(timeout=300) for _ in work] == [True] * 3
    for process in work:
        process.join()
    assert len(site.requests) == 1
    assert left() == ["net.pth"]


def test_a_dead_process_holds_no_lock(site):
    site.keep_silent("/net.pth")
    process = multiprocessing.get_context("fork").Process(target=fetch, args=(f"{site.url}/net.pth",))
    process.start()
    while not site.requests:
        process.join(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    del site.special["/net.pth"]
    assert fetch(f"{site.url}/net.pth").read_bytes() == CONTENT
