"""How faithful a map is: remove the pixels that it marks, and see how the prediction changes.

See `A Consistent and Efficient Evaluation Strategy for Attribution Methods (ROAD)
<https://arxiv.org/abs/2202.00449>`_. Removed pixels are imputed from their neighbours, so that the shape of
what is missing tells nothing.

Shapes: K images, (H, W) pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

PERCENT = (20, 40, 60, 80)


def impute(images: Tensor, missing: Tensor, steps: int = 10, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Replace missing pixels, so that each is the weighted mean of its neighbours.

    The linear equations are solved by conjugate gradients, from the solution at half the size.

    Args:
        images: (K, C, H, W).
        missing: (K, 1, H, W), boolean.
        steps: Steps of the solver at each size.
        noise: Standard deviation of the noise that is added to what was missing.
        seed: Seed of the noise.
    """
    filled = _solve(images, missing.to(images.dtype), steps)
    if noise:
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn(images.shape[1:], generator=generator).to(images)
        filled = filled + noise * drawn * missing
    return torch.where(missing, filled, images)


def _solve(images: Tensor, missing: Tensor, steps: int) -> Tensor:
    known = 1 - missing
    if min(images.shape[2:]) > 4:
        # A pixel at half the size is missing if all of its pixels are.
        count = F.avg_pool2d(known, 2, ceil_mode=True)
        mean = F.avg_pool2d(images * known, 2, ceil_mode=True) / count.clamp(min=1e-6)
        coarse = _solve(mean, (count == 0).to(images.dtype), steps)
        guess = F.interpolate(coarse, images.shape[2:], mode="bilinear", align_corners=False)
    else:
        guess = (images * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp(min=1)
        guess = guess.expand_as(images)
    degree = _spread(torch.ones_like(missing[:1]))
    x = images * known + guess * missing

    def residual_of(values: Tensor) -> Tensor:
        return (_spread(values) - degree * values) * missing

    residual = residual_of(x)
    direction = residual
    power = residual.square().sum((2, 3), keepdim=True)
    for _ in range(steps):
        applied = -residual_of(direction)
        length = power / (direction * applied).sum((2, 3), keepdim=True).clamp(min=1e-20)
        x.addcmul_(length, direction)
        residual = residual.addcmul(length, applied, value=-1)
        new = residual.square().sum((2, 3), keepdim=True)
        direction = residual.addcmul(new / power.clamp(min=1e-20), direction)
        power = new
    return x


def _spread(values: Tensor) -> Tensor:
    """The weighted sum of the neighbours of each pixel: 1 / 6 beside it, 1 / 12 across a corner."""
    padded = F.pad(values, (1, 1, 1, 1))
    rows = padded[..., :-2] + padded[..., 2:]
    rows.add_(padded[..., 1:-1], alpha=2)
    total = rows[..., :-2, :] + rows[..., 2:, :]
    total.add_(rows[..., 1:-1, :], alpha=2)
    return total.sub_(values, alpha=4).div_(12)


@torch.no_grad()
def faithfulness(
    maps: Tensor,
    image: Tensor,
    confidence: Callable[[Tensor], Tensor],
    percent: Sequence[int] = PERCENT,
    batch_size: int = 16,
) -> list[float]:
    """Measure how faithful maps of one image are.

    Half the difference between the confidence without the least and without the most important pixels, mean
    over several shares of pixels: from -0.5 to 0.5, near 0 for a map that says nothing.

    Args:
        maps: (M, H, W).
        image: (1, C, H, W), normalised.
        confidence: From images (K, C, H, W) to the confidence in the explained class, (K,).
        percent: Shares of pixels to remove.
        batch_size: How many images to run at once.
    """
    # Pixels of one value come in random order: their places must not count.
    shuffled = torch.randperm(maps[0].numel(), generator=torch.Generator().manual_seed(0)).to(maps.device)
    order = shuffled[maps.flatten(1)[:, shuffled].argsort(dim=1)]
    places = torch.arange(order.shape[1], device=order.device).expand_as(order)
    rank = torch.empty_like(order).scatter_(1, order, places).view_as(maps)
    pixels = order.shape[1]
    masks = []
    for share in percent:
        number = round(pixels * share / 100)
        masks += [rank < number, rank >= pixels - number]  # least and most important
    removed = torch.stack(masks, 1).flatten(0, 1)[:, None]  # (M * P * 2, 1, H, W)
    values = [
        confidence(impute(image.expand(len(part), -1, -1, -1), part, noise=0.01))
        for part in removed.split(batch_size)
    ]
    table = torch.cat(values).view(len(maps), len(percent), 2)
    return ((table[..., 0] - table[..., 1]) / 2).mean(1).tolist()
