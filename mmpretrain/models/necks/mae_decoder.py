"""Transformer decoders of masked image modelling.

Shapes: B images, L patches of an image, K visible ones, C channels of the backbone, D of the decoder, P of a
prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.attention import MultiheadAttention, split_heads
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.encoder_layer import TransformerEncoderLayer
from mmpretrain.models.layers.position_embed import build_2d_sincos_position_embedding, check_patches
from mmpretrain.registry import MODELS

LN: Mapping[str, Any] = {"type": "LN", "eps": 1e-6}


def square_side(num_patches: int) -> int:
    """Number of patches along each side of a square image.

    Raises:
        ArgumentError: If that is no whole number.
    """
    if isqrt(num_patches) ** 2 != num_patches:
        raise ArgumentError(
            f"num_patches={num_patches} patches make no square image",
            hint="It is (img_size / patch_size) ** 2, such as 196 for images of 224 and patches of 16.",
            key="num_patches",
        )
    return isqrt(num_patches)


def restore_order(visible: Tensor, token: Tensor, ids_restore: Tensor) -> Tensor:
    """Put visible patches (B, K, D) in their places, and ``token`` (1, 1, D) in all others, (B, L, D)."""
    hidden = token.expand(len(visible), ids_restore.shape[1] - visible.shape[1], -1)
    patches = torch.cat((visible, hidden), dim=1)
    return patches.gather(1, ids_restore.unsqueeze(-1).expand(-1, -1, patches.shape[-1]))


@MODELS.register_module()
class MAEPretrainDecoder(BaseModule):
    """Predicts patches from visible ones (`MAE <https://arxiv.org/abs/2111.06377>`_).

    Args:
        num_patches: Number L of patches of an image.
        patch_size: Edge of a patch.
        in_chans: Number of channels of an image.
        embed_dim: Number of channels C of the backbone.
        decoder_embed_dim: Number of channels D of the decoder.
        decoder_depth: Number of layers.
        decoder_num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward networks, relative to D.
        norm_cfg: The normalisation.
        predict_feature_dim: Number P of predictions for a patch; by default its pixels.
        init_cfg: How the weights are initialised.
    """

    layer_type: type[nn.Module] = TransformerEncoderLayer
    #: Whether a class token comes before the patches.
    with_cls_token = True

    def __init__(
        self,
        num_patches: int = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 1024,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4,
        norm_cfg: Mapping[str, Any] = LN,
        predict_feature_dim: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        square_side(num_patches)
        self.num_patches = num_patches
        self.decoder_embed = nn.Linear(embed_dim, decoder_embed_dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder_embed_dim))
        positions = torch.zeros(1, num_patches + self.with_cls_token, decoder_embed_dim)
        self.decoder_pos_embed = nn.Parameter(positions, requires_grad=False)
        hidden = int(mlp_ratio * decoder_embed_dim)
        self.decoder_blocks = nn.ModuleList(
            self.layer_type(decoder_embed_dim, decoder_num_heads, hidden, norm=norm)
            for _ in range(decoder_depth)
        )
        self.ln1 = norm(decoder_embed_dim)
        pixels = patch_size**2 * in_chans
        self.decoder_pred = nn.Linear(decoder_embed_dim, predict_feature_dim or pixels)

    def init_weights(self) -> None:
        """Start with fixed positions and a small token."""
        nn.init.normal_(self.mask_token, std=0.02)
        positions = build_2d_sincos_position_embedding(
            square_side(self.num_patches), self.mask_token.shape[-1], cls_token=self.with_cls_token
        )
        self.decoder_pos_embed.data.copy_(positions)
        super().init_weights()

    def forward(self, x: Tensor, ids_restore: Tensor) -> Tensor:
        """Predict all patches.

        Args:
            x: The class token and visible patches, (B, 1 + K, C).
            ids_restore: Where each patch is in "the visible ones, then the hidden ones", (B, L).

        Returns:
            Predictions (B, L, P).
        """
        x = self.all_tokens(x, ids_restore)
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.ln1(x))[:, 1:]

    def all_tokens(self, x: Tensor, ids_restore: Tensor) -> Tensor:
        """The class token and all patches (B, 1 + L, D) with their positions; arguments as in ``forward``."""
        check_patches(ids_restore.shape[1], self.decoder_pos_embed.shape[1] - 1, "neck")
        x = self.decoder_embed(x)
        patches = restore_order(x[:, 1:], self.mask_token, ids_restore)
        return torch.cat((x[:, :1], patches), dim=1) + self.decoder_pos_embed


@MODELS.register_module()
class MixMIMPretrainDecoder(MAEPretrainDecoder):
    """Predicts the patches of two mixed images (`MixMIM <https://arxiv.org/abs/2205.13137>`_).

    Args:
        num_patches: Number L of tokens of the backbone.
        patch_size, in_chans: Not used; ``encoder_stride`` says how large a patch is.
        embed_dim: Number of channels C of the backbone.
        encoder_stride: Edge of the patch that a token stands for.
        decoder_embed_dim: Number of channels D of the decoder.
        decoder_depth: Number of layers.
        decoder_num_heads: Number of attention heads.
        mlp_ratio: Width of the feed-forward networks, relative to D.
        norm_cfg: The normalisation.
        init_cfg: How the weights are initialised.
    """

    with_cls_token = False

    def __init__(
        self,
        num_patches: int = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 1024,
        encoder_stride: int = 32,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        mlp_ratio: float = 4,
        norm_cfg: Mapping[str, Any] = LN,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            num_patches=num_patches,
            embed_dim=embed_dim,
            decoder_embed_dim=decoder_embed_dim,
            decoder_depth=decoder_depth,
            decoder_num_heads=decoder_num_heads,
            mlp_ratio=mlp_ratio,
            norm_cfg=norm_cfg,
            predict_feature_dim=encoder_stride**2 * 3,
            init_cfg=init_cfg,
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Predict both images.

        Args:
            x: Tokens of mixed images, (B, L, C).
            mask: 1 where they come from the other image, (1, L, 1).

        Returns:
            Predictions (2 * B, L, P): of the images, then of those mixed into them.
        """
        check_patches(x.shape[1], self.decoder_pos_embed.shape[1], "neck")
        x = self.decoder_embed(x)
        own = x * (1 - mask) + self.mask_token * mask
        other = x * mask + self.mask_token * (1 - mask)
        x = torch.cat((own, other)) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.ln1(x))


class PromptMultiheadAttention(MultiheadAttention):
    """Attention of hidden tokens to visible ones and to each other.

    Args:
        embed_dims: Number of channels D.
        num_heads: Number of heads.
        **kwargs: Arguments of :class:`MultiheadAttention`.
    """

    def __init__(self, embed_dims: int, num_heads: int, **kwargs: Any) -> None:
        super().__init__(embed_dims, num_heads, **kwargs)
        with_bias = self.qkv.bias is not None
        del self.qkv
        self.q = nn.Linear(embed_dims, embed_dims, bias=with_bias)
        self.kv = nn.Linear(embed_dims, embed_dims * 2, bias=with_bias)

    def forward(  # type: ignore[override]
        self, x: Tensor, visible_tokens: Tensor, ids_restore: Tensor | None = None
    ) -> Tensor:
        """Mix visible tokens (B, V, D) and hidden ones into the hidden tokens ``x`` (B, M, D).

        ``ids_restore`` is an argument of 1.x; the order of the tokens does not change the result.
        """
        (q,) = split_heads(self.q(x), 1, self.num_heads)
        k, v = split_heads(self.kv(torch.cat((visible_tokens, x), dim=1)), 2, self.num_heads)
        return self.project(self.attend(q, k, v))


@configurable
class PromptTransformerEncoderLayer(TransformerEncoderLayer):
    """A :class:`TransformerEncoderLayer` that changes the hidden tokens only.

    As in 1.x, the visible tokens come to the attention without a norm. The arguments are those of
    :class:`TransformerEncoderLayer`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            embed_dims, num_heads, feedforward_channels, drop_rate=drop_rate, drop_path_rate=drop_path_rate,
            num_fcs=num_fcs, act=act, norm=norm, init_cfg=init_cfg,
        )  # fmt: skip
        self.attn = PromptMultiheadAttention(
            embed_dims, num_heads, attn_drop=attn_drop_rate, proj_drop=drop_rate, drop_path=drop_path_rate,
            qkv_bias=qkv_bias,
        )  # fmt: skip

    def forward(  # type: ignore[override]
        self, x: Tensor, visible_tokens: Tensor, ids_restore: Tensor | None = None
    ) -> Tensor:
        """Transform hidden tokens (B, M, D), which see visible ones (B, V, D) and each other."""
        x = x + self.attn(self.ln1(x), visible_tokens)
        return self.ffn(self.ln2(x), identity=x)


@MODELS.register_module()
class MILANPretrainDecoder(MAEPretrainDecoder):
    """Predicts features of all patches; visible ones stay (`MILAN <https://arxiv.org/abs/2208.06049>`_).

    Args:
        num_patches: Number L of patches of an image.
        patch_size, in_chans: Not used; ``predict_feature_dim`` says what is predicted.
        embed_dim: Number of channels C of the backbone.
        decoder_embed_dim: Number of channels D of the decoder.
        decoder_depth: Number of layers.
        decoder_num_heads: Number of attention heads.
        predict_feature_dim: Number P of predictions for a patch.
        mlp_ratio: Width of the feed-forward networks, relative to D.
        norm_cfg: The normalisation.
        init_cfg: How the weights are initialised.
    """

    layer_type = PromptTransformerEncoderLayer

    def __init__(
        self,
        num_patches: int = 196,
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 1024,
        decoder_embed_dim: int = 512,
        decoder_depth: int = 8,
        decoder_num_heads: int = 16,
        predict_feature_dim: int = 512,
        mlp_ratio: float = 4,
        norm_cfg: Mapping[str, Any] = LN,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            num_patches=num_patches,
            embed_dim=embed_dim,
            decoder_embed_dim=decoder_embed_dim,
            decoder_depth=decoder_depth,
            decoder_num_heads=decoder_num_heads,
            mlp_ratio=mlp_ratio,
            norm_cfg=norm_cfg,
            predict_feature_dim=predict_feature_dim,
            init_cfg=init_cfg,
        )

    def forward(  # type: ignore[override]
        self, x: Tensor, ids_restore: Tensor, ids_keep: Tensor, ids_dump: Tensor
    ) -> Tensor:
        """Predict the class token and all patches.

        Args:
            x: The class token and visible patches, (B, 1 + K, C).
            ids_restore: Where each patch is in "the visible ones, then the hidden ones", (B, L).
            ids_keep: Numbers of the visible patches, (B, K).
            ids_dump: Numbers of the hidden ones, (B, L - K).

        Returns:
            Predictions (B, 1 + L, P).
        """
        tokens = self.all_tokens(x, ids_restore)

        def at(ids: Tensor) -> Tensor:
            return tokens[:, 1:].gather(1, ids.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))

        visible = torch.cat((tokens[:, :1], at(ids_keep)), dim=1)
        hidden = at(ids_dump)
        for block in self.decoder_blocks:
            hidden = block(hidden, visible)
        patches = torch.cat((visible[:, 1:], hidden), dim=1)
        patches = patches.gather(1, ids_restore.unsqueeze(-1).expand(-1, -1, patches.shape[-1]))
        return self.decoder_pred(self.ln1(torch.cat((visible[:, :1], patches), dim=1)))
