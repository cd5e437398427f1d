"""MixMIM (MixMAE): https://arxiv.org/abs/2205.13137."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import DataError
from mmpretrain.models.backbones.mixmim import MixMIMTransformer
from mmpretrain.models.init import has_pretrained
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding, resize_pos_embed
from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import check_mask_ratio, need_hidden
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MixMIMPretrainTransformer(MixMIMTransformer):
    """MixMIM's transformer that sees two images mixed patch by patch.

    From `Mixed and Masked Image Modeling for Efficient Visual Representation Learning
    <https://arxiv.org/abs/2205.13137>`_. Positions are fixed sines and cosines.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`MixMIMTransformer`.
        mlp_ratio: Width of the feed-forward networks, relative to the number of channels.
        img_size: The usual size of images.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        window_size: Side of a window, by stage.
        qkv_bias: Give queries, keys and values a bias.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        norm_cfg: The normalisation.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        attn_drop_rate: Dropout rate of the attention weights.
        use_checkpoint: Another name of ``with_cp``.
        mask_ratio: Part of an image that comes from the other one.
        range_mask_ratio: Up to so much is added to it at random.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        mlp_ratio: float = 4,
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: Sequence[int] = (14, 14, 14, 7),
        qkv_bias: bool = True,
        patch_cfg: Mapping[str, Any] = {},
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        use_checkpoint: bool = False,
        mask_ratio: float = 0.5,
        range_mask_ratio: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            mlp_ratio=mlp_ratio,
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            window_size=window_size,
            qkv_bias=qkv_bias,
            patch_cfg=patch_cfg,
            norm_cfg=norm_cfg,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            attn_drop_rate=attn_drop_rate,
            use_checkpoint=use_checkpoint,
            init_cfg=init_cfg,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        reduction = 2 ** (self.num_layers - 1)
        height, width = (size // reduction for size in self.patch_resolution)
        self.mask_ratio = check_mask_ratio(mask_ratio, height * width)
        check_mask_ratio(mask_ratio + range_mask_ratio, height * width)
        self.range_mask_ratio = range_mask_ratio
        self.freeze_declared(__class__)

    def init_weights(self) -> None:
        """Start with Xavier's linear layers and fixed positions."""
        super().init_weights()
        if has_pretrained(self.init_cfg):
            return
        positions = build_2d_sincos_position_embedding(self.patch_resolution, self.embed_dims)
        self.absolute_pos_embed.data.copy_(positions)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def random_masking(self, x: Tensor, mask_ratio: float = 0.5) -> tuple[Tensor, ...]:
        """Choose which patches of images (B, 3, H, W) come from another image, alike in all of them.

        Returns:
            For each stage, a mask (1, h * w, 1): 1 where a position comes from the other image.
        """
        stages = self.num_layers
        stride = self.patch_embed.projection.stride[0] * 2 ** (stages - 1)
        if x.shape[2] % stride or x.shape[3] % stride:
            raise DataError(
                f"MixMIM takes images whose edges are multiples of {stride}, got {x.shape[2]} x {x.shape[3]}",
                where="train_dataloader.dataset.pipeline",
            )
        height, width = x.shape[2] // stride, x.shape[3] // stride
        mask_ratio += random.uniform(0.0, self.range_mask_ratio)
        order = torch.rand(1, 1, height * width, device=x.device).argsort(dim=2)
        mask = x.new_zeros(1, 1, height * width)
        mask.scatter_(2, order[:, :, : int(height * width * mask_ratio)], 1)
        mask = mask.unflatten(2, (height, width))
        scales = [2 ** (stages - 1 - i) for i in range(stages)]
        maps = (F.interpolate(mask, size=(height * k, width * k), mode="nearest") for k in scales)
        return tuple(scaled.reshape(1, -1, 1) for scaled in maps)

    def forward(self, x: Tensor, mask: bool | None = True) -> tuple[Tensor, ...]:
        """Run images (B, 3, H, W).

        Args:
            x: The images; the batch in reverse order is mixed into them.
            mask: Mix. Otherwise, this is a :class:`MixMIMTransformer`.

        Returns:
            Normalised tokens (B, h * w, C) of the last stage, and the mask (1, h * w, 1), 1 where they come
            from the other image.
        """
        if not mask:
            return super().forward(x)
        masks = self.random_masking(x, self.mask_ratio)
        patches, hw = self.patch_embed(x)
        patches = patches * (1 - masks[0]) + patches.flip(0) * masks[0]
        positions = resize_pos_embed(self.absolute_pos_embed, self.patch_resolution, hw, num_extra_tokens=0)
        tokens = self.encode(self.drop_after_pos(patches + positions), hw, masks)
        return self.norm(tokens), masks[-1]


@MODELS.register_module()
class MixMIM(MaskedAutoencoder):
    """Predict both of two mixed images (`MixMIM <https://arxiv.org/abs/2205.13137>`_).

    Args:
        backbone: From mixed images to tokens.
        neck: From tokens to pixels.
        head: Computes the loss; its ``patch_size`` is the ``encoder_stride`` of the neck.
        pretrained: Checkpoint to initialise from.
        data_preprocessor: By default a ``SelfSupDataPreprocessor``.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    required = ("neck", "head")

    def __init__(
        self,
        backbone: dict | nn.Module,
        neck: dict | nn.Module | None = None,
        head: dict | nn.Module | None = None,
        pretrained: str | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        if isinstance(head, Mapping) and isinstance(neck, Mapping) and "encoder_stride" in neck:
            head = {**head, "patch_size": neck["encoder_stride"]}
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            pretrained=pretrained,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            freeze=freeze,
        )

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the loss of images (B, C, H, W)."""
        if not self.backbone.range_mask_ratio:
            need_hidden(self.backbone)
        latent, mask = self.backbone(inputs)
        return {"loss": self.head.loss(self.neck(latent, mask), inputs, mask)}
