"""What the tests of folders share."""

from __future__ import annotations


def records(dataset):
    return [(info["img_path"], info.get("gt_label")) for info in dataset.data_infos]
