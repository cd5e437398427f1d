"""Tests of :mod:`mmpretrain.datasets.transforms.text`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.transforms import (
    CleanCaption,
    OFAAddObjects,
)
from mmpretrain.errors import DataError


def test_texts():
    clean = CleanCaption(["a", "b"])
    assert clean(dict(a=" A cat,  two  dogs! ", b=["X.", "y"])) == dict(a="a cat two dogs", b=["x", "y"])
    with pytest.raises(DataError, match="int"):
        clean(dict(a=1, b="x"))
    out = OFAAddObjects()(dict(objects=["cat", "dog"], question="what is it?"))
    assert out["question"] == out["decoder_prompt"] == "what is it? object: cat dog"
    with pytest.raises(DataError, match="objects"):
        OFAAddObjects()(dict(question="x"))
