"""ConvMixer (`Patches Are All You Need? <https://arxiv.org/abs/2201.09792>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.layers.configurable import act_from, norm_from
from mmpretrain.registry import MODELS


class Residual(nn.Module):
    """Adds its input to what a module makes of it."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x``; the shape stays."""
        return self.fn(x) + x


@MODELS.register_module()
class ConvMixer(BaseBackbone):
    """ConvMixer: patches, then layers of one depth-wise and one point-wise convolution.

    From `Patches Are All You Need? <https://arxiv.org/abs/2201.09792>`_.

    ======= ========== ===== ========== ===========
    arch    embed_dims depth patch_size kernel_size
    ======= ========== ===== ========== ===========
    768/32  768        32    7          7
    1024/20 1024       20    14         9
    1536/20 1536       20    7          9
    ======= ========== ===== ========== ===========

    Args:
        arch: A name of the table, or a dict with its columns.
        in_channels: Channels of the image.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        out_indices: Layers to output.
        frozen_stages: Freeze that many layers, and the patches before them; 0 freezes nothing.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[str, Mapping[str, int]] = {
        "768/32": {"embed_dims": 768, "depth": 32, "patch_size": 7, "kernel_size": 7},
        "1024/20": {"embed_dims": 1024, "depth": 20, "patch_size": 14, "kernel_size": 9},
        "1536/20": {"embed_dims": 1536, "depth": 20, "patch_size": 7, "kernel_size": 9},
    }

    def __init__(
        self,
        arch: str | Mapping[str, int] = "768/32",
        in_channels: int = 3,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "GELU"},  # noqa: B006
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        settings = self.get_arch(arch)
        dims, depth, patch = settings["embed_dims"], settings["depth"], settings["patch_size"]
        self.stage_names = tuple(f"stages.{i}" for i in range(depth))
        self.out_indices = self.take_indices(out_indices, depth)

        def activated(conv: nn.Module) -> list[nn.Module]:
            return [conv, act(), norm(dims)]

        def layer() -> nn.Module:
            across = nn.Conv2d(dims, dims, settings["kernel_size"], groups=dims, padding="same")
            return nn.Sequential(
                Residual(nn.Sequential(*activated(across))), *activated(nn.Conv2d(dims, dims, 1))
            )

        self.stem = nn.Sequential(*activated(nn.Conv2d(in_channels, dims, patch, stride=patch)))
        self.stages = nn.Sequential(*(layer() for _ in range(depth)))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """Nothing; the patches with the first layer; each other layer."""
        first, *rest = self.stage_names
        return [[], ["stem", first], *([name] for name in rest)]

    def layer_groups(self) -> Sequence[Sequence[str]]:
        return [["stem"], *([name] for name in self.stage_names)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to layers (B, C, H / patch_size, W / patch_size)."""
        return self.forward_stages(self.stem(x), self.stage_names)
