"""Between tokens, images and pairs of numbers."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers.shape import to_2tuple, to_image, to_tokens


def test_pairs():
    assert to_2tuple(7) == to_2tuple((7,)) == to_2tuple([7, 7]) == (7, 7)
    with pytest.raises(ValueError, match="a number or a pair"):
        to_2tuple((1, 2, 3))


def test_tokens_and_images_are_views_of_each_other():
    tokens = torch.arange(24.0).reshape(1, 6, 4)
    image = to_image(tokens, (2, 3))
    assert image.shape == (1, 4, 2, 3)
    assert image[0, :, 1, 0].tolist() == tokens[0, 3].tolist()
    assert torch.equal(to_tokens(image), tokens)
    assert image.data_ptr() == tokens.data_ptr()
