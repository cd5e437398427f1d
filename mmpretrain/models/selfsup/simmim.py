"""SimMIM: https://arxiv.org/abs/2111.09886."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.swin_transformer import SwinTransformer
from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import replace_hidden, stack_masks
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class SimMIMSwinTransformer(SwinTransformer):
    """Swin Transformer that sees a learnable token in the place of hidden patches.

    From `SimMIM: A Simple Framework for Masked Image Modeling <https://arxiv.org/abs/2111.09886>`_.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`SwinTransformer`.
        img_size: The usual size of images; other sizes work too.
        in_channels: Number of channels of an image.
        drop_rate: Dropout rate of the embedded tokens.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Stages whose output is returned.
        use_abs_pos_embed: Add learnable position embeddings.
        with_cp, frozen_stages, norm_eval, freeze: See :class:`BaseBackbone`.
        norm_cfg: Normalisation of the outputs.
        stage_cfgs: Further arguments of the stages, for all or one by one.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        pad_small_map: Pad maps smaller than a window.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "T",
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: int | Sequence[int] = (3,),
        use_abs_pos_embed: bool = False,
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        norm_cfg: Mapping[str, Any] | None = {"type": "LN"},
        stage_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        patch_cfg: Mapping[str, Any] = {},
        pad_small_map: bool = False,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            in_channels=in_channels,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            use_abs_pos_embed=use_abs_pos_embed,
            with_cp=with_cp,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            pad_small_map=pad_small_map,
            norm_cfg=norm_cfg,
            stage_cfgs=stage_cfgs,
            patch_cfg=patch_cfg,
            init_cfg=init_cfg,
            freeze=freeze,
        )
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.freeze_declared(__class__)

    def init_weights(self) -> None:
        """Start with truncated normal linear layers and a small random token."""
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        super().init_weights()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return feature maps (B, C, h, w) of the stages in ``out_indices``.

        Args:
            x: Images (B, 3, H, W).
            mask: 1 where patches are hidden, (B, H / patch, W / patch). Without it, nothing is.
        """
        if mask is None:
            return super().forward(x)
        patches, hw = self.patch_embed(x)
        x = self.add_positions(replace_hidden(patches, mask, self.mask_token), hw)
        outs = self.encode(x, hw)
        return tuple(self.format(*out, i) for i, out in enumerate(outs) if i in self.out_indices)


@MODELS.register_module()
class SimMIM(MaskedAutoencoder):
    """Predict the pixels of hidden patches with a linear layer (`SimMIM <https://arxiv.org/abs/2111.09886>`_).

    Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("neck", "head")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W) whose samples have masks (h, w)."""
        mask = stack_masks(data_samples)
        images = self.neck(self.backbone(inputs, mask)[0])
        return {"loss": self.head.loss(images, inputs, mask)}
