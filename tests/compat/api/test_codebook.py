"""Tests of :mod:`mmpretrain.compat.api.codebook`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.compat.api.codebook import EmbeddingEMA
from mmpretrain.errors import CheckpointError


def test_codes_from_a_file(tmp_path):
    codes = torch.arange(12.0).view(4, 3)
    torch.save(codes, tmp_path / "codes.pt")
    book = EmbeddingEMA(4, 3, codebook_init_path=str(tmp_path / "codes.pt"))
    assert torch.equal(book.weight, codes)
    book.init_from(torch.rand(9, 3))
    assert torch.equal(book.weight, codes)
    assert torch.equal(book(torch.tensor([2])), codes[2:3])


@pytest.mark.parametrize(
    ("content", "said"), [(torch.zeros(3, 4), "and not 4 codes with 3 channels"), ({"a": 1}, "not a tensor")]
)
def test_a_file_with_something_else(tmp_path, content, said):
    torch.save(content, tmp_path / "codes.pt")
    with pytest.raises(CheckpointError, match=said):
        EmbeddingEMA(4, 3, codebook_init_path=str(tmp_path / "codes.pt"))
