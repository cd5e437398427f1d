"""The file client of 0.x over each kind of storage."""

from __future__ import annotations

import zipfile

from mmpretrain.compat.file_client import FileClient, get_file_backend


def test_files_and_folders(tmp_path):
    client = FileClient(backend="disk")
    path = client.join_path(str(tmp_path), "a b.txt")
    client.put_text("a b.txt", path)
    assert client.get(path) == b"a b.txt"
    assert client.get_text(path) == "a b.txt"
    assert client.exists(path)
    assert client.isfile(path)
    assert client.isdir(tmp_path)
    client.put(b"1", tmp_path / "n" / "1.bin")
    client.put_text("2", tmp_path / "n" / "2.txt")
    assert sorted(client.list_dir_or_file(tmp_path / "n", list_dir=False)) == ["1.bin", "2.txt"]
    with client.get_local_path(path) as local:
        assert local == path
    assert get_file_backend(path).get(path) == b"a b.txt"


def test_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("sub/u.txt", "in the archive")
    packed = FileClient.infer_client(dict(backend="zip", path=str(tmp_path / "x.zip")))
    assert packed.get("sub/u.txt") == b"in the archive"
    inside = f"zip://sub/u.txt::{tmp_path}/x.zip"
    assert get_file_backend(inside).get(inside) == b"in the archive"
