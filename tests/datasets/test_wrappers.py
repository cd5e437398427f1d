from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from mmpretrain.datasets import BaseDataset, ClassBalancedDataset, ConcatDataset, KFoldDataset
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from tests.datasets.wrapper_cases import make


def paths(dataset):
    return [dataset.get_data_info(i)["img_path"] for i in range(len(dataset))]


def test_concat(tmp_path):
    cfgs = [make(tmp_path, [0, 1]), make(tmp_path, [2, 2, 0], "b")]
    dataset = DATASETS.build(dict(type="ConcatDataset", datasets=cfgs))
    assert len(dataset) == 5
    assert paths(dataset) == ["a0", "a1", "b0", "b1", "b2"]
    assert dataset[-1]["img_path"] == "b2"
    assert dataset.get_cat_ids(2) == [2]
    assert dataset.get_gt_labels().tolist() == [0, 1, 2, 2, 0]
    assert dataset.CLASSES == ["x", "y", "z"]
    with pytest.raises(IndexError):
        dataset[5]
    with pytest.raises(NotImplementedError):
        dataset.get_subset([0])
    assert repr(dataset).startswith("Dataset ConcatDataset\n    Number of samples: \t5\n")
    dataset.bad_files = "list.txt"
    assert {part.bad_files for part in dataset.datasets} == {"list.txt"}


def test_concat_compares_meta_information(tmp_path):
    cfgs = [make(tmp_path, [0]), make(tmp_path, [1], "b", classes=("x", "w"))]
    with pytest.raises(DataError, match=r"Data set 2 .* differs from the first in 'classes'"):
        ConcatDataset(cfgs)
    assert len(ConcatDataset(cfgs, ignore_keys="classes")) == 2
    cfgs[1]["metainfo"] = dict(classes=["x", "y", "z"], more=1)
    with pytest.raises(DataError, match="Data set 1 of the ConcatDataset has no 'more'"):
        ConcatDataset(cfgs)
    with pytest.raises(ConfigError, match="at least one"):
        ConcatDataset([])


def test_repeat(tmp_path):
    dataset = DATASETS.build(dict(type="RepeatDataset", dataset=make(tmp_path, [0, 1]), times=3))
    assert paths(dataset) == ["a0", "a1"] * 3
    assert dataset.get_gt_labels().tolist() == [0, 1] * 3
    assert dataset.metainfo["classes"] == ["x", "y", "z"]


def test_class_balanced(tmp_path):
    """``max(1, sqrt(0.5 / share))``: 1 for 0.7, sqrt(2.5) for 0.2 and sqrt(5) for 0.1, rounded up."""
    cfg = make(tmp_path, [0] * 7 + [1] * 2 + [2])
    dataset = DATASETS.build(dict(type="ClassBalancedDataset", dataset=cfg, oversample_thr=0.5))
    assert dataset.repeat_indices == [0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9, 9, 9]
    assert dataset.get_cat_ids(13) == [2]
    multi = make(tmp_path, [[0], [0, 1], [0], [0], []], "m", kind="MultiLabelDataset")
    dataset = DATASETS.build(dict(type="ClassBalancedDataset", dataset=multi, oversample_thr=0.5))
    assert dataset.repeat_indices == [0, 1, 1, 2, 3, 4]


def test_lazy_wrapper(tmp_path):
    cfg = {**make(tmp_path, [0, 1]), "lazy_init": True}
    dataset = DATASETS.build(dict(type="RepeatDataset", dataset=cfg, times=2, lazy_init=True))
    assert not dataset.dataset._fully_initialized
    assert "Haven't been initialized" in repr(dataset)
    assert len(dataset) == 4


def folds(cfg, **kwargs):
    kwargs = {"num_splits": 3, **kwargs}
    return [
        [set(paths(KFoldDataset(cfg, fold=fold, test_mode=test, **kwargs))) for test in (False, True)]
        for fold in range(kwargs["num_splits"])
    ]


@pytest.mark.parametrize(
    "kwargs", [{}, {"seed": 4}, {"stratified": True}, {"group_by": "patient"}, {"shuffle": False}], ids=str
)
def test_folds_are_a_partition(tmp_path, kwargs):
    cfg = make(tmp_path, [i % 3 for i in range(30)])
    parts = folds(cfg, **kwargs)
    for train, test in parts:
        assert len(test) == 10 or ("group_by" in kwargs and len(test) in (9, 12))
        assert len(train) + len(test) == 30
        assert not train & test
    assert not any(a & b for (_, a), (_, b) in combinations(parts, 2))
    assert parts == folds(cfg, **kwargs), "the same split every time"


def test_folds_with_a_seed_equal_reference(tmp_path):
    """KFoldDataset(dataset, fold=1, num_splits=3, test_mode=True, seed=7) of mmpretrain 1.2, 10 samples."""
    dataset = KFoldDataset(make(tmp_path, [0] * 10), fold=1, num_splits=3, test_mode=True, seed=7)
    assert paths(dataset) == REFERENCE_FOLD


REFERENCE_FOLD = ["a1", "a3", "a6"]


def test_folds_are_shuffled_by_default(tmp_path):
    cfg = make(tmp_path, [0] * 10 + [1] * 10 + [2] * 10)
    held_out = KFoldDataset(cfg, test_mode=True, num_splits=3)
    assert len(set(held_out.get_gt_labels())) == 3, "a contiguous fold of sorted data has one class only"
    contiguous = KFoldDataset(cfg, test_mode=True, num_splits=3, shuffle=False)
    assert set(contiguous.get_gt_labels()) == {0}
    assert held_out.dataset.test_mode
    assert "Fold: \t1 of 3" in repr(held_out)


def test_stratified_folds(tmp_path):
    labels = [0] * 50 + [1] * 10 + [2] * 5
    cfg = make(tmp_path, labels)
    for fold in range(5):
        dataset = KFoldDataset(cfg, fold=fold, stratified=True, test_mode=True)
        assert np.bincount(dataset.get_gt_labels()).tolist() == [10, 2, 1]


@pytest.mark.parametrize("kind", ["BaseDataset", "MultiLabelDataset"])
def test_stratified_folds_of_uneven_classes(tmp_path, kind):
    labels = [0] * 23 + [1] * 9 + [2] * 4
    several = kind == "MultiLabelDataset"
    cfg = make(tmp_path, [[label] for label in labels] + [[]] if several else labels, kind=kind)
    counts = []
    for fold in range(5):
        dataset = KFoldDataset(cfg, fold=fold, stratified=True, test_mode=True)
        found = [label for i in range(len(dataset)) for label in dataset.get_cat_ids(i)]
        counts.append([*np.bincount(found, minlength=3), len(dataset)])
    assert np.ptp(counts, axis=0).max() <= 1


def test_grouped_folds(tmp_path):
    cfg = make(tmp_path, [i % 2 for i in range(31)])
    for kwargs in ({}, {"stratified": True}):
        groups = []
        for fold in range(3):
            dataset = KFoldDataset(cfg, fold=fold, num_splits=3, group_by="patient", test_mode=True, **kwargs)
            groups.append({dataset.get_data_info(i)["patient"] for i in range(len(dataset))})
            assert 9 <= len(dataset) <= 12
        assert not any(a & b for a, b in combinations(groups, 2))
    by_function = KFoldDataset(cfg, group_by=lambda record: record["patient"], num_splits=3, test_mode=True)
    assert len({by_function.get_data_info(i)["patient"] for i in range(len(by_function))}) < 5


@pytest.mark.parametrize("key", ["gt_label", "gt_value"])
def test_stratified_folds_of_annotations_with_several_labels_or_none(tmp_path, key):
    """What `--data annotations.json` becomes."""
    records = [{"img_path": f"{i}.jpg", key: [0, 1] if i % 2 else [1]} for i in range(20)]
    (tmp_path / "a.json").write_text(json.dumps({"metainfo": {}, "data_list": records}))
    plain = dict(type="BaseDataset", ann_file=str(tmp_path / "a.json"))
    held_out = KFoldDataset(plain, stratified=True, test_mode=True)
    assert 3 <= len(held_out) <= 5
    if key == "gt_label":
        assert {tuple(held_out.get_cat_ids(i)) for i in range(len(held_out))} == {(1,), (0, 1)}
        assert len(ClassBalancedDataset(plain, oversample_thr=0.9)) > 20
    else:
        with pytest.raises(DataError, match=r"0\.jpg: A sample has no label"):
            ClassBalancedDataset(plain, oversample_thr=0.9)


def test_impossible_folds(tmp_path):
    cfg = make(tmp_path, [0, 1, 2])
    with pytest.raises(DataError, match="3 samples cannot be split into 5"):
        KFoldDataset(cfg)
    with pytest.raises(DataError, match="1 groups"):
        KFoldDataset(cfg, num_splits=2, group_by="patient")
    with pytest.raises(ConfigError, match="not a key"):
        KFoldDataset(cfg, num_splits=2, group_by="author")
    with pytest.raises(ConfigError, match="from 0 to 4, got 5"):
        KFoldDataset(cfg, fold=5)
    with pytest.raises(ConfigError, match="plain data sets"):
        KFoldDataset(dict(type="RepeatDataset", dataset=cfg, times=2), num_splits=2)


def test_wraps_built_data_sets(tmp_path):
    cfg = make(tmp_path, list(range(3)) * 2)
    cfg.pop("type")
    dataset = KFoldDataset(BaseDataset(**cfg), num_splits=2)
    assert len(dataset) == 3


def test_wrapper_of_ones_own(tmp_path):
    from mmpretrain.datasets import force_full_init

    class Reversed:
        _fully_initialized = False

        def __init__(self, dataset):
            self.dataset = DATASETS.build(dataset)

        def full_init(self):
            self.dataset.full_init()

        @force_full_init
        def __len__(self):
            return len(self.dataset)

    wrapper = Reversed({**make(tmp_path, [0, 1]), "lazy_init": True})
    assert len(wrapper) == 2
    assert wrapper._fully_initialized


def test_lazy_wrapper_learns_the_classes(tmp_path):
    cfg = {**make(tmp_path, [0, 1]), "lazy_init": True}
    dataset = DATASETS.build(dict(type="KFoldDataset", dataset=cfg, num_splits=2))
    assert dataset.CLASSES is None
    assert len(dataset) == 1
    assert dataset.CLASSES == ["x", "y", "z"]
