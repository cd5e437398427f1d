"""Tests of :mod:`mmpretrain.datasets.metainfo`."""

from __future__ import annotations

from mmpretrain.datasets import BaseDataset, ConcatDataset, RepeatDataset


def test_wrappers_say_what_their_parts_say(tmp_path):
    (tmp_path / "a.json").write_text(
        '{"metainfo": {"classes": ["cat", "dog"]}, "data_list": [{"gt_label": 1}]}'
    )
    plain = BaseDataset(str(tmp_path / "a.json"), data_prefix={})
    for dataset in (plain, RepeatDataset(plain, 2), ConcatDataset([plain, plain])):
        assert (dataset.CLASSES, dataset.class_to_idx) == (["cat", "dog"], {"cat": 0, "dog": 1})
        dataset.metainfo["classes"].append("cow")
        assert len(dataset.CLASSES) == 2
    plain.CLASSES = ("cow", "hen")
    assert plain.class_to_idx == {"cow": 0, "hen": 1}
