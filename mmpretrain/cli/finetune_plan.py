"""Looking at data and a model, and writing lists and config for ``mmpretrain finetune``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmpretrain.cli.finetune_options import Request, share_of
from mmpretrain.cli.say import say, shown

if TYPE_CHECKING:
    from mmpretrain.datasets.labelled import Labelled
    from mmpretrain.finetuning.data import Prepared
    from mmpretrain.finetuning.defaults import Wanted
    from mmpretrain.finetuning.plan import Plan


def prepare(request: Request, folder: Path, wanted: Wanted) -> None:
    """Look at the data and the model, and write lists and config."""
    from mmpretrain.config import Config
    from mmpretrain.datasets.labelled import read_labelled
    from mmpretrain.finetuning.data import keep_prints, prepare_data, with_validation
    from mmpretrain.finetuning.folded import write_folds
    from mmpretrain.finetuning.plan import PLAN, PRINTS, make_plan, within, write_plan
    from mmpretrain.finetuning.start import find_start
    from mmpretrain.finetuning.timing import seconds_of
    from mmpretrain.utils.env import find_device

    begun = time.monotonic()
    span, seed, folds, workers = request.span, request.seed, request.folds, request.workers
    budget = None if span is None else seconds_of(span) / (folds or 1)
    share, place = share_of(request.val)
    start = find_start(request.model, find_device(request.device).type != "cpu")
    read = read_labelled(request.data, None if request.task == "auto" else request.task, place)  # type: ignore[arg-type]
    (folder / PLAN).mkdir(parents=True, exist_ok=True)
    prepared = prepare_data(read, watch, str(folder / PLAN / "left_out.txt"))
    keep_prints(prepared, folder / PRINTS)
    parts, notes = with_validation(prepared, share, seed)
    plan = make_plan(
        start, prepared.facts, wanted, seed=seed, device=request.device, reading=prepared.reading
    )
    path = write_plan(plan, parts, folder, workers=workers)
    if budget is not None:
        left = max(budget / 2, budget - (time.monotonic() - begun) / (folds or 1))  # looking took some of it
        plan, per_epoch = within(plan, Config.fromfile(path), left)
        write_plan(plan, parts, folder, workers=workers)
        notes.append(f"an epoch takes about {per_epoch:.3g} s: {plan.choices.epochs} fit into {span}")
        if per_epoch > budget:
            notes.append(f"not even one epoch fits into {span}: try a smaller --image-size or another MODEL")
    if folds is not None:
        sizes = [len(part["val"]) for part in write_folds(plan, prepared, folder, folds, workers=workers)]
        notes.append(f"{folds} folds of {min(sizes)} to {max(sizes)} images")
    _tell(plan, prepared, parts, notes, path)


def _tell(
    plan: Plan, prepared: Prepared, parts: Mapping[str, Labelled], notes: Iterable[str], path: Path
) -> None:
    """Print what was found, and what will be done."""
    train, choices = parts["train"], plan.choices
    sizes = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
    frozen = {"backbone": ", only the head is trained", -1: ""}
    more = frozen.get(choices.freeze, f", {choices.freeze} stages frozen")
    more += ", rare classes count more" if choices.weighted else ""
    rows = {
        "values" if train.values else "classes": _labels(train, prepared.facts.counts),
        "images": sizes + (f"; {len(prepared.bad)} cannot be read" if prepared.bad else ""),
        "model": f"{plan.start.name}" + (f": {plan.start.why}" if plan.start.why else ""),
        "settings": f"{counted_epochs(choices.epochs)}, batches of {choices.batch}, "
        f"learning rate {choices.lr:g}, {choices.image_size} pixels{more}",
        "config": shown(path),
    }
    say("Fine-tuning", bold=True)
    for name, value in rows.items():
        say(f"  {name:<8}  {value}")
    for note in notes:
        say(f"  note      {note}")


def _labels(train: Labelled, counts: Sequence[int]) -> str:
    """Describe the labels: the largest classes, or the range of values."""
    from mmpretrain.utils.text import cell

    if train.values:
        return f"from {min(train.values):g} to {max(train.values):g}"
    pairs = list(zip(train.classes, counts))
    if train.task != "ordinal":
        pairs.sort(key=lambda pair: -pair[1])
    more = ", ..." if len(pairs) > 6 else ""
    how = {"multi": " (any number for each image)", "ordinal": " (in this order)"}.get(train.task, "")
    return f"{len(pairs)}{how}: " + ", ".join(f"{cell(name)} {count}" for name, count in pairs[:6]) + more


def counted_epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"


def watch(items: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """Go through items with a progress bar."""
    from mmpretrain.utils.progress import track

    return track(items, description, total)
