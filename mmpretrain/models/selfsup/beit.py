"""BEiT (https://arxiv.org/abs/2106.08254) and BEiT v2 (https://arxiv.org/abs/2208.06366)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base_transformer import OutType
from mmpretrain.models.backbones.beit import BEiTViT
from mmpretrain.models.init import has_pretrained
from mmpretrain.models.selfsup.mae import MaskedAutoencoder
from mmpretrain.models.selfsup.masking import replace_hidden, stack_masks
from mmpretrain.models.selfsup.vqkd import VQKD
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

__all__ = ["VQKD", "BEiT", "BEiTPretrainViT"]


@MODELS.register_module()
class BEiTPretrainViT(BEiTViT):
    """BEiT's transformer that sees a learnable token in the place of hidden patches.

    From `BEiT: BERT Pre-Training of Image Transformers <https://arxiv.org/abs/2106.08254>`_.

    Args:
        arch: A name in ``arch_settings``, or a dict; see :class:`BEiTViT`.
        img_size: Size of images.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        out_indices: Layers whose output is returned; negative indices count from the end.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        final_norm: Normalise the output of the last layer.
        out_type: What is returned when nothing is masked; see :class:`BEiTViT`.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        use_abs_pos_emb: Add position embeddings.
        use_rel_pos_bias: Have a table of biases by relative position in each layer.
        use_shared_rel_pos_bias: Have one such table for all layers.
        layer_scale_init_value: Start value of the layer scales; None or 0 for none.
        interpolate_mode: How position embeddings are interpolated for other image sizes.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        layer_cfgs: Further arguments of the layers, for all or one by one.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        final_norm: bool = True,
        out_type: OutType = "raw",
        frozen_stages: int = -1,
        use_abs_pos_emb: bool = False,
        use_rel_pos_bias: bool = False,
        use_shared_rel_pos_bias: bool = True,
        layer_scale_init_value: float | None = 0.1,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = {"padding": 0},
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_type=out_type,
            frozen_stages=frozen_stages,
            use_abs_pos_emb=use_abs_pos_emb,
            use_rel_pos_bias=use_rel_pos_bias,
            use_shared_rel_pos_bias=use_shared_rel_pos_bias,
            interpolate_mode=interpolate_mode,
            layer_scale_init_value=layer_scale_init_value or 0.0,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            init_cfg=init_cfg,
            norm_eval=norm_eval,
            with_cp=with_cp,
            freeze=freeze,
        )
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.freeze_declared(__class__)

    def init_embedding(self) -> None:
        """Start with small random positions and tokens."""
        super().init_embedding()
        for token in (self.cls_token, self.mask_token):
            if token is not None:
                nn.init.trunc_normal_(token, std=0.02)

    def init_weights(self) -> None:
        """Start with smaller weights the deeper a layer is."""
        super().init_weights()
        if has_pretrained(self.init_cfg):
            return
        with torch.no_grad():
            layers: Any = self.layers
            for i, layer in enumerate(layers):
                for weight in (layer.attn.proj.weight, layer.ffn.layers[1].weight):
                    weight.div_((2 * (i + 1)) ** 0.5)

    def shared_bias(self) -> Tensor | None:
        """The bias (num_heads, N, N) of the attention that layers share, if there is one."""
        return None if self.rel_pos_bias is None else self.rel_pos_bias()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """Run images (B, 3, H, W).

        Args:
            x: The images.
            mask: 1 where patches are hidden, (B, h, w). Without it, this is a :class:`BEiTViT`.

        Returns:
            With a mask, the class token and the patches (B, 1 + L, C) of the layers in ``out_indices``.
        """
        if mask is None:
            return super().forward(x)
        patches, hw = self.patch_embed(x)
        patches = replace_hidden(patches, mask, self.mask_token)
        return tuple(self.encode(self.add_tokens(patches, hw), hw))


@MODELS.register_module()
class BEiT(MaskedAutoencoder):
    """Predict the visual tokens of hidden patches (`BEiT <https://arxiv.org/abs/2106.08254>`_).

    With a neck, the tokens are predicted a second time from features of an early layer, as in `BEiT v2
    <https://arxiv.org/abs/2208.06366>`_. Its arguments are those of :class:`BaseSelfSupervisor`.
    """

    required = ("head", "target_generator")

    def loss(self, inputs: Sequence[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses.

        Args:
            inputs: Images for the backbone, and the same images for the tokenizer.
            data_samples: Their masks (h, w).
        """
        images, pictures = self.views_of(inputs, 2)
        mask = stack_masks(data_samples)
        latent = self.backbone(images, mask)
        with torch.no_grad():
            target = self.target_generator(pictures)
        if not self.with_neck:
            return {"loss": self.head.loss(latent[0], target, mask)}
        feats, feats_cls = self.neck(latent, rel_pos_bias=self.backbone.shared_bias())
        patches, from_class = self.head.loss(feats, feats_cls, target, mask)
        return {"loss_1": patches, "loss_2": from_class}
