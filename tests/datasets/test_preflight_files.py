"""Tests of :mod:`mmpretrain.datasets.preflight_files`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets import preflight_files as checks
from tests.datasets.preflight_cases import found, image, listing


def test_missing_files(tmp_path, cache):
    train = listing(tmp_path, "a.png 0", "sub/b.png 0", "c.png 0")
    (tmp_path / "sub" / "b.png").unlink()
    (problem,) = found({"train": train})
    assert problem == (
        "hard",
        "train",
        f"1 of 3 images do not exist, first {tmp_path}/sub/b.png ({tmp_path}/list.txt:2)",
    )
    assert not cache.exists()


def test_links_that_lead_nowhere(tmp_path):
    train = listing(tmp_path, "a.png 0", "b.png 0", "c.png 0")
    for name in "bc":
        (tmp_path / f"{name}.png").unlink()
        (tmp_path / f"{name}.png").symlink_to("b.png" if name == "b" else "nowhere")
    (problem,) = found({"train": train})
    assert f"2 of 3 images do not exist, first {tmp_path}/b.png" in problem[2]


def test_complete_folders_are_remembered_until_they_change(tmp_path, monkeypatch):
    train = listing(tmp_path / "data", "a.png 0", "b.png 0")
    assert found({"train": train}) == []
    look = checks.image_paths
    with monkeypatch.context() as patch:
        patch.setattr(checks, "image_paths", lambda dataset: pytest.fail("looked again"))
        assert found({"train": train}) == []
    (tmp_path / "data" / "b.png").unlink()
    assert checks.image_paths is look
    assert "1 of 2 images do not exist" in found({"train": train})[0][2]


def test_a_small_data_set_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "SAMPLE", 2)
    listing(tmp_path, *[f"{i}.png 0" for i in range(5)])
    (tmp_path / "1.png").write_bytes(b"")
    train = CustomDataset(data_prefix=str(tmp_path), ann_file=str(tmp_path / "list.txt"))
    (problem,) = found({"train": train})
    assert f"1 of 5 images cannot be read, first {tmp_path}/1.png" in problem[2]


def test_what_a_full_look_found_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "SAMPLE", 2)
    monkeypatch.setattr(checks, "SMALL", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    listing(tmp_path, *[f"{i}.png 0" for i in range(5)])
    content = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(b"")
    train = CustomDataset(data_prefix=str(tmp_path), ann_file=str(tmp_path / "list.txt"))
    assert found({"train": train}) == []
    assert len(found({"train": train}, full=True)) == 1
    (problem,) = found({"train": train})
    assert "1 of 3 sampled images cannot be read" in problem[2]
    (tmp_path / "1.png").write_bytes(content)
    assert found({"train": train}) == []


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_unreadable_images(tmp_path, on_error, monkeypatch):
    monkeypatch.setattr(checks, "SAMPLE", 32)
    monkeypatch.setattr(checks, "SMALL", 49)
    listing(tmp_path, *[f"{i}.png 0" for i in range(50)])
    (tmp_path / "0.png").write_bytes(b"<html>")
    (tmp_path / "2.png").write_bytes(b"")  # not in the sample
    train = CustomDataset(data_prefix=str(tmp_path), ann_file=str(tmp_path / "list.txt"), on_error=on_error)
    (problem,) = found({"train": train})
    level = "hard" if on_error == "raise" else "soft"
    assert problem[0] == level
    assert f"1 of 32 sampled images cannot be read, first {tmp_path}/0.png" in problem[2]
    assert "2 of 50 images cannot be read" in found({"train": train}, full=True)[0][2]


class OwnLoader:
    def __call__(self, results):
        return results


def test_files_elsewhere_are_not_looked_for(tmp_path):
    (tmp_path / "list.txt").write_text("a.png 0")
    place = dict(data_prefix=str(tmp_path), ann_file=str(tmp_path / "list.txt"))
    assert found({"train": CustomDataset(pipeline=[OwnLoader()], **place)}) == []
    mapped = dict(backend="local", path_mapping={})
    load = dict(type="LoadImageFromFile", backend_args=mapped)
    assert "1 of 1 images do not exist" in found({"train": CustomDataset(pipeline=[load], **place)})[0][2]
    load["backend_args"] = dict(backend="zip", path=str(tmp_path / "x.zip"))
    import zipfile

    image(tmp_path / "b.png")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "b.png", "a.png")
    packed = CustomDataset(data_prefix="", ann_file=str(tmp_path / "list.txt"), pipeline=[load])
    assert found({"train": packed}) == []
