"""MViTv2 (`Improved Multiscale Vision Transformers <https://arxiv.org/abs/2112.01526>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.init import as_list, is_pretrained
from mmpretrain.models.layers.attention import biased_attention, merge_heads, split_heads
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.decomposed_position import decomposed_bias
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.position_embed import resize_pos_embed
from mmpretrain.models.layers.shape import to_image
from mmpretrain.registry import MODELS

HW = tuple[int, int]

# Shapes: B images, H heads, D channels of a head, (h, w) the grid of tokens.


@configurable
class MLP(BaseModule):
    """Two linear layers whose output may be wider than the input.

    Args:
        in_channels: Number of channels in.
        hidden_channels: Number of hidden channels; ``in_channels`` by default.
        out_channels: Number of channels out; ``in_channels`` by default.
        act: The activation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int | None = None,
        out_channels: int | None = None,
        act: Act = nn.GELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden_channels = hidden_channels or in_channels
        self.fc1 = nn.Linear(in_channels, hidden_channels)
        self.act = act()
        self.fc2 = nn.Linear(hidden_channels, out_channels or in_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, C)."""
        return self.fc2(self.act(self.fc1(x)))


def pool_tokens(x: Tensor, pool: nn.Module, hw: HW) -> tuple[Tensor, HW]:
    """Pool tokens (B, h * w, C) of a map; return those of the new map, and its grid."""
    image = pool(to_image(x, hw))
    return image.flatten(2).transpose(1, 2), (image.shape[2], image.shape[3])


@configurable
class MultiScaleAttention(BaseModule):
    """Attention whose queries, keys and values are pooled.

    Args:
        in_dims: Number of channels in.
        out_dims: Number of channels out.
        num_heads: Number of heads.
        qkv_bias: Give queries, keys and values a bias.
        norm: Normalisation after pooling.
        pool_kernel: Kernel size of the pooling convolutions.
        stride_q: Stride of the pooling of queries.
        stride_kv: Stride of the pooling of keys and values.
        rel_pos_spatial: Add a bias by relative position; needs an ``input_size``.
        residual_pooling: Add the pooled queries to the output.
        input_size: The usual grid of the tokens.
        rel_pos_zero_init: Start with zero embeddings of relative positions.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        qkv_bias: bool = True,
        norm: Norm = nn.LayerNorm,
        pool_kernel: Sequence[int] = (3, 3),
        stride_q: int = 1,
        stride_kv: int = 1,
        rel_pos_spatial: bool = False,
        residual_pooling: bool = True,
        input_size: Sequence[int] | None = None,
        rel_pos_zero_init: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.in_dims, self.out_dims = in_dims, out_dims
        dims = out_dims // num_heads
        self.qkv = nn.Linear(in_dims, out_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(out_dims, out_dims)
        kernel = (pool_kernel[0], pool_kernel[1])
        shape: dict[str, Any] = {"padding": (kernel[0] // 2, kernel[1] // 2), "groups": dims, "bias": False}
        for part, stride in {"q": stride_q, "k": stride_kv, "v": stride_kv}.items():
            self.add_module(f"pool_{part}", nn.Conv2d(dims, dims, kernel, stride=stride, **shape))
            self.add_module(f"norm_{part}", norm(dims))
        self.residual_pooling = residual_pooling
        self.rel_pos_spatial = rel_pos_spatial
        self.rel_pos_zero_init = rel_pos_zero_init
        if rel_pos_spatial:
            if input_size is None:
                raise ValueError("rel_pos_spatial=True needs an input_size, got None")
            lengths = [2 * max(size // stride_q, size // stride_kv) - 1 for size in input_size]
            self.rel_pos_h = nn.Parameter(torch.zeros(lengths[0], dims))
            self.rel_pos_w = nn.Parameter(torch.zeros(lengths[1], dims))

    def init_weights(self) -> None:
        """Start with small random embeddings of relative positions."""
        super().init_weights()
        if self.rel_pos_spatial and not self.rel_pos_zero_init:
            nn.init.trunc_normal_(self.rel_pos_h, std=0.02)
            nn.init.trunc_normal_(self.rel_pos_w, std=0.02)

    def forward(self, x: Tensor, hw: HW) -> tuple[Tensor, HW]:
        """Mix tokens (B, h * w, in_dims); return tokens (B, N, out_dims), and their grid."""
        (q, k, v), (q_hw, k_hw, _) = zip(
            *(self.pool(part, t, hw) for part, t in zip("qkv", split_heads(self.qkv(x), 3, self.num_heads)))
        )
        bias = (
            decomposed_bias(q, q_hw, k_hw, self.rel_pos_h, self.rel_pos_w) if self.rel_pos_spatial else None
        )
        out = biased_attention(q, k, v, bias)
        return self.proj(merge_heads(out + q if self.residual_pooling else out)), q_hw

    def pool(self, part: str, x: Tensor, hw: HW) -> tuple[Tensor, HW]:
        """Pool the queries, keys or values (B, H, h * w, D) and normalise them; return their grid, too."""
        tokens, pooled_hw = pool_tokens(x.flatten(0, 1), getattr(self, f"pool_{part}"), hw)
        return getattr(self, f"norm_{part}")(tokens.unflatten(0, (-1, self.num_heads))), pooled_hw


@configurable
class MultiScaleBlock(BaseModule):
    """Attention that may pool the map, and a feed-forward network; one of the two may widen the tokens.

    Args:
        in_dims: Number of channels in.
        out_dims: Number of channels out.
        num_heads: Number of heads.
        mlp_ratio: Width of the feed-forward network, relative to its input.
        qkv_bias: Give queries, keys and values a bias.
        drop_path: Stochastic-depth rate of both branches.
        norm: The normalisation.
        act: The activation.
        qkv_pool_kernel: Kernel size of the pooling convolutions.
        stride_q: Stride of the pooling of queries, and so of the block.
        stride_kv: Stride of the pooling of keys and values.
        rel_pos_spatial: Add a bias by relative position.
        residual_pooling: Add the pooled queries to what attention puts out.
        dim_mul_in_attention: Widen the tokens in the attention, not in the feed-forward network.
        input_size: The usual grid of the tokens.
        rel_pos_zero_init: Start with zero embeddings of relative positions.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_path: float = 0.0,
        norm: Norm = nn.LayerNorm,
        act: Act = nn.GELU,
        qkv_pool_kernel: Sequence[int] = (3, 3),
        stride_q: int = 1,
        stride_kv: int = 1,
        rel_pos_spatial: bool = True,
        residual_pooling: bool = True,
        dim_mul_in_attention: bool = True,
        input_size: Sequence[int] | None = None,
        rel_pos_zero_init: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.widens_in_attention = dim_mul_in_attention
        dims = out_dims if dim_mul_in_attention else in_dims
        self.norm1 = norm(in_dims)
        self.attn = MultiScaleAttention(
            in_dims,
            dims,
            num_heads,
            qkv_bias=qkv_bias,
            norm=norm,
            pool_kernel=qkv_pool_kernel,
            stride_q=stride_q,
            stride_kv=stride_kv,
            rel_pos_spatial=rel_pos_spatial,
            residual_pooling=residual_pooling,
            input_size=input_size,
            rel_pos_zero_init=rel_pos_zero_init,
        )
        self.drop_path = DropPath(drop_path)
        self.norm2 = norm(dims)
        self.mlp = MLP(dims, int(dims * mlp_ratio), out_dims, act)
        self.proj = nn.Linear(in_dims, out_dims) if in_dims != out_dims else None
        self.pool_skip = None
        if stride_q > 1:
            self.pool_skip = nn.MaxPool2d(stride_q + 1, stride_q, (stride_q + 1) // 2)

    def forward(self, x: Tensor, hw: HW) -> tuple[Tensor, HW]:
        """Transform tokens (B, h * w, in_dims); return tokens (B, N, out_dims), and their grid."""
        normed = self.norm1(x)
        attended, out_hw = self.attn(normed, hw)
        skip = self.proj(normed) if self.proj is not None and self.widens_in_attention else x
        if self.pool_skip is not None:
            skip, _ = pool_tokens(skip, self.pool_skip, hw)
        x = skip + self.drop_path(attended)
        normed = self.norm2(x)
        skip = self.proj(normed) if self.proj is not None and not self.widens_in_attention else x
        return skip + self.drop_path(self.mlp(normed)), out_hw


def _arch(embed_dims: int, num_layers: int, num_heads: int, downscale_indices: list[int]) -> dict[str, Any]:
    shape = {"embed_dims": embed_dims, "num_layers": num_layers, "num_heads": num_heads}
    return {**shape, "downscale_indices": downscale_indices}


@MODELS.register_module()
class MViT(BaseBackbone):
    """MViTv2 (`Improved Multiscale Vision Transformers <https://arxiv.org/abs/2112.01526>`_).

    ===== ========== ========== ========= =================
    arch  embed_dims num_layers num_heads downscale_indices
    ===== ========== ========== ========= =================
    tiny  96         10         1         1, 3, 8
    small 96         16         1         1, 3, 14
    base  96         24         1         2, 5, 21
    large 144        48         2         2, 8, 44
    ===== ========== ========== ========= =================

    Args:
        arch: A name in ``arch_settings``, or a dict with its columns; channels and heads are those of the
            first layer, and the layers at ``downscale_indices`` halve the map.
        img_size: The usual size of images; other sizes work too.
        in_channels: Number of channels of an image.
        out_scales: Scales whose map (B, C, h, w) is returned; negative indices count from the end.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        use_abs_pos_embed: Add learnable position embeddings.
        interpolate_mode: How these are interpolated for other image sizes.
        pool_kernel: Kernel size of the pooling convolutions.
        dim_mul: By how much each new scale multiplies the number of channels.
        head_mul: By how much each new scale multiplies the number of heads.
        adaptive_kv_stride: Stride of the pooling of keys and values at the first scale; each new scale halves
            it.
        rel_pos_spatial: Add a bias by relative position.
        residual_pooling: Add the pooled queries to what attention puts out.
        dim_mul_in_attention: Widen the tokens in attentions, not in feed-forward networks.
        rel_pos_zero_init: Start with zero embeddings of relative positions.
        mlp_ratio: Width of the feed-forward networks, relative to their input.
        qkv_bias: Give queries, keys and values a bias.
        norm_cfg: The normalisation.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`; a stage is a scale.

    Example:
        >>> model = MViT('tiny', out_scales=[0, 1, 2, 3])
        >>> [tuple(out.shape) for out in model(torch.rand(1, 3, 224, 224))]
        [(1, 96, 56, 56), (1, 192, 28, 28), (1, 384, 14, 14), (1, 768, 7, 7)]
    """

    output_key = "out_scales"

    arch_settings = {
        "tiny": _arch(96, 10, 1, [1, 3, 8]),
        "small": _arch(96, 16, 1, [1, 3, 14]),
        "base": _arch(96, 24, 1, [2, 5, 21]),
        "large": _arch(144, 48, 2, [2, 8, 44]),
    }
    pos_embed: nn.Parameter | None

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        out_scales: int | Sequence[int] = -1,
        drop_path_rate: float = 0.0,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        pool_kernel: Sequence[int] = (3, 3),
        dim_mul: int = 2,
        head_mul: int = 2,
        adaptive_kv_stride: int = 4,
        rel_pos_spatial: bool = True,
        residual_pooling: bool = True,
        dim_mul_in_attention: bool = True,
        rel_pos_zero_init: bool = False,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = {"type": "LN", "eps": 1e-6},
        patch_cfg: Mapping[str, Any] = {"kernel_size": 7, "stride": 4, "padding": 3},
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.get_arch(arch)
        dims: int = settings["embed_dims"]
        heads: int = settings["num_heads"]
        self.num_layers: int = settings["num_layers"]
        self.downscale_indices: list[int] = settings["downscale_indices"]
        #: Number of the layer after the last of each scale.
        self.scale_ends = [*self.downscale_indices, self.num_layers]
        self.out_scales = self.take_indices(out_scales, len(self.scale_ends), key="out_scales")
        self.interpolate_mode = interpolate_mode
        stem = {"in_channels": in_channels, "input_size": img_size, "embed_dims": dims, **patch_cfg}
        self.patch_embed = PatchEmbed(**stem)
        assert self.patch_embed.init_out_size is not None
        size = self.patch_resolution = self.patch_embed.init_out_size
        self.register_parameter("pos_embed", None)
        if use_abs_pos_embed:
            self.pos_embed = nn.Parameter(torch.zeros(1, size[0] * size[1], dims))
        self.blocks = ModuleList()
        stride_kv = adaptive_kv_stride
        for i, rate in enumerate(drop_path_rates(drop_path_rate, self.num_layers)):
            downscales = i in self.downscale_indices
            if downscales:
                heads *= head_mul
                stride_kv = max(stride_kv // 2, 1)
            widens = (i if dim_mul_in_attention else i + 1) in self.downscale_indices
            out_dims = dims * dim_mul if widens else dims
            block = MultiScaleBlock(
                dims,
                out_dims,
                heads,
                mlp_ratio=mlp_ratio,
                qkv_bias=qkv_bias,
                drop_path=rate,
                norm=norm,
                qkv_pool_kernel=pool_kernel,
                stride_q=2 if downscales else 1,
                stride_kv=stride_kv,
                rel_pos_spatial=rel_pos_spatial,
                residual_pooling=residual_pooling,
                dim_mul_in_attention=dim_mul_in_attention,
                input_size=size,
                rel_pos_zero_init=rel_pos_zero_init,
            )
            self.blocks.append(block)
            size = (size[0] // 2, size[1] // 2) if downscales else size
            dims = out_dims
            if i + 1 in self.scale_ends and (scale := self.scale_ends.index(i + 1)) in self.out_scales:
                self.add_module(f"norm{scale}", norm(dims))
        self.freeze_declared(__class__)

    def init_weights(self) -> None:
        """Start with small random position embeddings."""
        super().init_weights()
        if self.pos_embed is not None and not any(map(is_pretrained, as_list(self.init_cfg or []))):
            nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each scale."""
        starts = [0, *self.scale_ends]
        scales = [
            [*(f"blocks.{i}" for i in range(start, end)), f"norm{scale}"]
            for scale, (start, end) in enumerate(zip(starts, self.scale_ends))
        ]
        return [["patch_embed", "pos_embed"], *scales]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each block."""
        return [["patch_embed", "pos_embed"], *([f"blocks.{i}"] for i in range(self.num_layers))]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (B, C, h, w) of the scales in ``out_scales`` for images (B, 3, H, W)."""
        x, hw = self.patch_embed(x)
        if self.pos_embed is not None:
            x = x + resize_pos_embed(self.pos_embed, self.patch_resolution, hw, self.interpolate_mode, 0)
        outs = []
        for i, block in enumerate(self.blocks):
            x, hw = self.run(block, x, hw)
            scale = self.scale_ends.index(i + 1) if i + 1 in self.scale_ends else -1
            if scale in self.out_scales:
                outs.append(to_image(getattr(self, f"norm{scale}")(x), hw).contiguous())
        return tuple(outs)
