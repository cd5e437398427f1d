"""Simpler forms of trained models: branches merged into one layer, low-rank additions into their layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.models.peft.lora import LoRALinear, LoRAModel
from mmpretrain.registry import MODELS

#: Options of constructors that ask for the form for deployment.
OPTIONS = ("deploy", "small_kernel_merged")
#: How far results of both forms may be apart, as a share of the largest.
TOLERANCE = 1e-3


def deployable_parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield name and module of the outermost parts that have a form for deployment."""
    for name, child in model.named_children():
        if hasattr(child, "switch_to_deploy"):
            yield name, child
        else:
            yield from ((f"{name}.{inner}", part) for inner, part in deployable_parts(child))


def switch_to_deploy(model: nn.Module) -> list[str]:
    """Bring a model into its form for deployment, in place; return the names of the parts that have one."""
    parts = list(deployable_parts(model))
    for _, part in parts:
        part.switch_to_deploy()  # type: ignore[operator]
    return [name for name, _ in parts]


def reparameterize(model: Any, image: Tensor) -> float:
    """Bring a model with its config into the form for deployment, in place, and prove that results stay.

    Args:
        model: A model that :func:`mmpretrain.init_model` built, in evaluation mode.
        image: An image ``(1, C, H, W)`` to compare results on.

    Returns:
        The largest difference of the results, as a share of the largest result.

    Raises:
        ConfigError: If no part of the model has such a form, or has it already.
        CheckpointError: If the results change.
    """
    with torch.inference_mode():
        before = _flat(model.extract_feat(image))
        names = switch_to_deploy(model)
        if not names:
            raise ConfigError(
                f"no part of this model has a form for deployment: {type(model.backbone).__name__}",
                hint="RepVGG, MobileOne, RepLKNet, LeViT, TinyViT, RIFormer and RepMLP have one.",
            )
        after = _flat(model.extract_feat(image))
    cfg = model._config
    for name in names:
        node, kind = cfg.model, type(model.get_submodule(name))
        for part in name.split("."):
            node = node[part]
        for option in OPTIONS:
            if option in inspect.signature(kind).parameters:
                node[option] = True
    difference = float((before - after).abs().max() / before.abs().max().clamp(min=1e-12))
    if not difference <= TOLERANCE:
        raise CheckpointError(f"the merged layers give other results (difference {difference:.2g})")
    rebuilt = MODELS.build(dict(cfg.model))  # the config describes what is saved
    rebuilt.load_state_dict(model.state_dict())
    return difference


def _flat(features: Any) -> Tensor:
    tensors = features if isinstance(features, (tuple, list)) else [features]
    return torch.cat([_flat(item) if isinstance(item, (tuple, list)) else item.flatten() for item in tensors])


# -- LoRA ----------------------------------------------------------------------------------------------


def merge_lora(model: Any) -> nn.Module:
    """Add the products of thin layers to the weights of their linear layers, and take the wrappers off.

    Args:
        model: A model that :func:`mmpretrain.init_model` built; it is taken apart, and so is its config.

    Returns:
        The model without LoRA; ``_config`` is the config that builds it.

    Raises:
        ConfigError: If there is no LoRA in it.
    """
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, LoRALinear)]
    if not layers:
        raise ConfigError("there is no LoRA in this model: no part of it is a LoRAModel")
    with torch.no_grad():
        for name, layer in layers:
            addition = layer.lora_up.weight @ layer.lora_down.weight * layer.scaling
            layer.original_layer.weight += addition
            _replace(model, name, layer.original_layer)
    for name, wrapper in list(model.named_modules()):
        if isinstance(wrapper, LoRAModel) and name:
            _replace(model, name, wrapper.module)
    cfg = model._config
    cfg.model = _without_wrappers(cfg.model)
    merged = model.module if isinstance(model, LoRAModel) else model
    merged._config, merged._dataset_meta = cfg, model._dataset_meta
    return merged


def _replace(model: nn.Module, name: str, part: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, part)


def _without_wrappers(node: Any) -> Any:
    """Return the config of a model with each LoRAModel replaced by what it wraps."""
    if not isinstance(node, dict):
        return node
    if str(node.get("type")).rpartition(".")[2] == "LoRAModel":
        return _without_wrappers(node["module"])
    return {key: _without_wrappers(value) for key, value in node.items()}
