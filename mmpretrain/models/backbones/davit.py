"""DaViT (`Dual Attention Vision Transformers <https://arxiv.org/abs/2204.03645>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.models.backbones.swin_transformer import HW, SwinBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.attention import MultiheadAttention, merge_heads, split_heads
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.shape import to_image, to_tokens
from mmpretrain.models.layers.window_attention import ShiftWindowMSA, windowed_attention
from mmpretrain.registry import MODELS


class PlainWindowMSA(MultiheadAttention):
    """Attention within windows, without a bias by position.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        window_size: Height and width of a window; they change nothing here.
        **kwargs: Further arguments of :class:`MultiheadAttention`.
    """

    def __init__(self, embed_dims: int, num_heads: int, window_size: Sequence[int], **kwargs: Any) -> None:
        super().__init__(embed_dims, num_heads, **kwargs)
        self.window_size = tuple(window_size)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mix the tokens (B * W, N, C) of windows; ``mask`` (W, N, N) is added to the logits by window."""
        q, k, v = split_heads(self.qkv(x), 3, self.num_heads)
        dropout = self.attn_drop if self.training else 0.0
        return self.project(windowed_attention(q, k, v, mask=mask, dropout=dropout, scale=self.scale))


class ChannelAttention(MultiheadAttention):
    """Attention among the channels of a head: each is a token that is described by all positions."""

    def forward(self, x: Tensor) -> Tensor:
        """Mix the channels of tokens (B, N, C)."""
        q, k, v = split_heads(self.qkv(x), 3, self.num_heads)  # (B, H, N, D)
        logits = k.transpose(-1, -2) @ v * self.head_dims**-0.5  # (B, H, D, D), sums over all N positions
        # Such sums are large. Weights below exp(-60) change no result, but would be denormal numbers, with
        # which CPUs multiply ten times slower, forward and backward.
        logits = (logits - logits.detach().amax(-1, keepdim=True)).clamp_min(-60)
        weights = logits.softmax(-1).to(q.dtype)
        return self.project(merge_heads(q @ weights.transpose(-1, -2)))


class ConvPosEnc(nn.Module):
    """Adds a depthwise convolution of a map to it, which tells positions apart.

    Args:
        embed_dims: Number of channels C.
        kernel_size: Size of the kernel.
    """

    def __init__(self, embed_dims: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.proj = nn.Conv2d(
            embed_dims, embed_dims, kernel_size, padding=kernel_size // 2, groups=embed_dims
        )

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Transform tokens (B, h * w, C)."""
        return x + to_tokens(self.proj(to_image(x, hw)))


@configurable
class DualBlock(BaseModule):
    """Attention and a feed-forward network, each after a position encoding and a norm.

    Args:
        attn: The attention.
        embed_dims: Number of channels C.
        ffn_ratio: Width of the feed-forward network, relative to C.
        drop_path: Stochastic-depth rate of the feed-forward network.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm: The normalisation.
    """

    def __init__(
        self,
        attn: nn.Module,
        embed_dims: int,
        ffn_ratio: float,
        drop_path: float,
        ffn_cfgs: Mapping[str, Any],
        norm: Norm,
    ) -> None:
        super().__init__()
        self.cpe1 = ConvPosEnc(embed_dims)
        self.norm1 = norm(embed_dims)
        self.attn = attn
        self.cpe2 = ConvPosEnc(embed_dims)
        self.norm2 = norm(embed_dims)
        ffn = {"feedforward_channels": int(embed_dims * ffn_ratio), "act": nn.GELU}
        self.ffn = FFN(embed_dims, **{"drop_path": drop_path, **ffn, **ffn_cfgs})

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Transform tokens (B, h * w, C)."""
        x = self.cpe1(x, hw)
        normed = self.norm1(x)
        x = x + (self.attn(normed, hw) if isinstance(self.attn, ShiftWindowMSA) else self.attn(normed))
        x = self.cpe2(x, hw)
        return self.ffn(self.norm2(x), identity=x)


@configurable
class DaViTBlock(BaseModule):
    """Attention among the positions of windows, then attention among channels.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads of both.
        window_size: Side of a window.
        ffn_ratio: Width of the feed-forward networks, relative to C.
        qkv_bias: Give queries, keys and values a bias.
        drop_path: Stochastic-depth rate of each branch.
        pad_small_map: Pad maps smaller than a window.
        attn_cfgs: Further arguments of :class:`ShiftWindowMSA`.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm: The normalisation.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 7,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_path: float = 0.0,
        pad_small_map: bool = False,
        attn_cfgs: Mapping[str, Any] = {},
        ffn_cfgs: Mapping[str, Any] = {},
        norm: Norm = nn.LayerNorm,
    ) -> None:
        super().__init__()
        window: dict[str, Any] = {
            "window_size": window_size,
            "drop_path": drop_path,
            "qkv_bias": qkv_bias,
            "pad_small_map": pad_small_map,
            "window_msa": PlainWindowMSA,
            **attn_cfgs,
        }
        common = (embed_dims, ffn_ratio, drop_path, ffn_cfgs, norm)
        self.spatial_block = DualBlock(ShiftWindowMSA(embed_dims, num_heads, **window), *common)
        channels = ChannelAttention(embed_dims, num_heads, qkv_bias=qkv_bias, drop_path=drop_path)
        self.channel_block = DualBlock(channels, *common)

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Transform tokens (B, h * w, C)."""
        return self.channel_block(self.spatial_block(x, hw), hw)


@configurable
class DaViTDownSample(PatchEmbed):
    """Embeds patches of a map that it normalises first.

    Args:
        in_channels: Number of channels of the map.
        out_channels: Number of channels of a token.
        kernel_size: Size of a patch.
        stride: Step from one patch to the next.
        padding: Padding of the convolution, or ``'corner'`` or ``'same'`` to cover the whole map.
        norm: The normalisation.
        **kwargs: Further arguments of :class:`PatchEmbed`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int] = 2,
        stride: int | Sequence[int] | None = 2,
        padding: Any = "same",
        norm: Norm | None = nn.LayerNorm,
        **kwargs: Any,
    ) -> None:
        shape = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        super().__init__(in_channels, out_channels, **shape, **kwargs)
        self.out_channels = out_channels
        self.norm = None if norm is None else norm(in_channels)

    def forward(self, x: Tensor, hw: HW) -> tuple[Tensor, HW]:  # type: ignore[override]
        """Embed the patches of a map, given as tokens (B, H * W, in_channels)."""
        image = to_image(x if self.norm is None else self.norm(x), hw)
        if self.adaptive_padding is not None:
            image = self.adaptive_padding(image)
        image = self.projection(image)
        return to_tokens(image), (image.shape[2], image.shape[3])


class DaViTBlockSequence(BaseModule):
    """A stage: blocks, and an embedding of patches.

    Args:
        embed_dims: Number of channels C.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        downsample: Embed patches after the blocks.
        downsample_cfg: Further arguments of :class:`DaViTDownSample`.
        drop_paths: Stochastic-depth rates, one or one a block.
        block_cfgs: Further arguments of the blocks, for all or one by one.
        **common: Further arguments of the blocks.
    """

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        downsample: bool = False,
        downsample_cfg: Mapping[str, Any] = {},
        drop_paths: Sequence[float] | float = 0.0,
        block_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        **common: Any,
    ) -> None:
        super().__init__()
        rates = drop_paths if isinstance(drop_paths, Sequence) else [drop_paths] * depth
        self.blocks = ModuleList(
            DaViTBlock(
                **{"embed_dims": embed_dims, "num_heads": num_heads, "drop_path": rate, **common, **cfg}
            )
            for rate, cfg in zip(rates, per_layer(block_cfgs, depth))
        )
        shape = {"in_channels": embed_dims, "out_channels": 2 * embed_dims, **downsample_cfg}
        self.downsample = DaViTDownSample(**shape) if downsample else None
        self.out_channels = embed_dims if self.downsample is None else self.downsample.out_channels


def _arch(embed_dims: int, depths: list[int], first_heads: int) -> dict[str, Any]:
    return {"embed_dims": embed_dims, "depths": depths, "num_heads": [first_heads * 2**i for i in range(4)]}


@MODELS.register_module()
class DaViT(SwinBackbone):
    """DaViT (`Dual Attention Vision Transformers <https://arxiv.org/abs/2204.03645>`_).

    ======== ========== =========== ==============
    arch     embed_dims depths      num_heads
    ======== ========== =========== ==============
    t, tiny  96         1, 1, 3, 1  3, 6, 12, 24
    s, small 96         1, 1, 9, 1  3, 6, 12, 24
    b, base  128        1, 1, 9, 1  4, 8, 16, 32
    l, large 192        1, 1, 9, 1  6, 12, 24, 48
    h, huge  256        1, 1, 9, 1  8, 16, 32, 64
    g, giant 384        1, 1, 12, 3 12, 24, 48, 96
    ======== ========== =========== ==============

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths`` and ``num_heads``.
        patch_size: Step from one patch of the stem to the next.
        in_channels: Number of channels of an image.
        window_size: Side of a window.
        ffn_ratio: Width of the feed-forward networks, relative to the number of channels.
        qkv_bias: Give queries, keys and values a bias.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_after_downsample: Return the output of a stage after the embedding of patches.
        pad_small_map: Pad maps smaller than a window, as is usual in detection.
        norm_cfg: Normalisation of the outputs, or None.
        stage_cfgs: Further arguments of the stages, for all or one by one.
        out_indices: Stages whose map (B, C, h, w) is returned; negative indices count from the end.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
        as_published: Do what the authors' code does and published weights were trained with: pad images by
            3 pixels on each side, and return the normalised mean (B, C) of the last map instead of the
            normalised map. Without it, images are padded by 1 and 2 pixels, as in 1.x.
    """

    arch_settings = {
        ("t", "tiny"): _arch(96, [1, 1, 3, 1], 3),
        ("s", "small"): _arch(96, [1, 1, 9, 1], 3),
        ("b", "base"): _arch(128, [1, 1, 9, 1], 4),
        ("l", "large"): _arch(192, [1, 1, 9, 1], 6),
        ("h", "huge"): _arch(256, [1, 1, 9, 1], 8),
        ("g", "giant"): _arch(384, [1, 1, 12, 3], 12),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "t",
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: int = 7,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_path_rate: float = 0.1,
        out_after_downsample: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = {"type": "LN"},
        stage_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        frozen_stages: int = -1,
        norm_eval: bool = False,
        out_indices: int | Sequence[int] = (3,),
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
        as_published: bool = False,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.set_arch(arch)
        self.as_published = as_published
        self.absolute_pos_embed = None
        self.out_after_downsample = out_after_downsample
        padding: Any = 3 if as_published else "same"
        stem = {"kernel_size": 7, "stride": patch_size, "padding": padding, "norm": nn.LayerNorm}
        self.patch_embed = PatchEmbed(in_channels, self.embed_dims, **stem)
        self.stages = ModuleList()
        channels = [self.embed_dims]
        drop_paths = stage_drop_path_rates(drop_path_rate, self.depths)
        for i, cfg in enumerate(per_layer(stage_cfgs, self.num_layers)):
            stage = {
                "depth": self.depths[i],
                "num_heads": self.num_heads[i],
                "window_size": window_size,
                "ffn_ratio": ffn_ratio,
                "qkv_bias": qkv_bias,
                "downsample": i < self.num_layers - 1,
                "drop_paths": drop_paths[i],
                "pad_small_map": pad_small_map,
            }
            self.stages.append(DaViTBlockSequence(channels[-1], **{**stage, **cfg}))
            channels.append(self.stages[-1].out_channels)
        channels = channels[1:] if out_after_downsample else channels[:-1]
        self.set_output(out_indices, channels, norm_from(norm_cfg))
        self.freeze_declared(__class__)

    def embed(self, x: Tensor) -> tuple[Tensor, HW]:
        """Make tokens (B, h * w, C) of images, and their grid (h, w)."""
        return self.patch_embed(x)

    def format(self, x: Tensor, hw: HW, stage: int) -> Tensor:
        """Make a normalised map (B, C, h, w) of the tokens (B, h * w, C) after a stage, or their mean."""
        if self.as_published and stage == self.num_layers - 1:
            return getattr(self, f"norm{stage}")(x.mean(dim=1))
        return super().format(x, hw, stage)
