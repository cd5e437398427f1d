"""HiViT: https://arxiv.org/abs/2205.14949."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import DataError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.attention import MultiheadAttention
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.position_embed import fit_pos_embed
from mmpretrain.models.layers.relative_position import relative_position_index, resize_bias_tables
from mmpretrain.models.layers.shape import to_2tuple, to_image
from mmpretrain.models.layers.window_attention import WindowMSA
from mmpretrain.registry import MODELS

HW = tuple[int, int]


class Mlp(nn.Module):
    """A feed-forward network.

    Args:
        channels: Number of channels in and out.
        hidden_channels: Number of hidden channels.
        drop: Dropout rate of the output.
    """

    def __init__(self, channels: int, hidden_channels: int, drop: float = 0.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden_channels)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_channels, channels)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (..., C)."""
        return self.drop(self.fc2(self.act(self.fc1(x))))


@configurable
class HiViTBlock(BaseModule):
    """A feed-forward network with a residual connection, after attention in the main stage.

    Args:
        dim: Number of channels C.
        mlp_ratio: Width of the feed-forward network, relative to C.
        attn: The attention, or None.
        drop: Dropout rate after the feed-forward network.
        drop_path: Stochastic-depth rate of the branches.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        norm: The normalisation.
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float = 4.0,
        attn: nn.Module | None = None,
        drop: float = 0.0,
        drop_path: float = 0.0,
        layer_scale_init_value: float = 0.0,
        norm: Norm = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.norm1 = None if attn is None else norm(dim)
        self.attn = attn
        self.norm2 = norm(dim)
        self.mlp = Mlp(dim, int(dim * mlp_ratio), drop)
        self.drop_path = DropPath(drop_path)
        scale = torch.full((dim,), layer_scale_init_value)
        scaled = layer_scale_init_value > 0
        self.gamma_1 = nn.Parameter(scale) if scaled and attn is not None else None
        self.gamma_2 = nn.Parameter(scale.clone()) if scaled else None

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x``, tokens (B, N, C) or parts of patches (B, N, p, p, C)."""
        if self.attn is not None and self.norm1 is not None:
            x = x + self.branch(self.attn(self.norm1(x)), self.gamma_1)
        return x + self.branch(self.mlp(self.norm2(x)), self.gamma_2)

    def branch(self, x: Tensor, gamma: Tensor | None) -> Tensor:
        """Scale and drop what is added to the residual."""
        return self.drop_path(x if gamma is None else gamma * x)


@configurable
class InnerPatchEmbed(nn.Module):
    """Embed patches in parts, so that the parts of a patch stay together.

    Args:
        patch_size: Size of a patch.
        inner_patches: Number p of parts of a patch along each side.
        in_channels: Number of channels of an image.
        embed_dims: Number of channels of a part.
        norm: Normalisation of the parts, or None.
        kernel_size: Kernel size of the convolution; by default the size of a part.
        padding: Its padding.
    """

    def __init__(
        self,
        patch_size: int | Sequence[int],
        inner_patches: int,
        in_channels: int,
        embed_dims: int,
        norm: Norm | None = None,
        kernel_size: int | Sequence[int] | None = None,
        padding: int | Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.inner_patches = inner_patches
        height, width = to_2tuple(patch_size)
        part = (height // inner_patches, width // inner_patches)
        kernel = part if kernel_size is None else to_2tuple(kernel_size)
        self.proj = nn.Conv2d(in_channels, embed_dims, kernel, stride=part, padding=to_2tuple(padding or 0))
        self.norm = None if norm is None else norm(embed_dims)

    def forward(self, x: Tensor) -> tuple[Tensor, HW]:
        """Parts (B, h * w, p, p, C) of the patches of images, and the grid (h, w) of patches."""
        x = self.proj(x)
        size = self.inner_patches
        hw = (x.shape[2] // size, x.shape[3] // size)
        x = x.unflatten(3, (hw[1], size)).unflatten(2, (hw[0], size))  # (B, C, h, p, w, p)
        x = x.permute(0, 2, 4, 3, 5, 1).flatten(1, 2)
        return x if self.norm is None else self.norm(x), hw


@configurable
class PatchMerge(nn.Module):
    """Merge 2 x 2 parts of a patch to one with twice the channels.

    Args:
        dim: Number of channels C.
        norm: The normalisation of the four.
    """

    def __init__(self, dim: int, norm: Norm) -> None:
        super().__init__()
        self.norm = norm(dim * 4)
        self.reduction = nn.Linear(dim * 4, dim * 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Merge parts (B, N, p, p, C)."""
        corners = [x[..., row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, dim=-1)))


@MODELS.register_module()
class HiViT(BaseBackbone):
    """HiViT (`A Simpler and More Efficient Design of Hierarchical Vision Transformer
    <https://arxiv.org/abs/2205.14949>`_).

    The first stages work on parts of patches and have no attention, so that hidden patches cost nothing.

    ======== ========== ======== =========
    arch     embed_dims depths   num_heads
    ======== ========== ======== =========
    t, tiny  384        1, 1, 10 6
    s, small 384        2, 2, 20 6
    b, base  512        2, 2, 24 8
    l, large 768        2, 2, 40 12
    ======== ========== ======== =========

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths`` and ``num_heads``.
        img_size: The usual size of images; with relative positions, others are not accepted.
        patch_size: Size of a patch.
        inner_patches: Number of parts of a patch along each side.
        in_chans: Number of channels of an image.
        stem_mlp_ratio: Width of the feed-forward networks of the first stages.
        mlp_ratio: Width of those of the main stage.
        qkv_bias: Give queries, keys and values a bias.
        qk_scale: Scale of the products of queries and keys.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        norm_cfg: The normalisation.
        out_indices: Blocks of the main stage whose map (B, C, h, w) is returned.
        ape: Add position embeddings.
        rpe: Have biases by relative position.
        patch_norm: Normalise the embedded parts.
        kernel_size: Kernel size of the embedding; by default the size of a part.
        pad_size: Padding of the embedding.
        layer_scale_init_value: Start value of the scales of the branches; 0 for none.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "tiny"): dict(embed_dims=384, depths=[1, 1, 10], num_heads=6),
        ("s", "small"): dict(embed_dims=384, depths=[2, 2, 20], num_heads=6),
        ("b", "base"): dict(embed_dims=512, depths=[2, 2, 24], num_heads=8),
        ("l", "large"): dict(embed_dims=768, depths=[2, 2, 40], num_heads=12),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        inner_patches: int = 4,
        in_chans: int = 3,
        stem_mlp_ratio: float = 3.0,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        out_indices: int | Sequence[int] = -1,
        ape: bool = True,
        rpe: bool = False,
        patch_norm: bool = True,
        frozen_stages: int = -1,
        kernel_size: int | Sequence[int] | None = None,
        pad_size: int | Sequence[int] | None = None,
        layer_scale_init_value: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.get_arch(arch)
        self.embed_dims: int = settings["embed_dims"]
        *stem_depths, self.num_main_blocks = settings["depths"]
        self.out_indices = self.take_indices(out_indices, self.num_main_blocks)
        self.patch_size = patch_size
        height, width = (size // patch_size for size in to_2tuple(img_size))
        self.patch_resolution = (height, width)
        dim = self.embed_dims // 2 ** len(stem_depths)
        self.patch_embed = InnerPatchEmbed(
            patch_size, inner_patches, in_chans, dim, norm if patch_norm else None, kernel_size, pad_size
        )
        self.pos_embed = nn.Parameter(torch.zeros(1, height * width, self.embed_dims)) if ape else None
        if rpe:
            self.register_buffer("relative_position_index", relative_position_index((height, width)))
        self.pos_drop = nn.Dropout(drop_rate)
        common = {
            "drop": drop_rate,
            "norm": norm,
            "layer_scale_init_value": layer_scale_init_value,
        }
        attn = {
            "embed_dims": self.embed_dims,
            "num_heads": settings["num_heads"],
            "qkv_bias": qkv_bias,
            "qk_scale": qk_scale,
            "attn_drop": attn_drop_rate,
            "proj_drop": drop_rate,
        }
        rates = iter(drop_path_rates(drop_path_rate, 2 * sum(stem_depths) + self.num_main_blocks))
        self.blocks = ModuleList()
        for depth in stem_depths:
            for _ in range(2 * depth):
                self.blocks.append(HiViTBlock(dim, stem_mlp_ratio, drop_path=next(rates), **common))
            self.blocks.append(PatchMerge(dim, norm))
            dim *= 2
        for _ in range(self.num_main_blocks):
            attention = WindowMSA(window_size=(height, width), **attn) if rpe else MultiheadAttention(**attn)
            self.blocks.append(HiViTBlock(dim, mlp_ratio, attention, drop_path=next(rates), **common))
        self.register_load_state_dict_pre_hook(_fit_checkpoint)
        self.freeze_declared(__class__)

    def init_weights(self) -> None:
        """Start with truncated normal linear layers."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        self.init_embedding()
        super().init_weights()

    def init_embedding(self) -> None:
        """Start with small random position embeddings."""
        if self.pos_embed is not None:
            nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each block or merging of parts."""
        return [["patch_embed", "pos_embed", "pos_drop"], *([f"blocks.{i}"] for i in range(len(self.blocks)))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (B, C, h, w) of the blocks in ``out_indices`` for images (B, 3, H, W)."""
        tokens, hw = self.embed(x)
        return tuple(to_image(out, hw).contiguous() for out in self.encode(tokens))

    def embed(self, x: Tensor) -> tuple[Tensor, HW]:
        """Make tokens (B, h * w, C) of images by the first stages, and their grid (h, w)."""
        parts, hw = self.patch_embed(x)
        if "relative_position_index" in self._buffers and tuple(hw) != self.patch_resolution:
            raise DataError(
                f"{type(self).__name__} with rpe=True takes images of {self.patch_resolution} patches, "
                f"and gets {tuple(hw)}",
                hint="Resize the images, or set img_size in model.backbone.",
            )
        tokens = self.merge_parts(parts)
        if self.pos_embed is not None:
            tokens = tokens + self.pos_embed_for(hw)
        return self.pos_drop(tokens), hw

    def pos_embed_for(self, hw: HW, interpolated: bool = False) -> Tensor:
        """The position embeddings (1, h * w, C) for a grid of patches.

        Args:
            hw: The grid.
            interpolated: Interpolate for the usual grid too, which moves the positions a little; see
                :func:`stretched_grid`.
        """
        assert self.pos_embed is not None
        if tuple(hw) == tuple(self.patch_resolution) and not interpolated:
            return self.pos_embed
        return stretched_grid(self.pos_embed, self.patch_resolution, hw)

    def merge_parts(self, x: Tensor) -> Tensor:
        """Run the parts (B, N, p, p, c) of patches through the first stages, to tokens (B, N, C)."""
        for block in list(self.blocks)[: -self.num_main_blocks]:
            x = self.run(block, x)
        return x[..., 0, 0, :]

    def encode(self, x: Tensor) -> list[Tensor]:
        """Run tokens (B, N, C) through the main stage; return what the ``out_indices`` put out."""
        outs = []
        for i, block in enumerate(list(self.blocks)[-self.num_main_blocks :]):
            x = self.run(block, x)
            if i in self.out_indices:
                outs.append(x)
        return outs


def stretched_grid(pos_embed: Tensor, source: HW, target: HW) -> Tensor:
    """Interpolate position embeddings (1, H * W, C) for a grid (h, w), scaled by (h + 0.1) / H as in 1.x."""
    grid = pos_embed.unflatten(1, source).permute(0, 3, 1, 2)
    scale = [(size + 0.1) / old for size, old in zip(target, source)]
    return F.interpolate(grid.float(), scale_factor=scale, mode="bicubic").to(grid.dtype).flatten(2).mT


def _fit_checkpoint(module: HiViT, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a checkpoint is loaded, make its positions fit the model's image size."""
    fit_pos_embed(state_dict, f"{prefix}pos_embed", module.pos_embed, module.patch_resolution, "bicubic", 0)
    resize_bias_tables(module, state_dict, prefix)
    buffer = getattr(module, "relative_position_index", None)
    if buffer is not None:
        state_dict[f"{prefix}relative_position_index"] = buffer
