"""The optimizers of torch, under their own names."""

from __future__ import annotations

import inspect

import torch

from mmpretrain.registry import OPTIMIZERS

for _name, _class in inspect.getmembers(torch.optim, inspect.isclass):
    if issubclass(_class, torch.optim.Optimizer):
        # Before torch had an Adafactor, the name meant that of transformers.
        OPTIMIZERS.register_module(name="TorchAdafactor" if _name == "Adafactor" else _name, module=_class)
