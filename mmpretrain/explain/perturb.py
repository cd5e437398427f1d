"""Maps without gradients: from how the score changes when the image is masked or a channel removed.

Shapes: K channels of the layer, (h, w) its places, (H, W) the image.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.explain.layout import Layout
from mmpretrain.explain.trace import run, scores_of


@torch.no_grad()
def scorecam(
    model: nn.Module,
    image: Tensor,
    activations: Tensor,
    target: int,
    *,
    task: str | None = None,
    batch_size: int = 16,
) -> Tensor:
    """Weigh channels by the score of the image behind them (`Score-CAM <https://arxiv.org/abs/1910.01279>`_).

    Args:
        model: The classifier.
        image: (1, 3, H, W), normalised.
        activations: (1, K, h, w).
        target: The class.
        task: The task, of several.
        batch_size: How many masked images to run at once.

    Returns:
        Weighted activations (1, K, h, w).
    """
    scores = []
    for part in activations[0].split(batch_size):
        masks = F.interpolate(part[:, None], image.shape[2:], mode="bilinear", align_corners=True)
        low, high = (masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True))
        masks = (masks - low) / (high - low + 1e-8)
        scores.append(scores_of(model, image * masks, task)[:, target])
    weights = torch.cat(scores).softmax(0)
    return weights[None, :, None, None] * activations


@torch.no_grad()
def ablationcam(
    model: nn.Module,
    image: Tensor,
    name: str,
    layout: Layout,
    activations: Tensor,
    target: int,
    *,
    task: str | None = None,
    batch_size: int = 16,
) -> Tensor:
    """Weigh channels by what the score loses without them (Ablation-CAM, Desai and Ramaswamy, WACV 2020).

    Args:
        model: The classifier.
        image: (1, 3, H, W), normalised.
        name: The layer.
        layout: Layout of its output.
        activations: (1, K, h, w).
        target: The class.
        task: The task, of several.
        batch_size: How many channels to take away at once, each from an image of its own.

    Returns:
        Weighted activations (1, K, h, w).
    """
    layers = {name: model.get_submodule(name)}
    before = scores_of(model, image, task)[0, target]
    after = []
    for channels in torch.arange(activations.shape[1]).split(batch_size):
        images = image.expand(len(channels), -1, -1, -1)
        changes = {name: lambda output, lost=channels: layout.drop_channels(output, lost)}
        after.append(run(model, images, layers, task=task, changes=changes).scores[:, target])
    size = before.abs().clamp(min=1e-8)
    weights = (before - torch.cat(after)) / size
    return weights[None, :, None, None] * activations
