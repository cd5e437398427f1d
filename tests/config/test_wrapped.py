"""Configs of data sets inside of those of wrappers."""

from __future__ import annotations

from mmpretrain.config.wrapped import innermost, plain_datasets


def test_all_of_them_in_order():
    plain = [{"type": name} for name in "ABC"]
    repeated = {"type": "RepeatDataset", "times": 2, "dataset": plain[1]}
    whole = {"type": "ConcatDataset", "datasets": [plain[0], {"dataset": repeated}, plain[2]]}
    assert [item["type"] for item in plain_datasets(whole)] == ["A", "B", "C"]
    assert innermost(whole) is plain[0]
    assert innermost(plain[2]) is plain[2]
