"""Multi-level feature fusion: https://arxiv.org/abs/2308.00442."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import OutType
from mmpretrain.models.selfsup.mae import MAE, MAEViT
from mmpretrain.models.selfsup.masking import need_hidden
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MFFViT(MAEViT):
    """An :class:`MAEViT` whose output is a weighted sum of several layers.

    From `Improving Pixel-based MIM by Reducing Wasted Modeling Capability
    <https://arxiv.org/abs/2308.00442>`_. The arguments are those of :class:`MAEViT`; the layers in
    ``out_indices`` are summed, all but the last after a linear layer.
    """

    def set_output(
        self,
        out_indices: int | Sequence[int],
        out_type: OutType,
        norm_cfg: Mapping[str, Any],
        final_norm: bool = True,
    ) -> None:
        """Make the last norms, and what sums the layers."""
        super().set_output(out_indices, out_type, norm_cfg, final_norm)
        count = len(self.out_indices)
        self.proj_layers = nn.ModuleList(
            nn.Linear(self.embed_dims, self.embed_dims) for _ in range(count - 1)
        )
        self.proj_weights = nn.Parameter(torch.ones(count, 1, 1, 1), requires_grad=count > 1)

    def forward(self, x: Tensor, mask: bool | None = True) -> tuple[Any, ...]:
        """Run images (B, 3, H, W) as :class:`MAEViT`; with a mask, return the weights of the layers too."""
        outs = super().forward(x, mask)
        return (*outs, self.layer_weights().flatten()) if mask else outs

    def layer_weights(self) -> Tensor:
        """How much each layer counts, (number of layers, 1, 1, 1)."""
        return self.proj_weights.softmax(dim=0)

    def encode_last(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """Run tokens (B, N, C) through all layers, sum some, and normalise."""
        projections = dict(zip(self.out_indices, [*self.proj_layers, nn.Identity()]))
        summed = []
        for i, layer in enumerate(self.layers):
            x = self.run(layer, x, *self.layer_inputs(hw))
            if i in projections:
                summed.append(projections[i](x))
        fused = (torch.stack(summed) * self.layer_weights()).sum(dim=0)
        return self.ln1(fused) if self.final_norm else fused


@MODELS.register_module()
class MFF(MAE):
    """MAE with features of several layers (`MFF <https://arxiv.org/abs/2308.00442>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W), and for the log the weight of each layer."""
        need_hidden(self.backbone)
        latent, mask, restore, weights = self.backbone(inputs)
        loss = self.head.loss(self.neck(latent, restore), inputs, mask)
        return {"loss": loss, **{f"weight_{i}": weight for i, weight in enumerate(weights)}}
