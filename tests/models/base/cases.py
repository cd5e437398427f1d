"""What the tests of base classes share."""

from __future__ import annotations

from torch import nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import (
    BaseModel,
)


class Regression(BaseModel):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(2, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        out = self.fc(inputs)
        if mode == "loss":
            return {"loss_fit": (out - 1) ** 2, "loss_list": [out**2, out**2], "acc": out.detach()}
        return [mode, out]


class Tiny(BaseBackbone):
    arch_settings = {("s", "small"): {"width": 2}, "l": {"width": 4}}

    def __init__(
        self, arch="s", out_indices=-1, init_cfg=None, *,
        frozen_stages=-1, norm_eval=False, with_cp=False, freeze=None,
    ):  # fmt: skip
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        width = self.get_arch(arch)["width"]
        self.stem = nn.Conv2d(3, width, 1)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width)) for _ in range(3)
        )
        self.norm = nn.BatchNorm2d(width)
        self.out_indices = self.take_indices(out_indices, 3)
        self.freeze_declared(__class__)

    def freeze_groups(self):
        return [["stem"], *([f"stages.{i}"] for i in range(3))]

    def forward(self, x):
        x = self.stem(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = self.run(stage, x)
            if i in self.out_indices:
                outs.append(self.norm(x) if i == 2 else x)
        return tuple(outs)
