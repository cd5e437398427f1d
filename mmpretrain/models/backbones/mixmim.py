"""The transformer of MixMIM (`Mixed and Masked Image Modeling <https://arxiv.org/abs/2205.13137>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import DataError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, stage_drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import PatchEmbed, PatchMerging
from mmpretrain.models.layers.position_embed import fit_pos_embed, resize_pos_embed
from mmpretrain.models.layers.shape import to_2tuple
from mmpretrain.models.layers.window_attention import WindowMSA, window_partition, window_reverse
from mmpretrain.registry import MODELS

HW = tuple[int, int]


@configurable
class MixMIMBlock(BaseModule):
    """Attention in windows and a feed-forward network, each after a norm and with a residual connection.

    Args:
        embed_dims: Number of channels C.
        input_resolution: The usual size of the map.
        num_heads: Number of attention heads.
        window_size: Side of a window; a smaller map is one window.
        mlp_ratio: Width of the feed-forward network, relative to C.
        num_fcs: Number of linear layers of the feed-forward network.
        qkv_bias: Give queries, keys and values a bias.
        proj_drop_rate: Dropout rate after both branches.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of both branches.
        act: The activation.
        norm: The normalisation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        input_resolution: Sequence[int],
        num_heads: int,
        window_size: int = 7,
        mlp_ratio: float = 4.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        proj_drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act: Act = nn.GELU,
        norm: Norm = nn.LayerNorm,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.window_size = min(window_size, *input_resolution)
        self.ln1 = norm(embed_dims)
        self.attn = WindowMSA(
            embed_dims,
            to_2tuple(self.window_size),
            num_heads,
            qkv_bias=qkv_bias,
            attn_drop=attn_drop_rate,
            proj_drop=proj_drop_rate,
        )
        self.ln2 = norm(embed_dims)
        self.ffn = FFN(
            embed_dims,
            int(mlp_ratio * embed_dims),
            num_fcs=num_fcs,
            ffn_drop=proj_drop_rate,
            drop_path=drop_path_rate,
            act=act,
        )
        self.drop_path = DropPath(drop_path_rate)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, and the feed-forward network as a Vision Transformer's."""
        super().init_weights()
        self.ffn.init_as_vit()

    def forward(self, x: Tensor, hw: HW, attn_mask: Tensor | None = None) -> Tensor:
        """Transform the tokens (B, h * w, C) of a map.

        Args:
            x: The tokens.
            hw: Size of the map, in whole windows.
            attn_mask: 0 and 1 for each position, (1, h * w, 1): attention stays among positions of one kind.
        """
        size = self.window_size
        windows = window_partition(self.ln1(x).unflatten(1, hw), size).flatten(1, 2)
        mask = None if attn_mask is None else self.kinds_apart(attn_mask, hw)
        mixed = self.attn(windows, mask=mask).unflatten(1, (size, size))
        x = x + self.drop_path(window_reverse(mixed, *hw, size).flatten(1, 2))
        return self.ffn(self.ln2(x), identity=x)

    def kinds_apart(self, attn_mask: Tensor, hw: HW) -> Tensor:
        """Forbid attention between positions of different kinds: a mask (W, N, N) for the logits."""
        kind = window_partition(attn_mask.unflatten(1, hw), self.window_size).flatten(1)
        apart = kind[:, None, :] != kind[:, :, None]
        return torch.zeros_like(apart, dtype=torch.float32).masked_fill(apart, -65500.0)


@configurable
class MixMIMLayer(BaseModule):
    """A stage: blocks, and a merging of patches.

    Args:
        embed_dims: Number of channels C.
        input_resolution: The usual size of the map.
        drop_path_rate: Stochastic-depth rate of each block.
        norm: The normalisation.
        downsample: Merge patches after the blocks.
        **block: Further arguments of the blocks.
    """

    def __init__(
        self,
        embed_dims: int,
        input_resolution: Sequence[int],
        drop_path_rate: Sequence[float],
        norm: Norm,
        downsample: bool,
        **block: Any,
    ) -> None:
        super().__init__()
        shape = {"embed_dims": embed_dims, "input_resolution": input_resolution, "norm": norm}
        self.blocks = nn.ModuleList(
            MixMIMBlock(**shape, drop_path_rate=rate, **block) for rate in drop_path_rate
        )
        self.downsample = PatchMerging(embed_dims, 2 * embed_dims, norm=norm) if downsample else None


def _arch(embed_dims: int, first_heads: int) -> dict[str, Any]:
    heads = [first_heads * 2**i for i in range(4)]
    return {"embed_dims": embed_dims, "depths": [2, 2, 18, 2], "num_heads": heads}


@MODELS.register_module()
class MixMIMTransformer(BaseBackbone):
    """MixMIM's hierarchical transformer with large windows.

    From `Mixed and Masked Image Modeling for Efficient Visual Representation Learning
    <https://arxiv.org/abs/2205.13137>`_.

    ======== ========== =========== ==============
    arch     embed_dims depths      num_heads
    ======== ========== =========== ==============
    b, base  128        2, 2, 18, 2 4, 8, 16, 32
    l, large 192        2, 2, 18, 2 6, 12, 24, 48
    h, huge  352        2, 2, 18, 2 11, 22, 44, 88
    ======== ========== =========== ==============

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths`` and ``num_heads``.
        mlp_ratio: Width of the feed-forward networks, relative to the number of channels.
        img_size: The usual size of images; others whose maps are whole windows work too.
        patch_size: Size of a patch.
        in_channels: Number of channels of an image.
        window_size: Side of a window, by stage.
        qkv_bias: Give queries, keys and values a bias.
        patch_cfg: Further arguments of :class:`PatchEmbed`.
        norm_cfg: The normalisation.
        drop_rate: Dropout rate of the embedded tokens, and after attention and feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        attn_drop_rate: Dropout rate of the attention weights.
        use_checkpoint: Another name of ``with_cp``.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("b", "base"): _arch(128, 4),
        ("l", "large"): _arch(192, 6),
        ("h", "huge"): _arch(352, 11),
    }
    layers: Any

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
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        with_cp = with_cp or use_checkpoint
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.get_arch(arch)
        self.embed_dims: int = settings["embed_dims"]
        self.depths: Sequence[int] = settings["depths"]
        self.num_heads: Sequence[int] = settings["num_heads"]
        self.num_layers = len(self.depths)
        self.img_size = to_2tuple(img_size)
        stem = {"in_channels": in_channels, "input_size": img_size, "embed_dims": self.embed_dims}
        stem |= {"kernel_size": patch_size, "stride": patch_size, "norm": nn.LayerNorm, **patch_cfg}
        self.patch_embed = PatchEmbed(**stem)
        assert self.patch_embed.init_out_size is not None
        height, width = self.patch_resolution = self.patch_embed.init_out_size
        self.layers = nn.ModuleList()
        rates = stage_drop_path_rates(drop_path_rate, self.depths)
        block = {"mlp_ratio": mlp_ratio, "qkv_bias": qkv_bias}
        block |= {"proj_drop_rate": drop_rate, "attn_drop_rate": attn_drop_rate}
        for i in range(self.num_layers):
            shape = (self.embed_dims * 2**i, (height // 2**i, width // 2**i))
            last = i == self.num_layers - 1
            own = {"num_heads": self.num_heads[i], "window_size": window_size[i], **block}
            self.layers.append(MixMIMLayer(*shape, rates[i], norm, not last, **own))
        self.num_features = self.embed_dims * 2 ** (self.num_layers - 1)
        self.drop_after_pos = nn.Dropout(drop_rate)
        positions = torch.zeros(1, height * width, self.embed_dims)
        self.absolute_pos_embed = nn.Parameter(positions, requires_grad=False)
        self.norm = norm(self.num_features)
        self.register_load_state_dict_pre_hook(_fit_positions)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """The stem, then each stage; the last one with the norm after it."""
        stages = [[f"layers.{i}"] for i in range(self.num_layers)]
        return [["patch_embed", "drop_after_pos"], *stages[:-1], [*stages[-1], "norm"]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each block; a merging of patches belongs to the block before it."""
        groups = [["patch_embed", "absolute_pos_embed"]]
        for i, depth in enumerate(self.depths):
            groups += [[f"layers.{i}.blocks.{j}"] for j in range(depth)]
            groups[-1].append(f"layers.{i}.downsample")
        return groups

    def get_layer_depth(self, param_name: str, prefix: str = "") -> tuple[int, int]:
        """Return the depth of a parameter for layer-wise learning-rate decay, and the number of layers."""
        last = sum(self.depths) + 1
        if not param_name.startswith(prefix):  # a neck counts as the norm, a head comes after it
            return last - param_name.startswith("neck"), last + 1
        depth, _ = super().get_layer_depth(param_name, prefix)
        return min(depth, last - 1), last + 1

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the normalised mean of the last map (B, C) for images (B, 3, H, W)."""
        x, hw = self.patch_embed(x)
        x = x + resize_pos_embed(self.absolute_pos_embed, self.patch_resolution, hw, num_extra_tokens=0)
        x = self.encode(self.drop_after_pos(x), hw)
        return (self.norm(x).mean(dim=1),)

    def encode(self, x: Tensor, hw: HW, attn_masks: Sequence[Tensor] | None = None) -> Tensor:
        """Run tokens (B, h * w, C) through the stages.

        Args:
            x: The tokens.
            hw: Their grid.
            attn_masks: For each stage, which positions may attend to each other; see :class:`MixMIMBlock`.
        """
        for i, layer in enumerate(self.layers):
            window = layer.blocks[0].window_size
            if hw[0] % window or hw[1] % window:
                raise DataError(
                    f"The map of stage {i} is {hw[0]} x {hw[1]}, which are no whole windows of {window}",
                    hint=f"Take images of {self.img_size}, or set window_size in model.backbone.",
                )
            for block in layer.blocks:
                x = self.run(block, x, hw, None if attn_masks is None else attn_masks[i])
            if layer.downsample is not None:
                x, hw = layer.downsample(x, hw)
        return x


def _fit_positions(module: MixMIMTransformer, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    wanted, grid = module.absolute_pos_embed, module.patch_resolution
    fit_pos_embed(state_dict, f"{prefix}absolute_pos_embed", wanted, grid, num_extra_tokens=0)
