"""Tests of :mod:`mmpretrain.models.retrievers.base`."""

from __future__ import annotations

import pytest

from mmpretrain.models.retrievers.base import BaseRetriever


class Bare(BaseRetriever):
    def forward(self, inputs, data_samples=None, mode="tensor"):
        return inputs


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("extract_feat", (1,)), ("loss", (1, [])), ("predict", (1,)), ("matching", (1,)),
        ("prepare_prototype", ()), ("dump_prototype", ("a.pth",)),
    ],
)  # fmt: skip
def test_what_a_subclass_has_to_bring(method, arguments):
    retriever = Bare("features.pth")
    assert (retriever.prototype, retriever.prototype_inited) == ("features.pth", False)
    with pytest.raises(NotImplementedError, match=rf"Bare must implement {method}\(\)"):
        getattr(retriever, method)(*arguments)
