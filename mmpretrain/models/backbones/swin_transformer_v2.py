"""Swin Transformer V2: https://arxiv.org/abs/2111.09883."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.swin_transformer import HW, SwinBackbone, SwinBlock, SwinBlockSequence
from mmpretrain.models.base.module import ModuleList
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import stage_drop_path_rates
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.models.layers.window_attention import WindowMSAV2
from mmpretrain.registry import MODELS


@configurable
class SwinBlockV2(SwinBlock):
    """A :class:`SwinBlock` with cosine attention whose norms come after the branches.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of attention heads.
        window_size: Side of a window.
        extra_norm: Normalise the output too.
        pretrained_window_size: Side of a window in pre-training; 0 for that of this block.
        attn_cfgs: Further arguments of :class:`ShiftWindowMSA`.
        ffn_cfgs: Further arguments of :class:`FFN`.
        norm: The normalisation.
        **kwargs: Further arguments of :class:`SwinBlock`.
    """

    part_names = ("attn", "norm1", "ffn", "norm2")

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: int = 8,
        extra_norm: bool = False,
        pretrained_window_size: int | Sequence[int] = 0,
        attn_cfgs: Mapping[str, Any] = {},
        ffn_cfgs: Mapping[str, Any] = {},
        norm: Norm = nn.LayerNorm,
        **kwargs: Any,
    ) -> None:
        attention = {
            "window_msa": WindowMSAV2,
            "pretrained_window_size": to_2tuple(pretrained_window_size),
        }
        super().__init__(
            embed_dims,
            num_heads,
            window_size,
            attn_cfgs={**attn_cfgs, **attention},
            ffn_cfgs={"add_identity": False, **ffn_cfgs},
            norm=norm,
            **kwargs,
        )
        # Against the growth of activations in the main branch of very large models.
        self.norm3 = norm(embed_dims) if extra_norm else nn.Identity()

    def forward(self, x: Tensor, hw_shape: HW) -> Tensor:
        """Transform the tokens (B, h * w, C) of a map of size ``hw_shape``."""
        x = x + self.norm1(self.attn(x, hw_shape))
        return self.norm3(x + self.norm2(self.ffn(x)))


class SwinBlockV2Sequence(SwinBlockSequence):
    """A stage of :class:`SwinBlockV2` whose merging of patches comes first.

    Args:
        embed_dims: Number of channels C that come in.
        depth: Number of blocks.
        num_heads: Number of attention heads.
        extra_norm_every_n_blocks: Every how many blocks the output is normalised; 0 for never.
        pretrained_window_size: Side of a window in pre-training; 0 for that of this stage.
        **kwargs: Further arguments of :class:`SwinBlockSequence`.
    """

    merges_first = True

    def __init__(
        self,
        embed_dims: int,
        depth: int,
        num_heads: int,
        extra_norm_every_n_blocks: int = 0,
        pretrained_window_size: int = 0,
        **kwargs: Any,
    ) -> None:
        self._every = extra_norm_every_n_blocks
        self._pretrained_window_size = pretrained_window_size
        super().__init__(embed_dims, depth, num_heads, **kwargs)

    def make_block(self, index: int, embed_dims: int, **kwargs: Any) -> nn.Module:
        """Make a block of the stage."""
        extra_norm = self._every > 0 and (index + 1) % self._every == 0
        special = {"extra_norm": extra_norm, "pretrained_window_size": self._pretrained_window_size}
        return SwinBlockV2(self.out_channels, **{**special, **kwargs})


def _arch(embed_dims: int, depths: list[int], num_heads: list[int], extra_norm: int = 0) -> dict[str, Any]:
    return {
        "embed_dims": embed_dims,
        "depths": depths,
        "num_heads": num_heads,
        "extra_norm_every_n_blocks": extra_norm,
    }


@MODELS.register_module()
class SwinTransformerV2(SwinBackbone):
    """Swin Transformer V2 (`Scaling Up Capacity and Resolution <https://arxiv.org/abs/2111.09883>`_).

    ======== ========== =========== ===============
    arch     embed_dims depths      num_heads
    ======== ========== =========== ===============
    t, tiny  96         2, 2, 6, 2  3, 6, 12, 24
    s, small 96         2, 2, 18, 2 3, 6, 12, 24
    b, base  128        2, 2, 18, 2 4, 8, 16, 32
    l, large 192        2, 2, 18, 2 6, 12, 24, 48
    h, huge  352        2, 2, 18, 2 8, 16, 32, 64
    g, giant 512        2, 2, 42, 4 16, 32, 64, 128
    ======== ========== =========== ===============

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths``, ``num_heads`` and
            ``extra_norm_every_n_blocks``.
        img_size: The usual size of images; other sizes work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        window_size: Side of a window, one or one a stage.
        drop_rate: Dropout rate of the embedded tokens.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Stages whose output is returned; negative indices count from the end.
        use_abs_pos_embed: Add learnable position embeddings.
        interpolate_mode: How these are interpolated for other image sizes.
        pad_small_map: Pad maps smaller than a window, as is usual in detection.
        norm_cfg: Normalisation of the outputs, or None.
        stage_cfgs: Further arguments of the stages, for all or one by one.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        pretrained_window_sizes: Side of a window in pre-training, by stage; 0 for that of this model.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "tiny"): _arch(96, [2, 2, 6, 2], [3, 6, 12, 24]),
        ("s", "small"): _arch(96, [2, 2, 18, 2], [3, 6, 12, 24]),
        ("b", "base"): _arch(128, [2, 2, 18, 2], [4, 8, 16, 32]),
        ("l", "large"): _arch(192, [2, 2, 18, 2], [6, 12, 24, 48]),
        ("h", "huge"): _arch(352, [2, 2, 18, 2], [8, 16, 32, 64], 6),
        ("g", "giant"): _arch(512, [2, 2, 42, 4], [16, 32, 64, 128], 6),
    }

    #: Of the layout of state dicts; 1.x reads it.
    _version = 1
    merging_block = 0

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        img_size: int | Sequence[int] = 256,
        patch_size: int | Sequence[int] = 4,
        in_channels: int = 3,
        window_size: int | Sequence[int] = 8,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        out_indices: int | Sequence[int] = (3,),
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = "bicubic",
        with_cp: bool = False,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        pad_small_map: bool = False,
        norm_cfg: Mapping[str, Any] | None = {"type": "LN"},
        stage_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {},
        patch_cfg: Mapping[str, Any] = {},
        pretrained_window_sizes: Sequence[int] = (0, 0, 0, 0),
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.set_arch(arch)
        self.window_sizes = [window_size] * self.num_layers if isinstance(window_size, int) else window_size
        if len(self.window_sizes) != self.num_layers:
            raise ArgumentError(
                f"Expected {self.num_layers} window sizes (one a stage), got {window_size}", key="window_size"
            )
        patch_cfg = {"in_channels": in_channels, "kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        self.set_stem(img_size, patch_cfg, use_abs_pos_embed, interpolate_mode, drop_rate)
        self.stages = ModuleList()
        channels = self.embed_dims
        drop_paths = stage_drop_path_rates(drop_path_rate, self.depths)
        for i, cfg in enumerate(per_layer(stage_cfgs, self.num_layers)):
            stage = {
                "depth": self.depths[i],
                "num_heads": self.num_heads[i],
                "window_size": self.window_sizes[i],
                "downsample": i > 0,
                "downsample_cfg": {"use_post_norm": True},
                "drop_paths": drop_paths[i],
                "pad_small_map": pad_small_map,
                "extra_norm_every_n_blocks": settings["extra_norm_every_n_blocks"],
                "pretrained_window_size": pretrained_window_sizes[i],
            }
            self.stages.append(SwinBlockV2Sequence(channels, **{**stage, **cfg}))
            channels = self.stages[-1].out_channels
        self.set_output(out_indices, [stage.out_channels for stage in self.stages], norm_from(norm_cfg))
        self.register_load_state_dict_pre_hook(_keep_window_buffers)
        self.freeze_declared(__class__)

    def encode(self, x: Tensor, hw: HW) -> list[tuple[Tensor, HW]]:
        """Run tokens (B, h * w, C) through the stages; return the tokens and the grid after each."""
        outs = []
        for stage in self.stages:
            if stage.downsample is not None:
                x, hw = stage.downsample(x, hw)
            for block in stage.blocks:
                x = self.run(block, x, hw)
            outs.append((x, hw))
        return outs


def _keep_window_buffers(
    module: SwinTransformerV2, state_dict: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    """Before a checkpoint is loaded, replace what it says about relative positions by what fits the model."""
    for name, buffer in module.named_buffers():
        if name.endswith(("relative_position_index", "relative_coords_table")):
            state_dict[prefix + name] = buffer
