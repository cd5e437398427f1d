"""Putting the tensors of a checkpoint into a model, and saying what fitted."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from mmpretrain.errors import CheckpointError
from mmpretrain.utils import layouts

logger = logging.getLogger(__name__)

#: Prefixes that tools put in front of every key, or that a checkpoint of a whole model has.
KNOWN_PREFIXES = ("module.", "backbone.", "model.", "encoder.", "student.", "teacher.", "ema_")

#: Below this share of loaded tensors, a checkpoint is taken for one of another model.
HARDLY_ANY = 0.1

#: Buffers that modules compute themselves, and that many libraries do not write down.
COMPUTED = ("relative_position_index", "relative_coords_table")


@dataclass
class LoadReport:
    """What became of each tensor of a model when a checkpoint was loaded.

    Args:
        loaded: Keys of the model that were filled.
        missing: Keys of the model that the checkpoint does not have.
        unexpected: Keys of the checkpoint that the model does not have.
        mismatched: Key -> (shape in the checkpoint, shape in the model); the model's tensor is kept.
    """

    loaded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of tensors in the model."""
        return len(self.loaded) + len(self.missing) + len(self.mismatched)

    def summary(self) -> str:
        """Return one or a few lines: how much was loaded, and what was not."""
        parts = Counter(key.partition(".")[0] for key in [*self.loaded, *self.missing, *self.mismatched])
        filled = Counter(key.partition(".")[0] for key in self.loaded)
        shares = ", ".join(f"{part} {100 * filled[part] / count:.0f} %" for part, count in parts.items())
        lines = [f"Loaded {len(self.loaded)}/{self.total} tensors ({shares})."]
        modules = {key.rpartition(".")[0]: shapes for key, shapes in self.mismatched.items()}
        for name, (theirs, ours) in modules.items():
            place = next((i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b), 0)
            expected = " (expected when fine-tuning)" if name.startswith("head") else ""
            sizes = f"{theirs[place]} -> {ours[place]}" if len(theirs) == len(ours) else f"{theirs} -> {ours}"
            lines.append(f"{name} keeps its initial values: {sizes}{expected}.")
        if self.missing:
            lines.append(f"Not in the checkpoint: {_shorten(self.missing)}.")
        if self.unexpected:
            lines.append(f"Not in the model: {_shorten(self.unexpected)}.")
        return "\n".join(lines)


def load_into(
    model: nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    *,
    strict: bool = False,
    revise_keys: Sequence[tuple[str, str]] = ((r"^module\.", ""),),
    source: str = "the checkpoint",
) -> LoadReport:
    """Fill a model with the tensors of a checkpoint.

    Weights in the layout of another library, or of 0.x, are translated first if they fit then
    (:mod:`mmpretrain.utils.layouts`). Tensors whose shape differs keep the model's values, except where the
    model's own hooks convert them (position embeddings, bias tables, old key names).

    Args:
        model: The model; its tensors are overwritten in place.
        state_dict: Key -> tensor.
        strict: Whether anything that does not fit is an error.
        revise_keys: Regular expressions and their replacements, applied to the keys.
        source: What to call the checkpoint in messages.

    Raises:
        CheckpointError: If almost nothing fits, with the prefix that would make it fit; with ``strict``, if
            anything does not.
    """
    revised = _revise(state_dict, revise_keys)
    offered = list(revised)
    translated = layouts.fit(revised, model.state_dict())
    if translated is not None:
        logger.info("%s is in the layout %s: its keys are translated", source, translated.layout.name)
        revised = translated.weights
    report = _copy(model, revised)
    if strict and (report.missing or report.unexpected or report.mismatched):
        raise CheckpointError(f"{source} does not fit the model. {report.summary()}")
    # Batch norm counts its batches from zero where a checkpoint does not say; that is no sign of a fit.
    fitting = [key for key in report.loaded if not key.endswith("num_batches_tracked")]
    if len(fitting) < HARDLY_ANY * report.total:
        raise CheckpointError(
            f"{source} is for another model: only {len(fitting)} of {report.total} tensors fit",
            hint=_better_keys(offered, model.state_dict()),
        )
    return report


def _revise(
    state_dict: Mapping[str, torch.Tensor], rules: Sequence[tuple[str, str]]
) -> dict[str, torch.Tensor]:
    revised = dict(state_dict)
    for pattern, replacement in rules:
        revised = {re.sub(pattern, replacement, key): value for key, value in revised.items()}
    return revised


def _copy(model: nn.Module, tensors: dict[str, torch.Tensor]) -> LoadReport:
    """Copy what fits, module by module, so that each module's own load hooks see (and may convert) it."""
    missing: list[str] = []
    unexpected: list[str] = []
    problems: list[str] = []

    def visit(module: nn.Module, prefix: str) -> None:
        module._load_from_state_dict(tensors, prefix, {}, True, missing, unexpected, problems)
        for name, child in module.named_children():
            visit(child, f"{prefix}{name}.")

    visit(model, "")
    missing = [key for key in missing if not key.endswith(COMPUTED)]
    report = LoadReport(missing=missing, unexpected=unexpected)
    absent = set(missing)
    for key, value in model.state_dict(keep_vars=True).items():
        if key in absent or not isinstance(value, torch.Tensor):
            continue
        theirs = tensors.get(key)
        if theirs is not None and theirs.shape != value.shape:
            report.mismatched[key] = (tuple(theirs.shape), tuple(value.shape))
        else:
            report.loaded.append(key)
    return report


def _better_keys(offered: Sequence[str], wanted: Mapping[str, object]) -> str:
    """Say which prefix would make the keys fit, if one would."""
    best, fitting = "", 0
    for prefix in KNOWN_PREFIXES:
        removed = sum(key.removeprefix(prefix) in wanted for key in offered if key.startswith(prefix))
        added = sum(prefix + key in wanted for key in offered)
        for count, advice in (
            (
                removed,
                f"Its keys begin with {prefix!r}: use init_cfg=dict(type='Pretrained', prefix={prefix!r})",
            ),
            (added, f"Its keys lack the prefix {prefix!r}: load it into model.{prefix.rstrip('.')}"),
        ):
            if count > fitting:
                best, fitting = f"{advice}; then {count} tensors fit.", count
    if best:
        return best
    example = f"e.g. {offered[0]!r}" if offered else "nothing at all"
    return f"It holds {example}, the model wants e.g. {next(iter(wanted), 'nothing')!r}."


def _shorten(keys: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(keys[:limit])
    return f"{shown} and {len(keys) - limit} more" if len(keys) > limit else shown
