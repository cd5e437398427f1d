"""From outputs of backbones to vectors."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional import pooled


def test_kinds():
    vector, image, tokens = torch.randn(2, 4), torch.randn(2, 4, 3, 5), torch.randn(2, 7, 4)
    assert pooled(vector) is vector
    torch.testing.assert_close(pooled(image), image.mean((2, 3)))
    torch.testing.assert_close(pooled(tokens, 1), tokens[:, 1:].mean(1))
    torch.testing.assert_close(pooled(tokens, 1, "cls"), tokens[:, 0])
    torch.testing.assert_close(pooled(tokens, 0, "cls"), tokens.mean(1))
    assert pooled([image, vector]).shape == (2, 8)


def test_no_features():
    with pytest.raises(DataError, match="must put out tensors"):
        pooled({"a": 1})
