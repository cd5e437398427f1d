"""Finding problems with the data before the first step of a run.

Problems are *hard* (the run cannot succeed) or *soft* (it can, but probably not as meant). Hard ones are
raised together, as one table; soft ones are warned of.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets.places import source_of_samples
from mmpretrain.datasets.preflight_batches import last_batch_of_one
from mmpretrain.datasets.preflight_channels import wrong_channels
from mmpretrain.datasets.preflight_classes import class_names, different_classes, empty_classes, label_range
from mmpretrain.datasets.preflight_files import duplicates, failing_steps, missing_files, unreadable_images
from mmpretrain.datasets.preflight_labels import label_encoding
from mmpretrain.datasets.preflight_problem import HARD, Problem, soft
from mmpretrain.datasets.preflight_transforms import unsuitable_branches
from mmpretrain.errors import DataError, MMPretrainError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.dist import get_world_size

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
#: How far the batch size may be from that of the learning rate before this is remarked on.
BATCH_SIZE_RATIO = 4
#: Mean of ImageNet in the order red, green, blue; the wrong order is told from the right one by it.
IMAGENET_MEAN = (123.675, 116.28, 103.53)


def preflight(
    data: Any,
    *,
    num_classes: int | None = None,
    num_classes_source: str | None = None,
    topk: Sequence[int] = (),
    splits: Sequence[str] = SPLITS,
    full: bool = False,
    built: dict[str, Any] | None = None,
) -> list[Problem]:
    """Check data sets, or everything that a config says about data.

    Args:
        data: A whole config, or data sets by split.
        num_classes: Number of outputs of the head; taken from a config.
        num_classes_source: Where that number is set, for messages.
        topk: The k of top-k accuracies that are reported; taken from a config.
        splits: The splits to look at.
        full: Decode all images, not only a sample, and look for the same image in several splits.
        built: Gets the data sets of a config that could be built, by split.
    """
    problems: list[Problem] = []
    if any(f"{split}_dataloader" in data for split in SPLITS):
        problems += check_settings(data)
        datasets = build_datasets(data, splits, problems)
        if built is not None:
            built.update(datasets)
        classifier = find_classifier(data.get("model"))
        if num_classes is None and classifier:
            num_classes = classifier["num_classes"]
            num_classes_source = source_of(classifier, "num_classes") or "num_classes of the model"
        topk = topk or find_topk(data, splits)
    else:
        datasets = {split: data[split] for split in splits if data.get(split) is not None}
    problems += check_datasets(datasets, num_classes, num_classes_source, topk, full)
    if "model" in data and not any(p.level == HARD for p in problems):
        for split, dataset in datasets.items():
            problems += wrong_channels(data, split, dataset)
    if "train" in datasets and data.get("train_dataloader") and not any(p.level == HARD for p in problems):
        problems += last_batch_of_one(data, datasets["train"])
    return problems


def check_datasets(
    datasets: Mapping[str, Any],
    num_classes: int | None = None,
    num_classes_source: str | None = None,
    topk: Sequence[int] = (),
    full: bool = False,
) -> Iterator[Problem]:
    """Check data sets that are built, by split."""
    for split, dataset in datasets.items():
        if len(dataset) == 0:
            yield Problem(HARD, split, f"there is no sample in {source_of_samples(dataset)}")
            continue
        if split != "train" and "train" in datasets:
            yield from different_classes(datasets["train"], dataset, split)
        odd = list(label_encoding(split, dataset, num_classes))
        yield from odd or label_range(split, dataset, num_classes, num_classes_source)
        missing = list(missing_files(split, dataset))
        yield from missing
        if not missing:
            yield from unreadable_images(split, dataset, full)
            failing = list(failing_steps(split, dataset))
            yield from failing or unsuitable_branches(split, dataset)
    if "train" in datasets:
        yield from empty_classes(datasets["train"])
        if full:
            for split in datasets.keys() - {"train"}:
                yield from duplicates(datasets["train"], datasets[split], split)
    known = [names for dataset in datasets.values() if (names := class_names(dataset))]
    count = len(known[0]) if known else num_classes
    if known and num_classes is not None and len(known[0]) != num_classes:
        at = f" ({num_classes_source})" if num_classes_source else ""
        yield soft("", f"the head has {num_classes} outputs{at}, the data {len(known[0])} classes")
    if count is not None and any(k > count for k in topk):
        kept = ", ".join(f"top-{k}" for k in topk if k <= count) or f"top-{count}"
        yield soft("", f"only {count} class{'es' * (count > 1)}: reporting {kept} only")


def build_datasets(cfg: Any, splits: Iterable[str], problems: list[Problem]) -> dict[str, Any]:
    """Build the data sets of a config; a failure becomes a problem."""
    built: dict[str, Any] = {}
    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        if not isinstance(loader, Mapping) or not loader.get("dataset"):
            continue
        dataset = loader["dataset"]
        try:
            built[split] = DATASETS.build(dataset) if isinstance(dataset, Mapping) else dataset
            if hasattr(built[split], "full_init"):
                built[split].full_init()
        except MMPretrainError as error:
            built.pop(split, None)
            problems.append(Problem(HARD, split, str(error)))
    return built


# -- settings ------------------------------------------------------------------------------------------


def check_settings(cfg: Any) -> Iterator[Problem]:
    """Check the normalisation and the learning rate of a config."""
    yield from _normalisation(cfg)
    yield from _learning_rate(cfg)


def _normalisation(cfg: Any) -> Iterator[Problem]:
    settings = (cfg.get("model") or {}).get("data_preprocessor") or cfg.get("data_preprocessor") or {}
    mean, std = settings.get("mean"), settings.get("std")
    where = source_of(settings, "mean") or "data_preprocessor.mean"
    loader = cfg.get("train_dataloader") or {}
    pipeline = innermost(loader.get("dataset") or {}).get("pipeline") or []
    normalizes = any(isinstance(step, Mapping) and step.get("type") == "Normalize" for step in pipeline)
    if mean is None:
        if not normalizes:
            yield soft(
                "", "images are not normalised: no mean in data_preprocessor, no Normalize in the pipeline"
            )
        return
    if normalizes:
        yield soft("", f"images are normalised twice, by {where} and by Normalize in the pipeline")
    values = np.atleast_1d(np.asarray(mean, dtype=float))
    if std is not None and (np.atleast_1d(np.asarray(std, dtype=float)) == 0).any():
        yield Problem(HARD, "", f"std of the data_preprocessor is 0 ({where})")
    if 0 < values.max(initial=0) <= 1:
        yield soft("", f"mean {mean} is for pixels from 0 to 1, but they go from 0 to 255 ({where})")
    is_imagenet = len(values) == 3 and np.allclose(sorted(values), sorted(IMAGENET_MEAN), atol=0.5)
    is_rgb = bool(settings.get("to_rgb"))
    if is_imagenet and (values[0] > values[2]) != is_rgb:
        order = "red, green, blue" if values[0] > values[2] else "blue, green, red"
        yield soft("", f"mean {mean} is in the order {order}, but to_rgb={is_rgb} ({where})")


def _learning_rate(cfg: Any) -> Iterator[Problem]:
    scaling = cfg.get("auto_scale_lr") or {}
    base = scaling.get("base_batch_size")
    per_rank = (cfg.get("train_dataloader") or {}).get("batch_size")
    optimizer = (cfg.get("optim_wrapper") or {}).get("optimizer") or {}
    rate = optimizer.get("lr") if isinstance(optimizer, Mapping) else None
    if not (base and per_rank and rate) or scaling.get("enable"):
        return
    accumulated = (cfg.get("optim_wrapper") or {}).get("accumulative_counts", 1)
    batch = per_rank * int(os.environ.get("WORLD_SIZE", get_world_size())) * accumulated
    if not 1 / BATCH_SIZE_RATIO < batch / base < BATCH_SIZE_RATIO:
        yield soft(
            "",
            f"lr={rate} was chosen for batches of {base}, these have {batch}: "
            f"--auto-scale-lr makes it {rate * batch / base:.3g}",
        )


def find_classifier(model: Any) -> Any:
    """The config of the head, or of a backbone such as VGG, that says how many classes there are."""
    for part in (model.get("head"), model.get("backbone")) if isinstance(model, Mapping) else ():
        count = part.get("num_classes") if isinstance(part, Mapping) else None
        if isinstance(count, int) and count > 0:
            return part
    return None


def find_topk(cfg: Any, splits: Iterable[str]) -> tuple[int, ...]:
    """The k of all top-k accuracies that a config asks for."""
    found: set[int] = set()
    for split in splits:
        evaluators = cfg.get(f"{split}_evaluator") or ()
        for evaluator in [evaluators] if isinstance(evaluators, Mapping) else evaluators:
            if not isinstance(evaluator, Mapping) or not str(evaluator.get("type")).endswith("Accuracy"):
                continue
            topk = evaluator.get("topk") or ()
            found.update([topk] if isinstance(topk, int) else topk)
    return tuple(sorted(found))


def source_of(node: Any, key: str) -> str | None:
    """File, line and path of a key of a config, if the config knows them."""
    source: Callable[[str], Any] | None = getattr(node, "source", None)
    place = source(key) if callable(source) else None
    return None if place is None else str(place)


# -- telling -------------------------------------------------------------------------------------------


def table(problems: Sequence[Problem]) -> str:
    """Problems as lines with columns, the hard ones first."""
    rows = sorted(problems, key=lambda problem: problem.level != HARD)
    width = max((len(problem.split) for problem in rows), default=0)
    return "\n".join(
        f"  {'stop' if problem.level == HARD else 'note'}  {problem.split:<{width}}  {problem.text}"
        for problem in rows
    )


def enforce(problems: Sequence[Problem]) -> None:
    """Warn of soft problems; if there are hard ones, stop with a table of all.

    Raises:
        DataError: If there is a hard problem.
    """
    hard = [problem for problem in problems if problem.level == HARD]
    if hard:
        others = len(problems) - len(hard)
        notes = f" (and {others} to know about)" if others else ""
        plural = "s" if len(hard) > 1 else ""
        raise DataError(f"{len(hard)} problem{plural} with the data{notes}:{os.linesep}{table(problems)}")
    for problem in problems:
        logger.warning("%s%s", f"{problem.split}: " if problem.split else "", problem.text)
