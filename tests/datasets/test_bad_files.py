"""Tests of :mod:`mmpretrain.datasets.bad_files`."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader

from mmpretrain.datasets import bad_files
from mmpretrain.errors import ConfigError, DataError
from tests.datasets.base_cases import build


def broken(results):
    if results["sample_idx"] == 2:
        raise DataError("cut off", where=results["img_path"])
    return {"inputs": torch.tensor([results["sample_idx"]])}


def test_on_error(root, tmp_path, caplog):
    with pytest.raises(DataError, match="cut off"):
        build(root, pipeline=[broken])[2]
    listing = tmp_path / "bad_files.txt"
    skipping = build(root, pipeline=[broken], on_error="skip")
    skipping.bad_files = str(listing)
    from mmpretrain.datasets import default_collate

    batch = next(iter(DataLoader(skipping, batch_size=6, collate_fn=default_collate)))
    assert batch["inputs"].flatten().tolist() == [0, 1, 3, 4, 5]
    path = f"{root}/images/2.jpg"
    assert listing.read_text() == f"{path}\tcut off\n"
    assert skipping[2] is None
    assert len(listing.read_text().splitlines()) == 1, "each file is listed once"
    bad_files._reported.clear()  # as in another worker, or after a resumption
    assert skipping[2] is None
    assert len(listing.read_text().splitlines()) == 1, "each file is listed once"
    replaced = build(root, pipeline=[broken], on_error="replace")[2]
    assert replaced["inputs"].item() != 2
    with pytest.raises(ConfigError, match="evaluate some samples twice"):
        build(root, on_error="replace", test_mode=True)
    with pytest.raises(ConfigError, match="'raise', 'skip' or 'replace'"):
        build(root, on_error="ignore")
