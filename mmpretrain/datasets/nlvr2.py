"""Sentences about pairs of images."""

from __future__ import annotations

import json

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.splits import parse_lines
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join


@DATASETS.register_module()
class NLVR2(BaseDataset):
    """Is a sentence true of two photos? (Suhr et al., 2019, https://lil.nlp.cornell.edu/nlvr/)

    The annotation file has one JSON object a line. The arguments are those of :class:`BaseDataset`.
    """

    def load_data_list(self) -> list[dict]:
        return list(parse_lines(self.ann_file, self._parse))

    def _parse(self, line: str) -> dict:
        example = json.loads(line)
        pair = example["identifier"].rsplit("-", 1)[0]
        return {
            "text": example["sentence"],
            "gt_label": {"True": 1, "False": 0}[example["label"]],
            "img_path": [join(self.img_prefix, f"{pair}-img{side}.png") for side in range(2)],
        }
