"""Pre-training that continues on images of another domain.

The parts are those of `BYOL <https://arxiv.org/abs/2006.07733>`_ (a slow teacher and a predictor, no
negatives) and `data2vec <https://arxiv.org/abs/2202.03555>`_ (predict the teacher's features of masked
patches). Why it helps: `Don't Stop Pretraining <https://arxiv.org/abs/2004.10964>`_.

Shapes: B images, L positions of the backbone's last map or tokens, C channels.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.averaged import CosineEMA
from mmpretrain.models.layers.shape import to_tokens
from mmpretrain.models.selfsup.base import BaseSelfSupervisor, Views
from mmpretrain.models.selfsup.masking import check_mask_ratio
from mmpretrain.models.selfsup.momentum import drop_nothing
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class ContinuedPretraining(BaseSelfSupervisor):
    """Adapt a pre-trained backbone to new images without labels.

    The backbone sees two crops of each image with some squares blanked out. A slow copy of it, which begins
    with the same pre-trained weights and sees the whole crops, gives the targets: its features of the blanked
    positions (``patch_loss``), and its mean feature of the other crop (``global_loss``). As squares are
    blanked out in the images, any backbone will do: a Vision Transformer of DINOv2, DINOv3, MAE or CLIP, or a
    CNN. Use a low learning rate with layer-wise decay, so that what it knows stays.

    Args:
        backbone: From images to features; give it the weights to begin with as
            ``init_cfg=dict(type='Pretrained', checkpoint=...)``.
        neck: Predicts features (B, L, C) from features (B, L, C); a ``FeaturePredictor``.
        head: Compares predictions with features; a ``MIMHead``.
        base_momentum: Weight of the new value in the slow copy at the start; it falls to 0.
        mask_ratio: Part of the squares that is blanked out.
        mask_size: Edge of the squares in pixels, a multiple of the backbone's patch size.
        global_weight: Weight of ``global_loss``.
        pretrained: Checkpoint of a whole model of this method to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module,
        head: dict | nn.Module,
        base_momentum: float = 0.004,
        mask_ratio: float = 0.5,
        mask_size: int = 32,
        global_weight: float = 1.0,
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
        if not 0 < mask_ratio < 1:
            raise ArgumentError(
                f"mask_ratio must be above 0 and below 1, got {mask_ratio!r}", key="mask_ratio"
            )
        if mask_size < 1:
            raise ArgumentError(f"mask_size must be 1 or more pixels, got {mask_size}", key="mask_size")
        self.mask_ratio = mask_ratio
        self.mask_size = mask_size
        self.global_weight = global_weight
        self.teacher = CosineEMA(self.backbone, momentum=base_momentum)
        drop_nothing(self.teacher)

    def features(self, backbone: Any, images: Tensor) -> Tensor:
        """The last features (B, L, C) of images (B, C, H, W), without extra tokens."""
        last = backbone(images)[-1]
        if not isinstance(last, Tensor) or last.ndim not in (3, 4):
            shape = tuple(last.shape) if isinstance(last, Tensor) else type(last).__name__
            raise ConfigError(
                f"ContinuedPretraining needs a map (B, C, h, w) or tokens (B, N, C), got {shape}",
                hint="For a Vision Transformer, set model.backbone.out_type='featmap'.",
                key="backbone",
            )
        if last.ndim == 4:
            return to_tokens(last)
        return last[:, getattr(self.backbone, "num_extra_tokens", 0) :]

    def draw_mask(self, images: Tensor) -> Tensor:
        """Choose squares of images (B, C, H, W): 1 where blanked out, (B, 1, H, W)."""
        height, width = (-(-size // self.mask_size) for size in images.shape[2:])
        check_mask_ratio(self.mask_ratio, height * width)
        rank = torch.rand(len(images), height * width, device=images.device).argsort(dim=1).argsort(dim=1)
        hidden = rank < max(1, round(height * width * self.mask_ratio))
        squares = hidden.view(-1, 1, height, width).to(images.dtype)
        pixels = squares.repeat_interleave(self.mask_size, 2).repeat_interleave(self.mask_size, 3)
        return pixels[:, :, : images.shape[2], : images.shape[3]]

    def at_positions(self, mask: Tensor, length: int) -> Tensor:
        """The part of each of ``length`` positions that a mask (B, 1, H, W) blanks out, (B, length)."""
        ratio = mask.shape[2] / mask.shape[3]
        rows = max(1, round((length * ratio) ** 0.5))
        if length % rows:
            raise DataError(
                f"{length} positions do not make a map of images of {mask.shape[2]} x {mask.shape[3]} pixels",
                hint="Let the backbone put out a map: out_type='featmap'.",
            )
        return F.adaptive_avg_pool2d(mask, (rows, length // rows)).flatten(1)

    def loss(self, inputs: Views, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses of two crops, each (B, C, H, W)."""
        crops = self.views_of(inputs, 2)
        with torch.no_grad():
            self.teacher.update_parameters(self.backbone)
            known = [self.features(self.teacher, crop) for crop in crops]
        patch, whole = [], []
        for i, crop in enumerate(crops):
            mask = self.draw_mask(crop)
            seen = self.features(self.backbone, crop * (1 - mask))
            target = F.layer_norm(known[i], known[i].shape[-1:])
            patch.append(self.head.loss(self.neck(seen), target, self.at_positions(mask, seen.shape[1])))
            mean, other = seen.mean(1, keepdim=True), known[1 - i].mean(1, keepdim=True)
            whole.append(self.head.loss(self.neck(mean), other))
        return {
            "patch_loss": torch.stack(patch).mean(),
            "global_loss": self.global_weight * torch.stack(whole).mean(),
        }
