"""Optimizers of optional packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from mmpretrain.registry import OPTIMIZERS
from mmpretrain.utils.optional import optional_import

#: Name in configs -> the package that has it.
PACKAGES = {
    "Adafactor": "transformers",
    "DAdaptAdaGrad": "dadaptation",
    "DAdaptAdam": "dadaptation",
    "DAdaptSGD": "dadaptation",
    "SophiaG": "Sophia",
}


def _factory(name: str, package: str) -> Callable[..., Optimizer]:
    def build(params: ParamsT, **kwargs: Any) -> Optimizer:
        return getattr(optional_import(package, feature=f"The optimizer {name}"), name)(params, **kwargs)

    build.__name__ = name
    build.__doc__ = f"Build {package}.{name}."
    return build


for _name, _package in PACKAGES.items():
    OPTIMIZERS.register_module(name=_name, module=_factory(_name, _package))
