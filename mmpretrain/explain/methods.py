"""Class activation maps: from activations and gradients of a layer to a map.

Shapes: B images, C channels, (h, w) places of the layer's map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean

Weigh = Callable[[Tensor, Tensor], Tensor]


def gradcam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Weigh channels by their mean gradient (`Grad-CAM <https://arxiv.org/abs/1610.02391>`_)."""
    return gradients.mean((2, 3), keepdim=True) * activations


def gradcam_plus_plus(activations: Tensor, gradients: Tensor) -> Tensor:
    """Weigh channels by their positive gradients (`Grad-CAM++ <https://arxiv.org/abs/1710.11063>`_).

    Powers of the gradient stand for higher derivatives, as for an exponential of the score.
    """
    square = gradients**2
    total = activations.sum((2, 3), keepdim=True)
    shares = square / (2 * square + total * square * gradients + 1e-6)
    shares = torch.where(gradients != 0, shares, 0.0)
    return (gradients.clamp(min=0) * shares).sum((2, 3), keepdim=True) * activations


def xgradcam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Weigh channels by gradients in proportion to activations (`XGrad-CAM <https://arxiv.org/abs/2008.02312>`_)."""
    total = activations.sum((2, 3), keepdim=True)
    return (gradients * activations / (total + 1e-7)).sum((2, 3), keepdim=True) * activations


def layercam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Weigh each place by its positive gradient (`LayerCAM <https://ieeexplore.ieee.org/document/9462463>`_)."""
    return gradients.clamp(min=0) * activations


def hirescam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Weigh each place by its gradient (`HiResCAM <https://arxiv.org/abs/2011.08891>`_)."""
    return gradients * activations


def unweighted(activations: Tensor, gradients: Tensor) -> Tensor:
    """Leave the activations as they are; the gradient is not used."""
    return activations


@dataclass(frozen=True)
class Method:
    """How a map is made.

    Args:
        title: The name in its paper.
        needs: What it is made from: the ``'gradient'`` of a score, the ``'activation'`` alone, many
            ``'masked'`` or ``'ablated'`` forward passes, or the ``'attention'`` of the layers.
        weigh: From activations and gradients (B, C, h, w) to weighted activations (B, C, h, w).
        principal: Project the channels on their first principal component, instead of adding them up.
    """

    title: str
    needs: Literal["gradient", "activation", "masked", "ablated", "attention"]
    weigh: Weigh = unweighted
    principal: bool = False

    def map_of(self, activations: Tensor, gradients: Tensor, eigen_smooth: bool = False) -> Tensor:
        """Return maps (B, h, w) of activations and gradients (B, C, h, w)."""
        weighted = self.weigh(activations, gradients)
        return first_component(weighted) if self.principal or eigen_smooth else weighted.sum(1)


#: All methods by name, in the order in which ``auto`` prefers them if they are equally faithful.
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradcam": Method("Grad-CAM", "gradient", gradcam),
        "gradcam++": Method("Grad-CAM++", "gradient", gradcam_plus_plus),
        "xgradcam": Method("XGrad-CAM", "gradient", xgradcam),
        "layercam": Method("LayerCAM", "gradient", layercam),
        "hirescam": Method("HiResCAM", "gradient", hirescam),
        "eigencam": Method("Eigen-CAM", "activation", unweighted, principal=True),
        "eigengradcam": Method("Eigen-Grad-CAM", "gradient", hirescam, principal=True),
        "scorecam": Method("Score-CAM", "masked"),
        "ablationcam": Method("Ablation-CAM", "ablated"),
        "rollout": Method("Attention rollout", "attention"),
    }
)

_OTHER_NAMES = {"gradcamplusplus": "gradcam++", "attentionrollout": "rollout"}


def find_method(name: str) -> str:
    """Return the name of a method in :data:`METHODS`; case, hyphens and underscores do not matter.

    Raises:
        ConfigError: If there is none, with the closest names.
    """
    folded = str(name).lower().replace("-", "").replace("_", "").replace(" ", "")
    folded = _OTHER_NAMES.get(folded, folded)
    if folded not in METHODS:
        known = ["auto", *METHODS]
        raise ConfigError(
            f"there is no method {name!r}",
            hint=did_you_mean(folded, known) or f"Choose one of {', '.join(known)}.",
            key="method",
        )
    return folded


def first_component(values: Tensor) -> Tensor:
    """Project channels on the first principal component of their places: (B, C, h, w) to (B, h, w).

    A component may point either way. The one that agrees with the sum of the channels is taken.
    """
    data = values.flatten(2).transpose(1, 2).double().nan_to_num()  # (B, h * w, C)
    centred = data - data.mean(1, keepdim=True)
    if centred.shape[1] <= centred.shape[2]:
        _, vectors = torch.linalg.eigh(centred @ centred.transpose(1, 2))
        basis = centred.transpose(1, 2) @ vectors[..., -1:]  # (B, C, 1)
        basis = basis / basis.norm(dim=1, keepdim=True).clamp(min=1e-30)
    else:
        _, vectors = torch.linalg.eigh(centred.transpose(1, 2) @ centred)
        basis = vectors[..., -1:]
    projected = (centred @ basis).squeeze(2)  # (B, h * w)
    agreement = (projected * centred.sum(2)).sum(1, keepdim=True)
    projected = torch.where(agreement < 0, -projected, projected)
    return projected.unflatten(1, values.shape[2:]).to(values.dtype)


def normalised(maps: Tensor) -> Tensor:
    """Scale each of several maps (B, h, w) to [0, 1]."""
    maps = maps - maps.amin((1, 2), keepdim=True)
    return maps / (1e-7 + maps.amax((1, 2), keepdim=True))


def resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Make positive maps (B, h, w) as large as the image, with values in [0, 1]."""
    maps = normalised(maps.float().clamp(min=0))
    return F.interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]
