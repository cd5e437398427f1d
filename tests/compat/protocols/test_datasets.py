"""Data sets for MMClassification 0.x."""

from __future__ import annotations

import pytest

from mmpretrain.datasets import BaseDataset
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS


def test_get_classes():
    @DATASETS.register_module()
    class Named(BaseDataset):
        @classmethod
        def get_classes(cls, classes=None):
            return ["cat", "dog"] if classes is None else [name.upper() for name in classes]

        def load_annotations(self):
            return [{"img_prefix": "a", "img_info": {"filename": "b.png"}, "gt_label": 1}]

    try:
        assert Named(data_prefix="").CLASSES == ("cat", "dog")
        assert Named(data_prefix="", classes=["x", "y"]).CLASSES == ("X", "Y")
        assert Named(data_prefix="").get_data_info(0)["img_path"] == "a/b.png"
    finally:
        DATASETS.module_dict.pop("Named")


def test_a_misspelt_method():
    with pytest.raises(ConfigError, match=r"Slip.load_annotation would never be called.*load_annotations"):

        @DATASETS.register_module()
        class Slip(BaseDataset):
            def load_annotation(self):
                return []


def test_a_helper_of_that_name():
    @DATASETS.register_module()
    class Helped(BaseDataset):
        def load_annotation(self, file):
            return [{"img_path": file, "gt_label": 0}]

        def load_data_list(self):
            return self.load_annotation("a.png")

    try:
        assert len(Helped()) == 1
    finally:
        DATASETS.module_dict.pop("Helped")
