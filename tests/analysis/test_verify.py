"""Tests of :mod:`mmpretrain.analysis.verify`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.analysis import verify
from mmpretrain.datasets import CustomDataset


@pytest.mark.parametrize("threads", [1, 3])
def test_each_broken_image_is_named(tmp_path, monkeypatch, threads):
    monkeypatch.setattr(verify, "WINDOW", 2)  # so that there are several
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "1.png").write_bytes(b"no image")
    (tmp_path / "b" / "2.png").unlink()
    dataset = CustomDataset(
        data_root=str(tmp_path), pipeline=[dict(type="LoadImageFromFile")], lazy_init=True
    )
    dataset.full_init()
    (tmp_path / "b" / "1.png").unlink()  # after it was listed
    found = list(verify.check_images(dataset, threads))
    assert [item is None for item in found] == [True, False, True, True, False]
    assert found[1].index == 1
    assert found[1].path.endswith("a/1.png")
    assert "\n" not in found[1].reason
    assert found[4].path.endswith("b/1.png")
