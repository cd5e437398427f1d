"""Heads that keep classes apart by a margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads.base import Features, InitCfg, check_num_classes
from mmpretrain.models.heads.cls_head import CROSS_ENTROPY, ClsHead, single_label_target
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import joined_labels
from mmpretrain.utils.fileio import read_lines


class NormProduct(nn.Linear):
    """Cosine between a feature and the nearest of k centres of each class."""

    def __init__(self, in_features: int, out_features: int, k: int = 1) -> None:
        super().__init__(in_features, out_features * k, bias=False)
        self.out_features = out_features
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """(B, in_features) -> (B, out_features)."""
        cosine = F.linear(F.normalize(input), F.normalize(self.weight))
        return cosine if self.k == 1 else cosine.unflatten(1, (self.out_features, self.k)).amax(dim=2)


@MODELS.register_module()
class ArcFaceClsHead(ClsHead):
    """Scores are scaled cosines; training adds a margin to the angle of the right class.

    See `ArcFace <https://arxiv.org/abs/1801.07698>`_ and, for more than one centre per class, `Sub-center
    ArcFace <https://link.springer.com/chapter/10.1007/978-3-030-58621-8_43>`_.
    ``SetAdaptiveMarginsHook`` sets margins by the number of samples of each class.

    Args:
        num_classes: Number of classes C.
        in_channels: Number of channels of the features.
        num_subcenters: Number of centres per class.
        scale: Factor of the cosines.
        margins: The margin in radians, that of each class, or a text file with one per line.
        easy_margin: Add the margin only where the angle is below 90 degrees.
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    margins: Tensor
    sinm_m: Tensor
    threshold: Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_subcenters: int = 1,
        scale: float = 64.0,
        margins: float | Sequence[float] | str | None = 0.5,
        easy_margin: bool = False,
        loss: dict | nn.Module = CROSS_ENTROPY,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss=loss, init_cfg=init_cfg)
        check_num_classes(num_classes)
        if num_subcenters < 1:
            raise ConfigError(
                f"num_subcenters must be at least 1, got {num_subcenters!r}", key="num_subcenters"
            )
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.num_subcenters = num_subcenters
        self.scale = scale
        self.easy_margin = easy_margin
        self.norm_product = NormProduct(in_channels, num_classes, num_subcenters)
        for name in ("margins", "sinm_m", "threshold"):
            self.register_buffer(name, torch.empty(0), persistent=False)
        if isinstance(margins, str):
            margins = [float(line) for line in read_lines(margins) if line.strip()]
        self.set_margins(0.5 if margins is None else margins)

    def set_margins(self, margins: float | Sequence[float]) -> None:
        """Set the margin of all classes, or of each."""
        values = [margins] * self.num_classes if isinstance(margins, (int, float)) else list(margins)
        if len(values) != self.num_classes:
            raise ConfigError(
                f"There are {len(values)} margins for {self.num_classes} classes",
                hint="Give one number, or one for each class.",
                key="margins",
            )
        self.margins = torch.tensor(values, dtype=torch.float32, device=self.margins.device)
        # Beyond this cosine the angle plus the margin exceeds 180 degrees and its cosine would rise again.
        self.threshold = torch.cos(math.pi - self.margins)
        self.sinm_m = torch.sin(math.pi - self.margins) * self.margins

    def forward(self, feats: Features, target: Tensor | None = None) -> Tensor:
        """Return the scores before softmax, (B, C), in 32 bit whatever the precision of the features.

        Args:
            feats: Output of the backbone, or of the neck.
            target: The right classes, (B,), while training.
        """
        x = self.pre_logits(feats)
        with torch.autocast(x.device.type, enabled=False):
            cosine = self.norm_product(x.float())
            return self.scale * (cosine if target is None else self._add_margin(cosine, target))

    def _add_margin(self, cosine: Tensor, target: Tensor) -> Tensor:
        index = target.reshape(-1, 1)
        # At an angle of 0 or 180 degrees the slope is infinite.
        right = cosine.gather(1, index).clamp(-1 + 1e-7, 1 - 1e-7)
        margin, threshold, shift = (t[index] for t in (self.margins, self.threshold, self.sinm_m))
        widened = torch.cos(torch.acos(right) + margin)
        if self.easy_margin:
            widened = torch.where(right > 0, widened, right)
        else:
            widened = torch.where(right > threshold, widened, right - shift)
        return cosine.scatter(1, index, widened)

    def loss(self, feats: Features, data_samples: Sequence[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the loss of a batch; the margin goes to the classes in ``gt_label``."""
        scores = self(feats, joined_labels(data_samples))
        target = single_label_target(data_samples)
        return {"loss": self.loss_module(scores, target, avg_factor=len(scores), **kwargs)}
