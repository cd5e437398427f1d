"""EVA: https://arxiv.org/abs/2211.07636."""

from __future__ import annotations

from torch import Tensor

from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import need_hidden
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class EVA(MaskedAutoencoder):
    """Predict CLIP's features of hidden patches (`EVA <https://arxiv.org/abs/2211.07636>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head", "target_generator")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        need_hidden(self.backbone)
        target, _ = self.target_generator(inputs)
        latent, mask, restore = self.backbone(inputs)
        return {"loss": self.head.loss(self.neck(latent, restore), target[:, 1:], mask)}
