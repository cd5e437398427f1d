"""The tokenizer of BEiT v2: https://arxiv.org/abs/2208.06366."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.beit import BEiTViT
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.quantizer import NormEMAVectorQuantizer
from mmpretrain.registry import MODELS


@MODELS.register_module()
class VQKD(BaseModule):
    """Turns images into tokens: a transformer and a codebook, learned by distilling CLIP or DINO.

    From `BEiT v2: Masked Image Modeling with Vector-Quantized Visual Tokenizers
    <https://arxiv.org/abs/2208.06366>`_. As a target generator it is in evaluation mode, so that its codebook
    stays as it is.

    Args:
        encoder_config: Arguments of the :class:`BEiTViT` that encodes; it must return a ``'featmap'``.
        decoder_config: Arguments of the one that decodes; needed to train the tokenizer only.
        num_embed: Number of tokens.
        embed_dims: Number of channels of a code.
        decay: How much of the old codes stays in a step of training.
        beta: Weight of the loss that draws features to codes.
        quantize_kmeans_init: Take the codes from the first batch.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        encoder_config: Mapping[str, Any],
        decoder_config: Mapping[str, Any] | None = None,
        num_embed: int = 8192,
        embed_dims: int = 32,
        decay: float = 0.99,
        beta: float = 1.0,
        quantize_kmeans_init: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.encoder = BEiTViT(**encoder_config)
        if decoder_config is not None:
            self.decoder = BEiTViT(**decoder_config)
        self.quantize = NormEMAVectorQuantizer(
            num_embed, embed_dims, beta=beta, decay=decay, kmeans_init=quantize_kmeans_init
        )
        width = self.encoder.embed_dims
        self.encode_task_layer = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, embed_dims)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (B, D, h, w) of images (B, 3, H, W), their numbers (B * h * w,), and the loss."""
        features = self.encoder(x)[0]
        with torch.autocast(x.device.type, enabled=False):
            weight = self.encode_task_layer[-1].weight
            features = self.encode_task_layer(features.movedim(1, -1).to(weight.dtype))
        quantized, loss, tokens = self.quantize(features.movedim(-1, 1))
        return quantized, tokens, loss

    def get_tokens(self, x: Tensor) -> dict[str, Tensor]:
        """The tokens (B, h * w) of images (B, 3, H, W) as ``'token'``, the images as ``'input_img'``."""
        return {"token": self.encode(x)[1].view(len(x), -1), "input_img": x}

    def forward(self, x: Tensor) -> Tensor:
        """The tokens (B, h * w) of images (B, 3, H, W)."""
        return self.get_tokens(x)["token"]
