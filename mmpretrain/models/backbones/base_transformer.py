"""What backbones share that run like layers over the patches of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import ModuleList
from mmpretrain.models.layers.build import per_layer
from mmpretrain.models.layers.configurable import Norm
from mmpretrain.models.layers.drop import drop_path_rates
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.position_embed import fit_pos_embed, resize_pos_embed
from mmpretrain.models.layers.shape import to_2tuple, to_image

OutType = Literal["cls_token", "featmap", "avg_featmap", "raw"]


def vit_arch(embed_dims: int, num_layers: int, num_heads: int, feedforward_channels: int) -> dict[str, int]:
    """Settings of an arch."""
    return {
        "embed_dims": embed_dims,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "feedforward_channels": feedforward_channels,
    }


#: The sizes of plain Vision Transformers.
VIT_ARCHS = {
    ("s", "small"): vit_arch(768, 8, 8, 768 * 3),
    ("b", "base", "deit-b", "deit-base"): vit_arch(768, 12, 12, 3072),
    ("l", "large"): vit_arch(1024, 24, 16, 4096),
    ("h", "huge"): vit_arch(1280, 32, 16, 5120),
    ("eva-g", "eva-giant"): vit_arch(1408, 40, 16, 6144),
    ("deit-t", "deit-tiny"): vit_arch(192, 12, 3, 768),
    ("deit-s", "deit-small", "dinov2-s", "dinov2-small"): vit_arch(384, 12, 6, 1536),
    ("dinov2-g", "dinov2-giant"): vit_arch(1536, 40, 24, 6144),
}


class TransformerBackbone(BaseBackbone):
    """Patches of an image and extra tokens, through layers that keep the number of tokens.

    The way through has three steps, which subclasses override one by one: :meth:`embed` makes tokens of
    images (masked-image methods hide patches there), :meth:`encode` runs the layers, :meth:`format` makes
    outputs.

    Subclasses call :meth:`set_stem`, :meth:`set_layers` and :meth:`set_output` when constructed.

    Shapes: B images, N tokens, C channels, (h, w) grid of patches.
    """

    #: Names of parameters (1, 1, C) whose tokens come before those of the patches.
    extra_tokens: Sequence[str] = ("cls_token",)
    OUT_TYPES = frozenset({"raw", "cls_token", "featmap", "avg_featmap"})

    cls_token: nn.Parameter | None
    pos_embed: nn.Parameter | None
    register_tokens: nn.Parameter | None

    # -- construction -------------------------------------------------------------------------------

    def set_stem(
        self,
        img_size: int | Sequence[int],
        patch_cfg: Mapping[str, Any],
        with_cls_token: bool = True,
        with_pos_embed: bool = True,
        interpolate_mode: str = "bicubic",
        drop_rate: float = 0.0,
        num_registers: int = 0,
    ) -> None:
        """Make the modules of :meth:`embed`.

        Args:
            img_size: The usual size of images; position embeddings are interpolated for other ones.
            patch_cfg: Arguments of :class:`PatchEmbed`.
            with_cls_token: Put the :attr:`extra_tokens` before those of the patches.
            with_pos_embed: Add learnable position embeddings.
            interpolate_mode: How these are interpolated.
            drop_rate: Dropout rate of the embedded tokens.
            num_registers: Number of registers (https://arxiv.org/abs/2309.16588): tokens without a position,
                between the extra tokens and the patches.
        """
        self.img_size = to_2tuple(img_size)
        self.patch_embed = PatchEmbed(
            **{"input_size": self.img_size, "embed_dims": self.embed_dims, **patch_cfg}
        )
        assert self.patch_embed.init_out_size is not None
        self.patch_resolution = self.patch_embed.init_out_size
        self.with_cls_token = with_cls_token
        self.extra_tokens = self.extra_tokens if with_cls_token else ()
        self.register_parameter("cls_token", None)
        self.register_parameter("pos_embed", None)
        self.register_parameter("register_tokens", None)
        if num_registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, num_registers, self.embed_dims))
        for name in self.extra_tokens:
            self.register_parameter(name, nn.Parameter(torch.zeros(1, 1, self.embed_dims)))
        self.interpolate_mode = interpolate_mode
        if with_pos_embed:
            self.pos_embed = nn.Parameter(torch.zeros(1, self.num_positions, self.embed_dims))
            self.register_load_state_dict_pre_hook(_fit_pos_embed)
        self.drop_after_pos = nn.Dropout(drop_rate)

    def set_layers(
        self,
        layer: type[nn.Module],
        settings: Mapping[str, Any],
        drop_path_rate: float,
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        **common: Any,
    ) -> None:
        """Make the layers of :meth:`encode`.

        Args:
            layer: Class of a layer.
            settings: Settings of the arch; a layer takes all but ``num_layers`` (and ``depth``, which 1.x's
                necks read).
            drop_path_rate: Stochastic-depth rate of the last layer.
            layer_cfgs: Arguments that overrule all others, for all layers or one by one.
            **common: Further arguments of all layers.
        """
        rates = drop_path_rates(drop_path_rate, self.num_layers)
        common.update((key, value) for key, value in settings.items() if key not in ("num_layers", "depth"))
        self.layers = ModuleList(
            layer(**{**common, "drop_path_rate": rate, **cfg})
            for rate, cfg in zip(rates, per_layer(layer_cfgs, self.num_layers))
        )

    def set_output(
        self,
        out_indices: int | Sequence[int],
        out_type: OutType,
        norm: Norm,
        final_norm: bool = True,
    ) -> None:
        """Make the modules of :meth:`format`.

        Args:
            out_indices: Layers whose output is returned; negative indices count from the end.
            out_type: What is returned, see :meth:`format`.
            norm: The normalisation.
            final_norm: Normalise the output of the last layer.
        """
        self.set_out_type(out_type)
        self.out_indices = self.take_indices(out_indices, self.num_layers)
        self.final_norm = final_norm
        if final_norm:
            self.ln1 = norm(self.embed_dims)
        if out_type == "avg_featmap":
            self.ln2 = norm(self.embed_dims)

    def set_out_type(self, out_type: OutType) -> None:
        """Check and keep what :meth:`format` returns."""
        if out_type not in self.OUT_TYPES:
            raise ArgumentError(
                f"{type(self).__name__} has no out_type {out_type!r}",
                hint=f"Choose one of {sorted(self.OUT_TYPES)}.",
                key="out_type",
            )
        if out_type == "cls_token" and not self.with_cls_token:
            raise ArgumentError("out_type='cls_token' needs with_cls_token=True", key="out_type")
        self.out_type = out_type

    def set_arch(self, arch: str | Mapping[str, Any]) -> Mapping[str, Any]:
        """Look up the settings of ``arch`` and keep its width and depth."""
        settings = self.get_arch(arch)
        self.embed_dims: int = settings["embed_dims"]
        self.num_layers: int = settings["num_layers"]
        return settings

    @property
    def num_extra_tokens(self) -> int:
        """Number of tokens before those of the patches, with the registers."""
        registers = 0 if self.register_tokens is None else self.register_tokens.shape[1]
        return len(self.extra_tokens) + registers

    @property
    def num_extra_positions(self) -> int:
        """How many of them have position embeddings."""
        return len(self.extra_tokens)

    @property
    def num_positions(self) -> int:
        """Number of position embeddings for images of the usual size."""
        return self.patch_resolution[0] * self.patch_resolution[1] + self.num_extra_positions

    def init_weights(self) -> None:
        """Initialise the embedding of images, then as ``init_cfg`` says."""
        self.init_embedding()
        super().init_weights()

    def init_embedding(self) -> None:
        """Start with small random positions and extra tokens; the class token starts at 0, as in 1.x."""
        for name in ("pos_embed", "register_tokens", *self.extra_tokens):
            token = getattr(self, name, None)
            if name != "cls_token" and token is not None:
                nn.init.trunc_normal_(token, std=0.02)

    def freeze_groups(self) -> list[list[str]]:
        """The stem without the mask token, then each layer; the last one with the norms after it."""
        stem, *layers = self.layer_groups()
        stem = [name for name in stem if name != "mask_token"]
        return [stem, *layers[:-1], [*layers[-1], "ln1", "ln2"]]

    def layer_groups(self) -> list[list[str]]:
        """The stem, then each layer."""
        stem = ["patch_embed", "pos_embed", "drop_after_pos", "pre_norm", "mask_token", "register_tokens"]
        stem += self.extra_tokens
        return [stem, *([f"layers.{i}"] for i in range(self.num_layers))]

    # -- the way through ----------------------------------------------------------------------------

    def forward(self, x: Tensor) -> tuple[Any, ...]:
        """Return the outputs of the layers in ``out_indices`` for images (B, 3, H, W)."""
        tokens, hw = self.embed(x)
        return tuple(self.format(out, hw) for out in self.encode(tokens, hw))

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Make tokens (B, N, C) of images, and the grid (h, w) of their patches."""
        patches, hw = self.patch_embed(x)
        return self.add_tokens(patches, hw), hw

    def add_tokens(self, patches: Tensor, hw: tuple[int, int]) -> Tensor:
        """Put the extra tokens before the patches (B, h * w, C) and add position embeddings."""
        tokens = torch.cat((*self.expanded_tokens(patches.shape[0]), patches), dim=1)
        if self.pos_embed is not None:
            tokens = tokens + self.pos_embed_for(hw)
        return self.with_registers(self.drop_after_pos(tokens))

    def with_registers(self, tokens: Tensor) -> Tensor:
        """Put the registers between the extra tokens and the patches of tokens (B, N, C)."""
        if self.register_tokens is None:
            return tokens
        count = len(self.extra_tokens)
        registers = self.register_tokens.expand(tokens.shape[0], -1, -1)
        return torch.cat((tokens[:, :count], registers, tokens[:, count:]), dim=1)

    def expanded_tokens(self, batch: int) -> list[Tensor]:
        """The extra tokens for ``batch`` images, each (B, 1, C)."""
        return [getattr(self, name).expand(batch, -1, -1) for name in self.extra_tokens]

    def pos_embed_for(self, hw: tuple[int, int]) -> Tensor:
        """The position embeddings (1, N, C) for a grid of patches."""
        assert self.pos_embed is not None
        return resize_pos_embed(
            self.pos_embed, self.patch_resolution, hw, self.interpolate_mode, self.num_extra_positions
        )

    def encode(self, x: Tensor, hw: tuple[int, int]) -> list[Tensor]:
        """Run tokens (B, N, C) through the layers; return what those in ``out_indices`` put out."""
        outs = []
        inputs = self.layer_inputs(hw)
        for i, layer in enumerate(self.layers):
            x = self.run(layer, x, *inputs)
            if i == self.num_layers - 1 and self.final_norm:
                x = self.ln1(x)
            if i in self.out_indices:
                outs.append(x)
        return outs

    def layer_inputs(self, hw: tuple[int, int]) -> tuple[Any, ...]:
        """Inputs that all layers take besides the tokens."""
        return ()

    def format(self, x: Tensor, hw: tuple[int, int]) -> Any:
        """Make an output of tokens (B, N, C).

        As ``out_type`` says: ``'raw'`` all tokens (B, N, C), ``'cls_token'`` the class token (B, C),
        ``'featmap'`` the patches as a map (B, C, h, w), ``'avg_featmap'`` their normalised mean (B, C).
        """
        if self.out_type == "raw":
            return x
        if self.out_type == "cls_token":
            return x[:, 0]
        patches = x[:, self.num_extra_tokens :]
        return to_image(patches, hw) if self.out_type == "featmap" else self.ln2(patches.mean(dim=1))

    @staticmethod
    def resize_pos_embed(*args: Any, **kwargs: Any) -> Tensor:
        """:func:`mmpretrain.models.layers.resize_pos_embed`, under the name that 1.x gave it here."""
        return resize_pos_embed(*args, **kwargs)


def _fit_pos_embed(module: TransformerBackbone, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    grid, mode = module.patch_resolution, module.interpolate_mode
    fit_pos_embed(state_dict, f"{prefix}pos_embed", module.pos_embed, grid, mode, module.num_extra_positions)
