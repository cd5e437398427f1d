"""How faithful maps are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.explain.road import faithfulness, impute


def solved(image: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The solution of the paper's equations by elimination: image (H, W), missing (H, W)."""
    height, width = image.shape
    number = {place: i for i, place in enumerate(zip(*np.nonzero(missing)))}
    matrix, right = np.zeros((len(number), len(number))), np.zeros(len(number))
    for (y, x), row in number.items():
        for dy, dx in ((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)):
            place = (y + dy, x + dx)
            if not (0 <= place[0] < height and 0 <= place[1] < width):
                continue
            weight = 1 / 12 if dy and dx else 1 / 6
            matrix[row, row] += weight
            if place in number:
                matrix[row, number[place]] -= weight
            else:
                right[row] += weight * image[place]
    result = image.copy()
    result[missing] = np.linalg.solve(matrix, right)
    return result


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_missing_pixels_are_means_of_their_neighbours(share):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 2, 17, 22, generator=generator, dtype=torch.float64)
    missing = torch.rand(1, 1, 17, 22, generator=generator) < share
    found = impute(image, missing, steps=200)
    for channel in range(2):
        expected = solved(image[0, channel].numpy(), missing[0, 0].numpy())
        np.testing.assert_allclose(found[0, channel].numpy(), expected, atol=1e-5)
    quick = impute(image, missing)
    assert (quick - found).abs().mean() < 0.02
    assert torch.equal(quick[~missing.expand_as(image)], image[~missing.expand_as(image)])


def test_everything_missing_and_nothing():
    image = torch.rand(2, 3, 8, 8)
    assert impute(image, torch.ones(2, 1, 8, 8, dtype=torch.bool)).isfinite().all()
    assert torch.equal(impute(image, torch.zeros(2, 1, 8, 8, dtype=torch.bool)), image)


def test_noise_is_repeatable_and_only_where_pixels_are_missing():
    image, missing = torch.rand(1, 3, 8, 8), torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    missing[..., :4] = True
    first, second = (impute(image, missing, noise=0.1) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, impute(image, missing))
    assert torch.equal(first[..., 4:], image[..., 4:])


def test_a_map_of_what_matters_is_faithful_and_its_opposite_is_not():
    """The confidence is the share of a bright square that is left."""
    image = torch.zeros(1, 1, 32, 32)
    image[..., 4:12, 4:12] = 1

    def confidence(images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 4:12, 4:12].mean((1, 2)).clamp(0, 1)

    right = image[0, 0]
    nothing = torch.zeros(32, 32)
    nothing[20:28, 20:28] = 1
    values = faithfulness(torch.stack([right, -right, nothing]), image, confidence)
    assert values[0] > 0.3
    assert values[1] == pytest.approx(-values[0], abs=0.05)
    assert abs(values[2]) < values[0] / 2
