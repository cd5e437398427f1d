"""Swin Transformer: https://arxiv.org/abs/2103.14030."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import PatchEmbed, PatchMerging
from mmpretrain.models.layers.position_embed import fit_pos_embed, resize_pos_embed
from mmpretrain.models.layers.relative_position import resize_bias_tables
from mmpretrain.models.layers.shape import to_image
from mmpretrain.models.layers.window_attention import ShiftWindowMSA
from mmpretrain.registry import MODELS

HW = tuple[int, int]


class SwinBackbone(BaseBackbone):
    """What the versions of Swin Transformer share: stages of attention in windows, with ever fewer tokens.

    The way through has three steps, which subclasses override one by one: :meth:`embed` makes tokens of
    images (masked-image methods hide patches there), :meth:`encode` runs the stages, :meth:`format` makes
    outputs.

    Attributes:
        stages: A list of modules with the attributes ``blocks``, ``downsample`` and ``out_channels``.
    """

    stages: Any  # a ModuleList, whose items have no attributes in the eyes of a type checker

    def set_stem(
        self,
        img_size: int | Sequence[int],
        patch_cfg: Mapping[str, Any],
        use_abs_pos_embed: bool,
        interpolate_mode: str,
        drop_rate: float,
    ) -> None:
        """Make the modules of :meth:`embed`.

        Args:
            img_size: The usual size of images.
            patch_cfg: Arguments of :class:`PatchEmbed`.
            use_abs_pos_embed: Add learnable position embeddings.
            interpolate_mode: How these are interpolated for other image sizes.
            drop_rate: Dropout rate of the embedded tokens.
        """
        stem = {"input_size": img_size, "norm": nn.LayerNorm, "embed_dims": self.embed_dims}
        self.patch_embed = PatchEmbed(**{**stem, **patch_cfg})
        assert self.patch_embed.init_out_size is not None
        height, width = self.patch_resolution = self.patch_embed.init_out_size
        self.interpolate_mode = interpolate_mode
        self.absolute_pos_embed = None
        if use_abs_pos_embed:
            self.absolute_pos_embed = nn.Parameter(torch.zeros(1, height * width, self.embed_dims))
        self.drop_after_pos = nn.Dropout(drop_rate)
        self.register_load_state_dict_pre_hook(_fit_absolute_positions)

    def set_arch(self, arch: str | Mapping[str, Any]) -> Mapping[str, Any]:
        """Look up the settings of ``arch`` and keep its width, depths and numbers of heads."""
        settings = self.get_arch(arch)
        self.embed_dims: int = settings["embed_dims"]
        self.depths: Sequence[int] = settings["depths"]
        self.num_heads: Sequence[int] = settings["num_heads"]
        self.num_layers = len(self.depths)
        return settings

    def set_output(
        self, out_indices: int | Sequence[int], channels: Sequence[int], norm: Norm | None
    ) -> None:
        """Make the modules of :meth:`format`.

        Args:
            out_indices: Stages whose output is returned; negative indices count from the end.
            channels: Number of channels of each stage's output.
            norm: Normalisation of the outputs, or None.
        """
        self.out_indices = self.take_indices(out_indices, self.num_layers)
        self.num_features = list(channels)
        for i in self.out_indices:
            self.add_module(f"norm{i}", norm(self.num_features[i]) if norm else nn.Identity())

    def init_weights(self) -> None:
        """Start with small random position embeddings."""
        if self.absolute_pos_embed is not None:
            nn.init.trunc_normal_(self.absolute_pos_embed, std=0.02)
        super().init_weights()

    def freeze_groups(self) -> list[list[str]]:
        """The stem with the first stage, then each stage."""
        groups = [[f"stages.{i}", f"norm{i}"] for i in range(self.num_layers)]
        return [["patch_embed", "absolute_pos_embed", "drop_after_pos", *groups[0]], *groups[1:]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each block; a merging of patches belongs to the neighbouring block."""
        groups = [["patch_embed", "absolute_pos_embed"]]
        for i, depth in enumerate(self.depths):
            blocks = [[f"stages.{i}.blocks.{j}"] for j in range(depth)]
            blocks[self.merging_block].append(f"stages.{i}.downsample")
            groups += blocks
        return groups

    #: Return the output of a stage after the merging of patches.
    out_after_downsample: bool = False

    #: Index of the block, within a stage, whose learning rate the merging of patches gets.
    merging_block = -1

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return feature maps (B, C, h, w) of the stages in ``out_indices`` for images (B, 3, H, W)."""
        outs = self.encode(*self.embed(x))
        return tuple(self.format(*out, i) for i, out in enumerate(outs) if i in self.out_indices)

    def embed(self, x: Tensor) -> tuple[Tensor, HW]:
        """Make tokens (B, h * w, C) of images, and their grid (h, w)."""
        patches, hw = self.patch_embed(x)
        return self.add_positions(patches, hw), hw

    def add_positions(self, patches: Tensor, hw: HW) -> Tensor:
        """Add position embeddings to the patches (B, h * w, C)."""
        if self.absolute_pos_embed is not None:
            patches = patches + resize_pos_embed(
                self.absolute_pos_embed, self.patch_resolution, hw, self.interpolate_mode, 0
            )
        return self.drop_after_pos(patches)

    def encode(self, x: Tensor, hw: HW) -> list[tuple[Tensor, HW]]:
        """Run tokens (B, h * w, C) through the stages; return the tokens and the grid after each."""
        outs = []
        for stage in self.stages:
            for block in stage.blocks:
                x = self.run(block, x, hw)
            before = (x, hw)
            if stage.downsample is not None:
                x, hw = stage.downsample(x, hw)
            outs.append((x, hw) if self.out_after_downsample else before)
        return outs

    def format(self, x: Tensor, hw: HW, stage: int) -> Tensor:
        """Normalise the tokens (B, h * w, C) after a stage and make a map (B, C, h, w) of them."""
        return to_image(getattr(self, f"norm{stage}")(x), hw).contiguous()


def _fit_absolute_positions(
    module: SwinBackbone, state_dict: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    key, wanted = f"{prefix}absolute_pos_embed", module.absolute_pos_embed
    fit_pos_embed(state_dict, key, wanted, module.patch_resolution, module.interpolate_mode, 0)


@configurable
class SwinBlock(BaseModule):
    """Attention in windows and a feed-forward network, each after a norm and with a residual connection.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        window_size: Side of a window.
        shift: Shift the windows by half their side.
        ffn_ratio: Width of the feed-forward network, relative to C.
        drop_path: Stochastic-depth rate of both branches.
        pad_small_map: Pad maps smaller than a window.
        attn_cfgs: Further arguments of :class:`ShiftWindowMSA`.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    #: The parts, first to last; so are their parameters numbered in the state of an optimizer.
    part_names: Sequence[str] = ("norm1", "attn", "norm2", "ffn")
    norm1: nn.Module
    attn: ShiftWindowMSA
    norm2: nn.Module
    ffn: FFN

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 7,
        shift: bool = False,
        ffn_ratio: float = 4.0,
        drop_path: float = 0.0,
        pad_small_map: bool = False,
        attn_cfgs: Mapping[str, Any] = {},
        ffn_cfgs: Mapping[str, Any] = {},
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        drop = {"drop_path": drop_path}
        attn = {
            "window_size": window_size,
            "shift_size": window_size // 2 if shift else 0,
            "pad_small_map": pad_small_map,
        }
        ffn = {"feedforward_channels": int(embed_dims * ffn_ratio), "act": nn.GELU}
        parts = {
            "norm1": norm(embed_dims),
            "attn": ShiftWindowMSA(embed_dims, num_heads, **{**drop, **attn, **attn_cfgs}),
            "norm2": norm(embed_dims),
            "ffn": FFN(embed_dims, **{**drop, **ffn, **ffn_cfgs}),
        }
        for name in self.part_names:
            self.add_module(name, parts[name])

    def forward(self, x: Tensor, hw_shape: HW) -> Tensor:
        """Transform the tokens (B, h * w, C) of a map of size ``hw_shape``."""
        x = x + self.attn(self.norm1(x), hw_shape)
        return self.ffn(self.norm2(x), identity=x)


class SwinBlockSequence(BaseModule):
    """A stage: blocks with regular and shifted windows in turn, and a merging of patches.

    Args:
        embed_dims: Number of channels C.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        window_size: Side of a window.
        downsample: Merge patches.
        downsample_cfg: Further arguments of :class:`PatchMerging`.
        drop_paths: Stochastic-depth rates, one or one a block.
        block_cfgs: Further arguments of the blocks, for all or one by one.
        pad_small_map: Pad maps smaller than a window.
        init_cfg: How the weights are initialised.
    """

    #: Whether the merging of patches comes before the blocks.
    merges_first = False

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        window_size: int = 7,
        downsample: bool = False,
        downsample_cfg: Mapping[str, Any] = {},
        drop_paths: Sequence[float] | float = 0.0,
        block_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        pad_small_map: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        merging = {"in_channels": embed_dims, "out_channels": 2 * embed_dims, **downsample_cfg}
        merge = PatchMerging(**merging) if downsample else None
        self.out_channels: int = embed_dims if merge is None else merge.out_channels
        if self.merges_first:
            self.downsample = merge
        rates = drop_paths if isinstance(drop_paths, Sequence) else [drop_paths] * depth
        common = {"num_heads": num_heads, "window_size": window_size, "pad_small_map": pad_small_map}
        self.blocks = ModuleList(
            self.make_block(i, embed_dims, **{**common, "shift": i % 2 == 1, "drop_path": rates[i], **cfg})
            for i, cfg in enumerate(per_layer(block_cfgs, depth))
        )
        if not self.merges_first:
            self.downsample = merge

    def make_block(self, index: int, embed_dims: int, **kwargs: Any) -> nn.Module:
        """Make a block of the stage."""
        return SwinBlock(embed_dims, **kwargs)


@MODELS.register_module()
class SwinTransformer(SwinBackbone):
    """Swin Transformer (`Hierarchical Vision Transformer using Shifted Windows
    <https://arxiv.org/abs/2103.14030>`_).

    ======== ========== =========== =============
    arch     embed_dims depths      num_heads
    ======== ========== =========== =============
    t, tiny  96         2, 2, 6, 2  3, 6, 12, 24
    s, small 96         2, 2, 18, 2 3, 6, 12, 24
    b, base  128        2, 2, 18, 2 4, 8, 16, 32
    l, large 192        2, 2, 18, 2 6, 12, 24, 48
    ======== ========== =========== =============

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths`` and ``num_heads``.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        window_size: Side of a window.
        drop_rate: Dropout rate of the embedded tokens.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Stages whose output is returned; negative indices count from the end.
        out_after_downsample: Return the output of a stage after the merging of patches.
        use_abs_pos_embed: Add learnable position embeddings.
        interpolate_mode: How these are interpolated for other image sizes.
        pad_small_map: Pad maps smaller than a window, as is usual in detection.
        norm_cfg: Normalisation of the outputs, or None.
        stage_cfgs: Further arguments of the stages, for all or one by one.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.

    Example:
        >>> model = SwinTransformer('tiny', out_indices=(0, 1, 2, 3))
        >>> [tuple(out.shape) for out in model(torch.rand(1, 3, 224, 224))]
        [(1, 96, 56, 56), (1, 192, 28, 28), (1, 384, 14, 14), (1, 768, 7, 7)]
    """

    arch_settings = {
        ("t", "tiny"): dict(embed_dims=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24]),
        ("s", "small"): dict(embed_dims=96, depths=[2, 2, 18, 2], num_heads=[3, 6, 12, 24]),
        ("b", "base"): dict(embed_dims=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32]),
        ("l", "large"): dict(embed_dims=192, depths=[2, 2, 18, 2], num_heads=[6, 12, 24, 48]),
    }

    #: Of the layout of state dicts; 1.x reads it.
    _version = 3

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: int = 7,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: int | Sequence[int] = (3,),
        out_after_downsample: bool = False,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = {"type": "LN"},
        stage_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        patch_cfg: Mapping[str, Any] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        self.set_arch(arch)
        self.out_after_downsample = out_after_downsample
        patch_cfg = {"in_channels": in_channels, "kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        self.set_stem(img_size, patch_cfg, use_abs_pos_embed, interpolate_mode, drop_rate)
        self.stages = ModuleList()
        channels = [self.embed_dims]
        drop_paths = stage_drop_path_rates(drop_path_rate, self.depths)
        for i, cfg in enumerate(per_layer(stage_cfgs, self.num_layers)):
            stage = {
                "depth": self.depths[i],
                "num_heads": self.num_heads[i],
                "window_size": window_size,
                "downsample": i < self.num_layers - 1,
                "drop_paths": drop_paths[i],
                "pad_small_map": pad_small_map,
            }
            self.stages.append(SwinBlockSequence(channels[-1], **{**stage, **cfg}))
            channels.append(self.stages[-1].out_channels)
        self.set_output(
            out_indices, channels[1:] if out_after_downsample else channels[:-1], norm_from(norm_cfg)
        )
        self.register_load_state_dict_pre_hook(_fit_checkpoint)
        self.freeze_declared(__class__)


def _fit_checkpoint(module: SwinTransformer, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a checkpoint is loaded, rename keys of old layouts and resize bias tables."""
    for name in ("weight", "bias"):  # before version 2, the only norm had no number
        if f"{prefix}norm.{name}" in state_dict:
            state_dict[f"{prefix}norm{module.num_layers - 1}.{name}"] = state_dict.pop(f"{prefix}norm.{name}")
    for key in [key for key in state_dict if key.startswith(prefix) and key.endswith("attn_mask")]:
        del state_dict[key]  # before version 3, masks were buffers
    resize_bias_tables(module, state_dict, prefix)
