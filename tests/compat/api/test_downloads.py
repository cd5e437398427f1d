"""Checksums and archives, as modules of data sets use them."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from mmcls.datasets.utils import (
    calculate_md5,
    check_integrity,
    download_and_extract_archive,
    extract_archive,
    rm_suffix,
)

from mmpretrain.errors import DataError


def test_sums_and_names(tmp_path):
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"hello")
    assert calculate_md5(str(file)) == "5d41402abc4b2a76b9719d911017c592"
    assert check_integrity(str(file), "5d41402abc4b2a76b9719d911017c592")
    assert not check_integrity(str(file), "0" * 32)
    assert not check_integrity(str(tmp_path / "b"))
    assert rm_suffix("a.tar.gz", ".tar.gz") == "a"
    assert rm_suffix("a.tar.gz") == "a.tar"


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_archives(tmp_path, kind):
    file = tmp_path / f"a.{kind}"
    write(file, kind, "inside/x.txt")
    extract_archive(str(file), str(tmp_path / "out"), remove_finished=True)
    assert (tmp_path / "out/inside/x.txt").read_text() == "hello"
    assert not file.exists()
    write(file, kind, "../evil.txt")
    with pytest.raises(DataError, match="outside of the folder"):
        extract_archive(str(file), str(tmp_path / "out"))
    assert not (tmp_path / "evil.txt").exists()


def write(file, kind, name):
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, "hello")
        return
    with tarfile.open(file, "w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))


def test_from_an_address(tmp_path):
    write(tmp_path / "a.zip", "zip", "x.txt")
    url = (tmp_path / "a.zip").as_uri()
    with pytest.raises(Exception, match=r"a\.zip|file"):
        download_and_extract_archive(url, str(tmp_path / "root"))
    (tmp_path / "root").mkdir(exist_ok=True)
    write(tmp_path / "root" / "a.zip", "zip", "x.txt")
    download_and_extract_archive("http://127.0.0.1:9/a.zip", str(tmp_path / "root"))
    assert (tmp_path / "root/x.txt").read_text() == "hello"


def test_what_is_no_archive(tmp_path):
    (tmp_path / "a.tar").write_text("hello")
    with pytest.raises(DataError, match="neither a tar nor a zip"):
        extract_archive(str(tmp_path / "a.tar"))
