"""A copy of a convolutional network that gives the same scores in less time."""

from __future__ import annotations

import copy
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmpretrain.apis.fused import fuse

logger = logging.getLogger(__name__)

#: How much scores of the copy may differ, relative to the largest, before it is not used.
TOLERANCE = 1e-4


def fold(model: nn.Module, run: Callable[[nn.Module], Any]) -> nn.Module | None:
    """Copy a model, with batch norms folded into the convolutions before them, and channels last.

    Which norm follows which convolution is seen in a forward pass. The copy is compared with the model.

    Args:
        model: A model in evaluation mode.
        run: Runs a model on a batch; returns a tensor of scores or features, or a nest of them.

    Returns:
        The copy; None if the model has no such norms, or works in another way.
    """
    if not _is_plain(model):
        return None
    with torch.inference_mode():
        expected, pairs = _run_and_pair(model, run)
        if not pairs:
            return None
        try:
            faster = copy.deepcopy(model)
            for conv, norm in pairs:
                fused = fuse_conv_bn_eval(faster.get_submodule(conv), faster.get_submodule(norm))  # type: ignore[type-var]
                _replace(faster, conv, fused)
                _replace(faster, norm, nn.Identity())
            faster.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            found = run(faster)
            if _same(found, expected) and _on_processor(faster):
                return _fused(faster, run, expected)
        except Exception as error:  # a model that looks into its norms, or cannot be copied
            logger.debug("The model is used as it is: %s", error)
            return None
    return faster if _same(found, expected) else None


def _fused(model: nn.Module, run: Callable[[nn.Module], Any], expected: Any) -> nn.Module:
    """Let convolutions run with what follows them, if that gives the same; return the model."""
    try:
        if fuse(model) and _same(run(model), expected):
            return model
    except Exception as error:  # an operator that this processor or this torch does not have
        logger.debug("Convolutions are not fused: %s", error)
    vars(model).pop("forward", None)
    return model


def _on_processor(model: nn.Module) -> bool:
    return all(p.device.type == "cpu" and p.dtype is torch.float32 for p in model.parameters())


class Folded:
    """Stands in for a model, once it has run on enough images for a copy of its backbone to pay.

    Head, neck and preprocessor are those of the model. If weights or settings of the backbone change, or
    someone watches its layers, the model itself runs.

    Args:
        model: The model.
        enough: How many images it must have run on.
    """

    def __init__(self, model: nn.Module, enough: int = 32) -> None:
        self.model, self.enough = model, enough
        self.seen = 0
        self.state: object = None
        self.backbone: nn.Module | None = None
        self.tried = False

    def for_batch(self, batch: dict[str, Any]) -> Any:
        """Return what is to run on a batch."""
        backbone = getattr(self.model, "backbone", None)
        if not isinstance(backbone, nn.Module) or backbone.training or not _is_plain(backbone):
            return self.model
        state = _state_of(backbone)
        if state is None or state != self.state:
            self.state, self.seen, self.backbone, self.tried = state, 0, None, False
        if self.seen >= self.enough and not self.tried and state is not None:
            self.tried = True
            inputs = self.model.data_preprocessor(batch, False)["inputs"][:2]  # type: ignore[operator]
            self.backbone = fold(backbone, lambda module: module(inputs))
        self.seen += len(batch["inputs"])
        if self.backbone is None:
            return self.model
        shadow = copy.copy(self.model)
        shadow._modules = {**self.model._modules, "backbone": self.backbone}
        return shadow


def _state_of(module: nn.Module) -> object | None:
    """What changes when weights or settings do; None if that cannot be seen."""
    try:
        tensors = (*module.parameters(), *module.buffers())
        weights = tuple((tensor.data_ptr(), tensor._version) for tensor in tensors)
    except RuntimeError:  # of tensors that were made in inference mode
        return None
    settings = {k: v for k, v in vars(module).items() if isinstance(v, (bool, int, float, str, tuple))}
    return id(module), weights, settings


def _is_plain(model: nn.Module) -> bool:
    """Whether the modules have no hooks but ours, which only check inputs."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    hooks = (hook for m in model.modules() for kind in kinds for hook in getattr(m, kind, {}).values())
    return all(str(getattr(hook, "__module__", "")).startswith("mmpretrain.") for hook in hooks)


def _run_and_pair(model: nn.Module, run: Callable[[nn.Module], Any]) -> tuple[Any, list[tuple[str, str]]]:
    """Run a model, and return its output and the names of convolutions and of the norms right behind them."""
    made: dict[int, tuple[str, Tensor]] = {}
    calls: Counter[str] = Counter()
    pairs: list[tuple[str, str]] = []

    def after_conv(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            calls[name] += 1
            made[id(output)] = (name, output)  # kept, so that no other tensor has its id

        return hook

    def before_norm(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any) -> None:
            calls[name] += 1
            if args and id(args[0]) in made:
                pairs.append((made.pop(id(args[0]))[0], name))

        return hook

    handles = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(after_conv(name)))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            handles.append(module.register_forward_pre_hook(before_norm(name)))
    try:
        output = run(model)
    finally:
        for handle in handles:
            handle.remove()
    return output, [pair for pair in pairs if calls[pair[0]] == calls[pair[1]] == 1]


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, Tensor):
        largest = max(1.0, expected.abs().max().item()) if expected.numel() else 1.0
        same_shape = isinstance(found, Tensor) and found.shape == expected.shape
        return same_shape and (found - expected).abs().max().item() <= TOLERANCE * largest
    if isinstance(expected, dict):
        return all(_same(found[key], value) for key, value in expected.items())
    if isinstance(expected, (tuple, list)):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return found == expected
