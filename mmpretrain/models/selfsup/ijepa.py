"""I-JEPA: https://arxiv.org/abs/2301.08243.

Shapes: B images, L patches of an image, K of which are context, M target blocks of T patches, C channels.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.averaged import CosineEMA
from mmpretrain.models.backbones.vision_transformer import VisionTransformer
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding, check_patches
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.models.selfsup.masking import take
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

Range = Sequence[float]


class LinearEMA(CosineEMA):
    """An exponential moving average whose momentum goes to ``end_momentum`` along a line."""

    def momentum_at(self, steps: int) -> float:
        """Return the weight of the new value after a number of steps."""
        super().momentum_at(steps)  # refuses to run without a length
        done = min(1.0, steps / (self.max_iters or 1))
        return self.momentum + (self.end_momentum - self.momentum) * done


@MODELS.register_module()
class IJEPAViT(VisionTransformer):
    """Vision Transformer without a class token that can leave patches out.

    From `Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture
    <https://arxiv.org/abs/2301.08243>`_. Positions are fixed sines and cosines. It takes the arguments of
    :class:`VisionTransformer`, and puts out all patches unless ``out_type`` is given.
    """

    def __init__(
        self, *args: Any, out_type: Any = "raw", with_cls_token: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, out_type=out_type, with_cls_token=with_cls_token, **kwargs)
        if with_cls_token:
            raise ArgumentError("IJEPAViT has no class token", key="with_cls_token")
        if self.num_extra_tokens:
            raise ArgumentError("IJEPAViT has no registers", key="num_registers")
        assert self.pos_embed is not None
        self.pos_embed.requires_grad = False
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with fixed positions."""
        assert self.pos_embed is not None
        self.pos_embed.data.copy_(build_2d_sincos_position_embedding(self.patch_resolution, self.embed_dims))

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Any:
        """Run images (B, 3, H, W); with the numbers of patches (B, K), return those only, (B, K, C)."""
        if keep is None:
            return super().forward(x)
        tokens, hw = self.embed(x)
        return self.encode(take(tokens, keep), hw)[-1]

    def grid(self, images: Tensor) -> tuple[int, int]:
        """Rows and columns of patches of images (B, 3, H, W)."""
        stride: Any = self.patch_embed.projection.stride
        return images.shape[-2] // stride[0], images.shape[-1] // stride[1]


@MODELS.register_module()
class IJEPA(BaseSelfSupervisor):
    """Predict the features of blocks of an image from those of the rest.

    From `Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture
    <https://arxiv.org/abs/2301.08243>`_. Features come from a slow copy of the backbone that sees the whole
    image. Neither pixels nor augmented views are needed.

    Args:
        backbone: An :class:`IJEPAViT`.
        neck: An ``IJEPAPredictor``.
        head: Compares predictions with features; a ``MIMHead``.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        num_targets: Number M of target blocks.
        target_scale: Smallest and largest part of the image that a target block covers.
        target_aspect: Smallest and largest height / width of a target block.
        context_scale: Smallest and largest part of the image that the context block covers, before the target
            blocks are cut out.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head")

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        num_targets: int = 4,
        target_scale: Range = (0.15, 0.2),
        target_aspect: Range = (0.75, 1.5),
        context_scale: Range = (0.85, 1.0),
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            freeze=freeze,
        )
        for name, (low, high) in {"target_scale": target_scale, "context_scale": context_scale}.items():
            if not 0 < low <= high <= 1:
                raise ArgumentError(f"{name} must be in 0..1, smallest first, got {(low, high)}", key=name)
        if not 0 < target_aspect[0] <= target_aspect[1]:
            raise ArgumentError(
                f"target_aspect must be positive, smallest first, got {tuple(target_aspect)}",
                key="target_aspect",
            )
        if num_targets < 1:
            raise ArgumentError(f"num_targets must be 1 or more, got {num_targets}", key="num_targets")
        self.num_targets = num_targets
        self.target_scale, self.target_aspect = target_scale, target_aspect
        self.context_scale = context_scale
        self.teacher = LinearEMA(self.backbone, momentum=base_momentum)

    def block_size(self, hw: tuple[int, int], scale: Range, aspect: Range = (1.0, 1.0)) -> tuple[int, int]:
        """Draw rows and columns of a block on a grid ``hw`` that leaves at least one patch."""
        area = random.uniform(*scale) * hw[0] * hw[1]
        ratio = random.uniform(*aspect)
        rows = min(max(1, round(math.sqrt(area * ratio))), hw[0])
        columns = min(max(1, round(math.sqrt(area / ratio))), hw[1])
        return rows, columns

    def draw_blocks(self, count: int, hw: tuple[int, int], size: tuple[int, int], device: Any) -> Tensor:
        """Numbers of the patches of blocks of one size at random places, (count, rows * columns)."""
        top = torch.randint(0, hw[0] - size[0] + 1, (count, 1, 1), device=device)
        left = torch.randint(0, hw[1] - size[1] + 1, (count, 1, 1), device=device)
        rows = torch.arange(size[0], device=device)[:, None]
        columns = torch.arange(size[1], device=device)
        return ((top + rows) * hw[1] + left + columns).flatten(1)

    def draw_masks(self, batch: int, hw: tuple[int, int], device: Any) -> tuple[Tensor, Tensor]:
        """Draw target blocks and context.

        All blocks of a batch have one size; of the context, as many patches are kept in each image as the
        image with the fewest has.

        Returns:
            Numbers of the context's patches (B, K), and of those of the targets (B, M, T).
        """
        if hw[0] * hw[1] < 4:
            raise ArgumentError(
                f"I-JEPA needs 4 patches or more, the images have {hw[0]} x {hw[1]}",
                hint="Use larger images, or a smaller patch_size.",
            )
        size = self.block_size(hw, self.target_scale, self.target_aspect)
        targets = self.draw_blocks(batch * self.num_targets, hw, size, device).unflatten(0, (batch, -1))
        context = self.draw_blocks(batch, hw, self.block_size(hw, self.context_scale), device)
        left = torch.zeros(batch, hw[0] * hw[1], dtype=torch.bool, device=device)
        left.scatter_(1, context, True).scatter_(1, targets.flatten(1), False)
        # An image all of which is target keeps what no target of it covers, and at least one patch.
        empty = ~left.any(dim=1, keepdim=True)
        uncovered = torch.ones_like(left).scatter_(1, targets.flatten(1), False)
        uncovered[:, 0] |= ~uncovered.any(dim=1)
        left |= empty & uncovered
        fewest = int(left.sum(dim=1).min())
        order = (torch.rand(left.shape, device=device) + left).argsort(dim=1, descending=True)
        return order[:, :fewest].sort(dim=1).values, targets

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        hw = self.backbone.grid(inputs)
        if hasattr(self.neck, "num_patches"):
            check_patches(hw[0] * hw[1], self.neck.num_patches, "neck")
        context, targets = self.draw_masks(len(inputs), hw, inputs.device)
        with torch.no_grad():
            self.teacher.update_parameters(self.backbone)
            features = self.teacher(inputs)[-1]
            features = F.layer_norm(features, features.shape[-1:])
            wanted = take(features, targets.flatten(1)).unflatten(1, targets.shape[1:])  # (B, M, T, C)
        predicted = self.neck(self.backbone(inputs, keep=context), context, targets)
        return {"loss": self.head.loss(predicted.flatten(0, 1), wanted.flatten(0, 1))}
