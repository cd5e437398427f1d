"""Small models and settings whose reference numbers are in ``data`` folders; torch only, no mmpretrain.

The same functions ran in the reference environment (mmpretrain 1.2, mmengine 0.10.7) to produce the numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """A depth-wise convolution, a norm and a bare parameter."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dw = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.gamma[:, None, None] * self.norm(self.dw(x)).relu()


class TinyNet(nn.Module):
    """Has a parameter of each kind that ``paramwise_cfg`` knows."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, 6, 1, 1))
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.blocks = nn.ModuleList([Block(6), Block(6)])
        self.ln = nn.LayerNorm(6)
        self.head = nn.Linear(6, 4)
        for index, param in enumerate(self.parameters()):
            wave = torch.sin(torch.arange(param.numel(), dtype=torch.float64) * 0.7 + index)
            param.data = (0.3 * wave + (1.0 if param.ndim == 1 else 0.0)).view(param.shape).float()

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x.mean((2, 3))))

    def get_layer_depth(self, param_name: str, prefix: str = "") -> tuple[int, int]:
        if param_name.startswith(("stem", "pos_embed")):
            return 0, 4
        if param_name.startswith("blocks."):
            return int(param_name.split(".")[1]) + 1, 4
        return 3, 4


def batch(step: int, size: int = 4) -> tuple[Tensor, Tensor]:
    images = torch.cos(torch.arange(size * 3 * 25, dtype=torch.float64) * (0.31 + 0.01 * step)).float()
    return images.view(size, 3, 5, 5), torch.arange(size) % 4


PARAMWISE = {
    "bias_lr_mult": 2.0,
    "bias_decay_mult": 0.5,
    "norm_decay_mult": 0.1,
    "dwconv_decay_mult": 0.2,
    "flat_decay_mult": 0.0,
    "custom_keys": {
        ".pos_embed": {"decay_mult": 0.0},
        "blocks.1": {"lr_mult": 0.1},
        "blocks.1.norm": {"lr_mult": 0.3, "decay_mult": 0.7, "tag": "x"},
    },
}
LAYER_DECAY = {
    "constructor": "LearningRateDecayOptimWrapperConstructor",
    "paramwise_cfg": {
        "layer_decay_rate": 0.65,
        "norm_decay_mult": 0.0,
        "bias_decay_mult": 0.0,
        "flat_decay_mult": 0.3,
        "custom_keys": {"pos_embed": {"decay_mult": 0.0}, "head": {"decay_mult": 0.5, "tag": 1}},
    },
}

SGD = {"type": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}
ADAMW = {"type": "AdamW", "lr": 0.01, "weight_decay": 0.05}

#: Name -> optim_wrapper of a config.
WRAPPERS: dict[str, dict] = {
    "sgd": {"optimizer": SGD},
    "nesterov": {"optimizer": {**SGD, "nesterov": True}},
    "adamw": {"optimizer": ADAMW},
    "adam": {"optimizer": {"type": "Adam", "lr": 0.01}},
    "rmsprop": {"optimizer": {"type": "RMSprop", "lr": 0.004, "momentum": 0.9, "alpha": 0.9, "eps": 0.0316}},
    "clip_norm": {"optimizer": SGD, "clip_grad": {"max_norm": 0.1}},
    "clip_value": {"optimizer": SGD, "clip_grad": {"type": "value", "clip_value": 0.01}},
    "accumulate": {"optimizer": SGD, "accumulative_counts": 3},
    "accumulate_clip": {"optimizer": ADAMW, "accumulative_counts": 4, "clip_grad": {"max_norm": 0.5}},
    "paramwise_sgd": {"optimizer": SGD, "paramwise_cfg": PARAMWISE},
    "paramwise_adamw": {"optimizer": ADAMW, "paramwise_cfg": PARAMWISE},
    "layer_decay": {"optimizer": ADAMW, **LAYER_DECAY},
    "lars": {"optimizer": {"type": "LARS", "lr": 1.6, "momentum": 0.9, "weight_decay": 1e-4}},
    "lars_nesterov": {
        "optimizer": {"type": "LARS", "lr": 1.6, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": True},
        "paramwise_cfg": {"custom_keys": {"bias": {"decay_mult": 0, "lars_exclude": True, "lr_mult": 0.024}}},
    },
    "lars_dampening": {
        "optimizer": {"type": "LARS", "lr": 1.0, "momentum": 0.5, "dampening": 0.2, "eta": 0.01}
    },
    "lamb": {"optimizer": {"type": "Lamb", "lr": 0.01, "weight_decay": 0.02}},
    "lamb_plain": {
        "optimizer": {
            "type": "Lamb",
            "lr": 0.01,
            "weight_decay": 0.0,
            "bias_correction": False,
            "grad_averaging": False,
            "always_adapt": True,
            "trust_clip": True,
            "max_grad_norm": 0.05,
        },
    },
    "lamb_paramwise": {
        "optimizer": {"type": "Lamb", "lr": 0.01, "weight_decay": 0.02},
        "paramwise_cfg": {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0},
    },
    "adan": {"optimizer": {"type": "Adan", "lr": 0.01, "weight_decay": 0.02}},
    "adan_clip": {"optimizer": {"type": "Adan", "lr": 0.01, "weight_decay": 0.02, "max_grad_norm": 0.2}},
    "adan_single": {
        "optimizer": {"type": "Adan", "lr": 0.01, "foreach": False, "no_prox": True, "weight_decay": 0.1}
    },
}

STEPS = 7

#: Name -> averaged model and its arguments.
AVERAGES: dict[str, tuple[str, dict]] = {
    "ema": ("ExponentialMovingAverage", {"momentum": 0.1}),
    "ema_buffers": ("ExponentialMovingAverage", {"momentum": 0.1, "update_buffers": True}),
    "ema_interval": ("ExponentialMovingAverage", {"momentum": 0.2, "interval": 3}),
    "annealing": ("MomentumAnnealingEMA", {"momentum": 0.02, "gamma": 3}),
    "swa": ("StochasticWeightAverage", {}),
    "swa_interval": ("StochasticWeightAverage", {"interval": 2, "update_buffers": True}),
    "cosine": ("CosineEMA", {"momentum": 0.3, "end_momentum": 0.05}),
}


def train(wrapper, model: nn.Module, steps: int = STEPS, after_step=lambda: None) -> list[float]:
    """Return the losses of some steps."""
    losses = []
    wrapper.initialize_count_status(model, 0, steps)
    for step in range(steps):
        images, labels = batch(step)
        with wrapper.optim_context(model):
            loss = nn.functional.cross_entropy(model(images), labels)
        wrapper.update_params(loss)
        losses.append(loss.item())
        after_step()
    return losses


def fingerprint(model: nn.Module) -> list[float]:
    """Return one number for each floating-point tensor of a model."""
    tensors = [v for v in model.state_dict().values() if v.is_floating_point()]
    return [float((v.double() * torch.cos(torch.arange(v.numel())).view(v.shape)).sum()) for v in tensors]


def settings(group: dict) -> dict:
    """Return the settings of a parameter group that ``paramwise_cfg`` can change."""
    keys = "lr weight_decay lr_mult decay_mult tag lars_exclude lr_scale layer_id param_name"
    return {key: group[key] for key in keys.split() if key in group}


# -- a whole run ----------------------------------------------------------------------------------------


class TrainableNet(TinyNet):
    """``TinyNet`` with the interface that a runner needs."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def train_step(self, data: dict, optim_wrapper) -> dict[str, Tensor]:
        with optim_wrapper.optim_context(self):
            loss = nn.functional.cross_entropy(self(data["images"]), data["labels"])
        optim_wrapper.update_params(loss)
        self.losses.append(loss.item())
        return {"loss": loss}


class Waves(torch.utils.data.Dataset):
    """The samples of six batches."""

    def __init__(self) -> None:
        batches = [batch(step) for step in range(6)]
        self.images = torch.cat([images for images, _ in batches])
        self.labels = torch.cat([labels for _, labels in batches])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"images": self.images[index], "labels": self.labels[index]}


def run_config(work_dir: str) -> dict:
    """Arguments of a runner: everything that acts on weights, in one run of four epochs."""
    return {
        "model": TrainableNet(),
        "work_dir": work_dir,
        "train_dataloader": {
            "dataset": Waves(),
            "batch_size": 4,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "collate_fn": {"type": "default_collate"},
        },
        "train_cfg": {"by_epoch": True, "max_epochs": 4},
        "optim_wrapper": {
            "optimizer": ADAMW,
            "accumulative_counts": 2,
            "clip_grad": {"max_norm": 1.0},
            "paramwise_cfg": {"norm_decay_mult": 0.0, "bias_lr_mult": 2.0},
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "end": 1, "convert_to_iter_based": True},
            {
                "type": "CosineAnnealingLR",
                "begin": 1,
                "T_max": 3,
                "eta_min": 1e-4,
                "convert_to_iter_based": True,
            },
            {"type": "CosineAnnealingWeightDecay", "T_max": 4, "eta_min": 0.2},
            {"type": "LinearMomentum", "start_factor": 0.9, "by_epoch": False, "end": 10},
        ],
        "custom_hooks": [
            {"type": "EMAHook", "momentum": 0.1, "begin_iter": 3},
            {"type": "PreciseBNHook", "num_samples": 12},
        ],
        "default_hooks": {"checkpoint": {"type": "CheckpointHook", "interval": 1}},
        "randomness": {"seed": 0},
    }
