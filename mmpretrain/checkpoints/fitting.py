"""Loading the tensors of a checkpoint into a model, and reporting which ones fitted."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import nn
from torch.nn.modules.module import _IncompatibleKeys

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.stems import Shapes, adapt_stems, described
from mmpretrain.errors import CheckpointError

logger = logging.getLogger(__name__)

#: Below this share of loaded tensors, a checkpoint is taken for one of another model.
HARDLY_ANY = 0.1

#: Buffers that modules compute themselves, and that many libraries do not write down.
COMPUTED = (
    "relative_position_index", "relative_coords_table", "rope.freqs_cos", "rope.freqs_sin",
    "attention_bias_idxs",
)  # fmt: skip

#: Layers with these names end a classifier, in models of ours or wrapped ones.
HEAD = re.compile(r"(^|\.)(head|fc|classifier)(\.|$)")


@dataclass
class LoadReport:
    """Report on each tensor of a model after a checkpoint was loaded.

    Args:
        loaded: Keys of the model that were filled.
        missing: Keys of the model that the checkpoint does not have.
        unexpected: Keys of the checkpoint that the model does not have.
        mismatched: Key -> (shape in the checkpoint, shape in the model); the model's tensor is kept.
        resized: Key -> the same, of those among ``loaded`` that were made to fit the model's input size.
        adapted: Key -> the same, of those that were made to fit its number of channels
            (:mod:`mmpretrain.checkpoints.stems`).
    """

    loaded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: dict[str, Shapes] = field(default_factory=dict)
    resized: dict[str, Shapes] = field(default_factory=dict)
    adapted: dict[str, Shapes] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of tensors in the model."""
        return len(self.loaded) + len(self.missing) + len(self.mismatched)

    def summary(self) -> str:
        """Return one line: how much was loaded, and what was not."""
        parts = Counter(key.partition(".")[0] for key in [*self.loaded, *self.missing, *self.mismatched])
        filled = Counter(key.partition(".")[0] for key in self.loaded)
        shares = ", ".join(f"{part} {100 * n // parts[part]} %" for part, n in filled.items())
        said = [f"Loaded {len(self.loaded)}/{self.total} tensors ({shares or 'nothing fits'})."]
        modules: dict[str, Shapes] = {}
        for key, shapes in self.mismatched.items():
            modules.setdefault(key.rpartition(".")[0], shapes)
        others: list[str] = []
        for name, shapes in modules.items():
            if HEAD.search(name) and shapes[0][:1] != shapes[1][:1]:
                said.append(f"{name} re-initialised {_change(shapes)} (expected when fine-tuning).")
            else:
                others.append(f"{name} {_change(shapes)}")
        if others:
            said.append(f"Re-initialised: {_shorten(others)}.")
        if self.resized:
            changes = [f"{key} {_change(shapes)}" for key, shapes in self.resized.items()]
            said.append(f"Resized to the model's input size: {_shorten(changes, limit=1)}.")
        if self.adapted:
            said.append(f"Adapted to the model's images: {described(self.adapted)}.")
        if self.missing:
            said.append(f"Not in the checkpoint: {_shorten(self.missing)}.")
        if self.unexpected:
            said.append(f"Not in the model: {_shorten(self.unexpected)}.")
        return " ".join(said)


def load_into(
    model: nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    *,
    strict: bool | Literal["but surplus"] = False,
    revise_keys: Sequence[tuple[str, str]] = ((r"^module\.", ""),),
    source: str = "the checkpoint",
) -> LoadReport:
    """Fill a model with the tensors of a checkpoint.

    Weights in the layout of another library, or of 0.x, are translated first if they fit then
    (:mod:`mmpretrain.checkpoints.layouts`). Tensors whose shape differs keep the model's values, except
    where the model's own hooks convert them (position embeddings, bias tables, old key names), and, unless
    ``strict``, for convolutions on images with another number of channels (:mod:`.stems`).

    Args:
        model: The model; its tensors are overwritten in place.
        state_dict: Key -> tensor.
        strict: Whether anything that does not fit is an error; ``'but surplus'`` allows tensors that the
            model does not have.
        revise_keys: Regular expressions and their replacements, applied to keys that the model does not have.
        source: What to call the checkpoint in messages.

    Raises:
        CheckpointError: If almost nothing fits, with the prefix that would make it fit; with ``strict``, if
            anything does not.
    """
    revised = _revise(state_dict, revise_keys, model.state_dict())
    offered = list(revised)
    translated = layouts.fit(revised, model.state_dict())
    if translated is not None:
        logger.info("%s is in the layout %s: its keys are translated", source, translated.layout.name)
        revised = translated.weights
    layouts.check_registers(revised, model.state_dict())
    adapted = {} if strict else adapt_stems(model, revised)
    report = _copy(model, revised)
    report.adapted = adapted
    surplus = report.unexpected if strict is True else []
    if strict and (report.missing or surplus or report.mismatched):
        raise CheckpointError(f"{source} does not fit the model. {report.summary()}")
    # Batch norm counts its batches from zero where a checkpoint does not say; that is no sign of a fit.
    fitting = [key for key in report.loaded if not key.endswith("num_batches_tracked")]
    if len(fitting) < HARDLY_ANY * report.total:
        sizes = [f"{key} {_change(shapes)}" for key, shapes in report.mismatched.items()]
        named_alike = len(sizes) >= HARDLY_ANY * report.total
        raise CheckpointError(
            f"{source} is for another model: only {len(fitting)} of {report.total} tensors fit",
            hint=f"Sizes differ: {_shorten(sizes)}." if named_alike else advise(offered, model.state_dict()),
        )
    return report


def _revise(
    state_dict: Mapping[str, torch.Tensor], rules: Sequence[tuple[str, str]], own: Container[str]
) -> dict[str, torch.Tensor]:
    revised = dict(state_dict)
    for pattern, replacement in rules:
        revised = {
            key if key in own else re.sub(pattern, replacement, key): value for key, value in revised.items()
        }
    return revised


def _copy(model: nn.Module, tensors: dict[str, torch.Tensor]) -> LoadReport:
    """Copy what fits, module by module, so that each module's own load hooks see (and may convert) it."""
    missing: list[str] = []
    unexpected: list[str] = []
    wanted: dict[str, torch.Tensor] = {}  # not of model.state_dict(), where a wrapper may call them otherwise

    def visit(module: nn.Module, prefix: str) -> None:
        buffers = {k: v for k, v in module._buffers.items() if k not in module._non_persistent_buffers_set}
        for name, value in (module._parameters | buffers).items():
            if value is not None:
                wanted[prefix + name] = value
        module._load_from_state_dict(tensors, prefix, {}, True, missing, unexpected, [])
        for name, child in module.named_children():
            visit(child, f"{prefix}{name}.")
        for hook in module._load_state_dict_post_hooks.values():
            hook(module, _IncompatibleKeys(missing, unexpected))

    before = {key: tuple(value.shape) for key, value in tensors.items()}
    visit(model, "")
    missing = [key for key in missing if not key.endswith(COMPUTED)]
    report = LoadReport(missing=missing, unexpected=unexpected)
    for key, value in wanted.items():
        if key not in tensors and not key.endswith(COMPUTED):
            continue
        ours, theirs = tuple(value.shape), tensors.get(key)
        if theirs is not None and theirs.shape != value.shape and not key.endswith(COMPUTED):
            report.mismatched[key] = (tuple(theirs.shape), ours)
            continue
        report.loaded.append(key)
        if before.get(key, ours) != ours and not key.endswith(COMPUTED):
            report.resized[key] = (before[key], ours)
    return report


def advise(offered: Collection[str], wanted: Collection[str]) -> str:
    """Say which prefix makes the keys of a checkpoint fit those of a model, if one does.

    Args:
        offered: Keys of the checkpoint.
        wanted: Keys of the model.
    """
    ends: dict[str, str] = {}  # the end of a wanted key -> what is before it, the shortest
    for key in wanted:
        for start, end in _splits(key):
            ends[end] = min(start, ends.get(end, start), key=len)
    pairs: Counter[tuple[str, str]] = Counter()
    for key in offered:
        found = next(((start, ends[end]) for start, end in _splits(key) if end in ends), None)
        if found is not None:
            pairs[found] += 1
    for (theirs, ours), count in pairs.most_common(1):
        # Names such as "weight" end many keys of any model.
        if count >= HARDLY_ANY * len(wanted):
            begin = f"lack the prefix {ours!r}" if ours else "fit as they are"
            begin = f"begin with {theirs!r}" if theirs else begin
            prefix = f", prefix={theirs!r}" if theirs else ""
            where = f"model.{ours}init_cfg" if ours else "init_cfg"
            cfg = f"{where}=dict(type='Pretrained', checkpoint=...{prefix})"
            return f"Its keys {begin}: with {cfg}, {count} tensors fit."
    example = f"e.g. {next(iter(offered))!r}" if offered else "nothing at all"
    return f"It holds {example}, the model wants e.g. {next(iter(wanted), 'nothing')!r}."


def _splits(key: str) -> Iterator[tuple[str, str]]:
    """The key as (prefix with its dot, rest), the empty prefix first."""
    yield "", key
    for dot in re.finditer(r"\.", key):
        yield key[: dot.end()], key[dot.end() :]


def _change(shapes: Shapes) -> str:
    """The sizes in which two shapes differ."""
    theirs, ours = shapes
    if len(theirs) != len(ours):
        return f"{theirs} -> {ours}"
    return ", ".join(f"{a} -> {b}" for a, b in zip(theirs, ours) if a != b)


def _shorten(keys: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(keys[:limit])
    return f"{shown} and {len(keys) - limit} more" if len(keys) > limit else shown
