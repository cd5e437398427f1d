"""Tests of :mod:`mmpretrain.compat.api.files`."""

from __future__ import annotations

from pathlib import Path

import mmcv
import mmengine
import pytest

from mmpretrain.errors import DataError


def test_text_files(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("cat 0\ndog 1\nbig eel\n")
    assert mmcv.list_from_file(file) == ["cat 0", "dog 1", "big eel"]
    assert mmcv.list_from_file(str(file), prefix="x/", offset=1, max_num=1) == ["x/dog 1"]
    assert mmengine.dict_from_file(file) == {"cat": "0", "dog": "1", "big": "eel"}
    file.write_text("cat\n")
    with pytest.raises(DataError, match=r"a\.txt:1"):
        mmengine.dict_from_file(file)


@pytest.mark.parametrize("suffix", ["json", "yaml", "pkl"])
def test_data_files(tmp_path, suffix):
    data = {"a": [1, 2.5, None], "b": {"c": "ä"}}
    mmengine.dump(data, tmp_path / f"x.{suffix}")
    assert mmengine.load(tmp_path / f"x.{suffix}") == data
    assert mmcv.load(open(tmp_path / f"x.{suffix}", "rb"), file_format=suffix) == data  # noqa: SIM115


def test_a_pickle_runs_nothing(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(DataError, match="not plain data"):
        mmcv.load(tmp_path / "evil.pkl")


def test_folders(tmp_path):
    mmcv.mkdir_or_exist(str(tmp_path / "a" / "b"))
    mmcv.mkdir_or_exist(str(tmp_path / "a" / "b"))
    (tmp_path / "a" / "x.JPG").write_bytes(b"")
    (tmp_path / "a" / "b" / "y.jpg").write_bytes(b"")
    assert list(mmcv.scandir(tmp_path / "a", ".jpg")) == []
    found = set(mmengine.scandir(tmp_path / "a", (".jpg",), recursive=True, case_sensitive=False))
    assert found == {"x.JPG", str(Path("b/y.jpg"))}
    with pytest.raises(FileNotFoundError, match="does not exist"):
        mmengine.check_file_exist(tmp_path / "none")
    mmengine.symlink(tmp_path / "a", tmp_path / "l")
    assert mmengine.fileio.isdir(tmp_path / "l")
    assert mmengine.fileio.get(tmp_path / "a" / "x.JPG") == b""
