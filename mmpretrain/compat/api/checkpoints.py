"""Loading and saving weights, under the names of MMEngine and MMCV. Files never run code here."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmpretrain import __version__
from mmpretrain.checkpoints import fitting, serialization
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.utils.logging import print_log


def _load_checkpoint(filename: str, map_location: Any = None, logger: Any = None) -> dict[str, Any]:
    """Read a checkpoint from a path or an address.

    Args:
        filename: The path or the address.
        map_location: Where tensors go; the CPU by default.
        logger: Accepted for compatibility.
    """
    return serialization.load(filename, map_location or "cpu")


def _load_checkpoint_with_prefix(prefix: str, filename: str, map_location: Any = None) -> dict[str, Any]:
    """Return the weights of a part of a model, without the prefix of their keys."""
    weights = weights_of(_load_checkpoint(filename, map_location))
    start = prefix if prefix.endswith(".") else f"{prefix}."
    part = {key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)}
    if not part:
        raise KeyError(f"No key of {filename} begins with {start!r}")
    return part


class CheckpointLoader:
    """Reads checkpoints, whatever their address looks like."""

    @staticmethod
    def load_checkpoint(filename: str, map_location: Any = None, logger: Any = "current") -> dict[str, Any]:
        """Read a checkpoint from a path or an address."""
        return _load_checkpoint(filename, map_location, logger)


def load_checkpoint(
    model: nn.Module,
    filename: str,
    map_location: Any = None,
    strict: bool = False,
    logger: Any = None,
    revise_keys: Sequence[tuple[str, str]] = ((r"^module\.", ""),),
) -> dict[str, Any]:
    """Fill a model from a checkpoint, and return the checkpoint.

    Args:
        model: The model.
        filename: Path or address of the checkpoint.
        map_location: Where its tensors go; the CPU by default.
        strict: Whether anything that does not fit is an error.
        logger: Where to say what was loaded.
        revise_keys: Regular expressions and their replacements for keys that the model does not have.
    """
    content = _load_checkpoint(filename, map_location)
    report = fitting.load_into(
        _unwrapped(model), weights_of(content), strict=strict, revise_keys=revise_keys, source=filename
    )
    print_log(report.summary(), logger or "current", logging.INFO)
    return content


def load_state_dict(
    module: nn.Module, state_dict: Mapping[str, torch.Tensor], strict: bool = False, logger: Any = None
) -> None:
    """Fill a module with tensors by key, and say what did not fit.

    Args:
        module: The module.
        state_dict: Key -> tensor.
        strict: Whether anything that does not fit is an error.
        logger: Where to say what did not fit.
    """
    report = fitting.load_into(_unwrapped(module), state_dict, strict=strict, source="the state dict")
    if report.missing or report.unexpected or report.mismatched:
        print_log(report.summary(), logger or "current", logging.WARNING)


def _unwrapped(model: nn.Module) -> nn.Module:
    inner = getattr(model, "module", None)
    return inner if isinstance(inner, nn.Module) else model


def weights_to_cpu(state_dict: Mapping[str, torch.Tensor]) -> OrderedDict[str, torch.Tensor]:
    """Copy tensors to the CPU."""
    return OrderedDict((key, value.cpu()) for key, value in state_dict.items())


def get_state_dict(
    module: nn.Module, destination: Any = None, prefix: str = "", keep_vars: bool = False
) -> dict[str, torch.Tensor]:
    """Return the tensors of a module; of a wrapper, those of the model inside."""
    return _unwrapped(module).state_dict(destination=destination, prefix=prefix, keep_vars=keep_vars)


def save_checkpoint(
    model: Any,
    filename: str | os.PathLike[str],
    optimizer: Any = None,
    meta: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Write a checkpoint.

    Args:
        model: A model (MMCV), or the whole content of the checkpoint (MMEngine).
        filename: Where to write.
        optimizer: An optimizer, or several by name, to store too.
        meta: Facts to store.
        **kwargs: Accepted for compatibility.
    """
    if isinstance(model, Mapping):
        serialization.save(dict(model), filename)
        return
    facts = {"mmpretrain_version": __version__, **(meta or {})}
    inner = _unwrapped(model)
    if getattr(inner, "CLASSES", None) is not None:
        facts.setdefault("CLASSES", inner.CLASSES)
    content = {"meta": facts, "state_dict": weights_to_cpu(inner.state_dict())}
    if isinstance(optimizer, Mapping):
        content["optimizer"] = {name: item.state_dict() for name, item in optimizer.items()}
    elif optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    serialization.save(content, filename)


def find_latest_checkpoint(path: str) -> str | None:
    """Return the checkpoint that a run in this folder wrote last; None if there is none."""
    pointer = Path(path, "last_checkpoint")
    if not pointer.is_file():
        print_log("Did not find last_checkpoint to be resumed.", "current", logging.WARNING)
        return None
    return pointer.read_text(encoding="utf-8").strip()
