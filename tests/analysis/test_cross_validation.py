"""The folds of a cross-validation."""

from __future__ import annotations

from collections import Counter

import pytest

from mmpretrain.analysis.cross_validation import fold_config, summary
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS


def labels(cfg, split):
    dataset = DATASETS.build(cfg[f"{split}_dataloader"].dataset)
    return [int(dataset.get_data_info(index)["gt_label"]) for index in range(len(dataset))], dataset


def test_parts_cover_the_data_once_and_have_all_classes():
    cfg = Config.fromfile(find_config("lenet5_digits"))
    before = cfg.pretty_text
    seen = Counter()
    for fold in range(5):
        folded = fold_config(cfg, fold, 5, seed=3)
        held_out, val = labels(folded, "val")
        rest, _ = labels(folded, "train")
        assert len(held_out) + len(rest) == 1442
        counts = Counter(held_out)
        assert max(counts.values()) - min(counts.values()) <= 3, "stratified"
        seen.update(val.get_data_info(index)["sample_idx"] for index in range(len(val)))
        assert folded.test_dataloader is None
    assert cfg.pretty_text == before
    train, val = (cfg[f"{split}_dataloader"].dataset.pipeline for split in ("train", "val"))
    assert folded.val_dataloader.dataset.dataset.pipeline == val
    assert folded.train_dataloader.dataset.dataset.pipeline == train


def test_what_cannot_be_validated():
    cfg = Config.fromfile(find_config("lenet5_digits"))
    with pytest.raises(ConfigError, match="fold 5 of 5"):
        fold_config(cfg, 5, 5)
    cfg.val_evaluator = None
    with pytest.raises(ConfigError, match="needs val_evaluator"):
        fold_config(cfg, 0, 5)


def test_summary():
    found = summary([{"a": 1.0, "b": 5.0}, {"a": 3.0}])
    assert found == {"a": (2.0, pytest.approx(2**0.5))}
    assert summary([{"a": 1.0}]) == {"a": (1.0, 0.0)}
    assert summary([]) == {}
