"""What a test leaves behind: its record, with the facts of the run, and a page about it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

logger = logging.getLogger("mmpretrain")

#: So many of the surest mistakes are explained.
MAPS = 12
#: Of so many images for training and test, all are read to find leaks: some seconds.
COMPARED = 10_000

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from mmpretrain.engine.runner.runner import Runner
    from mmpretrain.evaluation import Record, ValueRecord
    from mmpretrain.reports import ImageSource


def keep(runner: Runner, results: Mapping[str, Any]) -> dict[Path, Record | ValueRecord]:
    """Save the record of a test next to its log, if it has one, or one for each task; return them by folder.

    Args:
        runner: A runner that tested, with ``RecordPredictions`` among its metrics.
        results: The metrics.
    """
    from mmpretrain.evaluation.metrics.record import RecordPredictions

    metrics = getattr(runner.test_evaluator, "metrics", ())
    found = [one.by_folder(Path(runner.log_dir)) for one in metrics if isinstance(one, RecordPredictions)]
    if not found or not found[-1]:
        return {}
    facts = facts_of(runner, results)
    kept = {folder: dataclasses.replace(record, facts=facts) for folder, record in found[-1].items()}
    for folder, record in kept.items():
        record.save(folder)
    return kept


def write_page(runner: Runner, record: Record | ValueRecord, folder: Path) -> Path:
    """Write the report of a test beside its record."""
    from mmpretrain.evaluation import ValueRecord
    from mmpretrain.reports import write_report, write_value_report

    out = folder / "report.html"
    images = _pixels(runner.test_dataloader.dataset, record)
    if isinstance(record, ValueRecord):
        write_value_report(record, out, run=runner.work_dir, images=images)
    else:
        alone = folder == Path(runner.log_dir)  # the layers that a map is of belong to no one task
        maps = maps_of(runner, record) if alone else None
        leaked = leaks_of(runner, record) if alone else None
        write_report(record, out, run=runner.work_dir, images=images, maps=maps, leaked=leaked)
    return out


def leaks_of(runner: Runner, record: Record) -> list[int] | None:
    """Return the samples of a test whose images are in training, too, or near-duplicates of such; None if
    that is not known: without training data, or with too many images to read them for this.
    """
    import numpy as np

    from mmpretrain.datasets.fingerprints import Fingerprints, fingerprints_of
    from mmpretrain.datasets.near_duplicates import duplicate_groups
    from mmpretrain.errors import MMPretrainError
    from mmpretrain.finetuning.plan import PRINTS
    from mmpretrain.finetuning.prints import PrintStore
    from mmpretrain.registry import DATASETS
    from mmpretrain.utils.progress import track

    settings, test = runner.cfg.get("train_dataloader"), runner.test_dataloader.dataset
    if not settings or not settings.get("dataset") or not hasattr(test, "get_data_info"):
        return None
    try:
        train = DATASETS.build(settings["dataset"])
        store = PrintStore.load(Path(runner.work_dir) / PRINTS)
        if len(test) != len(record) or len(train) + len(test) > COMPARED:
            return None
        parts = [
            fingerprints_of(part, lambda items, part=part: track(items, "leaks", total=len(part)), store.find)
            for part in (train, test)
        ]
        groups = duplicate_groups(Fingerprints.join(*parts))
    except (MMPretrainError, OSError, KeyError, TypeError, NotImplementedError) as error:
        logger.info("The report has no check for leaks: %s", error)
        return None
    return np.flatnonzero(np.isin(groups[len(train) :], groups[: len(train)])).tolist()


def maps_of(runner: Runner, record: Record) -> dict[int, np.ndarray]:
    """Return what the surest mistakes of a test rest on: index -> the image with its activation map.

    Nothing for models whose layers give no map, and for data that are not read by index.
    """
    from mmpretrain.errors import MMPretrainError
    from mmpretrain.reports.galleries import surest_mistakes

    dataset, model = runner.test_dataloader.dataset, runner.bare_model
    model = getattr(model, "module", model)  # inside of a model of test-time augmentation
    if record.multi_label or not hasattr(dataset, "__getitem__") or len(dataset) != len(record):
        return {}

    def inputs(index: int) -> Tensor:
        packed = {key: _first(value) for key, value in dataset[index].items()}
        data = {"inputs": [packed["inputs"]], "data_samples": [packed["data_samples"]]}
        return model.data_preprocessor(data, False)["inputs"]

    try:
        return explained(model, record, surest_mistakes(record)[:MAPS], inputs)
    except (MMPretrainError, KeyError, TypeError, NotImplementedError) as error:
        logger.info("The report has no activation maps: %s", error)
        return {}


def explained(
    model: nn.Module, record: Record, chosen: Sequence[int], image_of: Callable[[int], Tensor | str]
) -> dict[int, np.ndarray]:
    """Return images with the activation map of the predicted class, where it is not empty.

    Args:
        model: The model that was tested.
        record: What it predicted.
        chosen: Which samples.
        image_of: Index -> the inputs of the model (1, C, H, W), or the path of the image.
    """
    from mmpretrain.explain import explain
    from mmpretrain.utils.progress import track

    found: dict[int, np.ndarray] = {}
    for index in track(chosen, "maps"):
        explanation = explain(model, image_of(index), target=int(record.predicted[index]))
        one = explanation[0] if isinstance(explanation, list) else explanation
        if not one.is_empty:
            found[index] = one.overlay()
    return found


def _first(versions: Any) -> Any:
    """Return the first of several versions of a sample, or the only one."""
    return versions[0] if isinstance(versions, (list, tuple)) else versions


def _pixels(dataset: Any, record: Record | ValueRecord) -> ImageSource | None:
    """Return where the pixels of samples are, for data sets that have no files but hold their images."""
    import numpy as np

    if record.paths:
        return pictures_of(record.paths)
    if not hasattr(dataset, "get_data_info") or len(dataset) != len(record):
        return None

    def info(index: int) -> dict[str, Any]:
        return dataset.get_data_info(index)

    key = "gt_label" if record.targets.ndim == 1 else "gt_value"
    same = all(np.array_equal(info(i).get(key, ()), target) for i, target in enumerate(record.targets))
    return (lambda index: info(index).get("img")) if same else None


def pictures_of(paths: Sequence[str]) -> ImageSource | None:
    """Return where pictures are, for paths among which some are arrays, TIFF or DICOM; None for plain ones.

    Pillow opens few kinds of TIFF, and none of the others.
    """
    suffixes = (".npy", ".npz", ".dcm", ".dicom", ".tif", ".tiff")
    if not any(path.lower().endswith(suffixes) for path in paths):
        return None

    def source(index: int) -> Any:
        path = paths[index]
        return _pixels_of_file(path) if path.lower().endswith(suffixes) else path

    return source


def _pixels_of_file(path: str) -> Any:
    """Return a picture of a file as pixels in BGR, or its path if it cannot be read."""
    from mmpretrain.datasets.transforms.functional import imread
    from mmpretrain.errors import MMPretrainError
    from mmpretrain.utils.pictures import to_picture

    for backend in ("tifffile", "cv2") if path.lower().endswith((".tif", ".tiff")) else ("cv2",):
        try:
            return to_picture(imread(path, "unchanged", backend=backend))[..., ::-1]
        except (MMPretrainError, OSError):  # another decoder may know it; the page has a place without one
            continue
    return path


def facts_of(runner: Runner, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to keep about a test besides its predictions, as plain data.

    Args:
        runner: The runner that tested.
        results: The metrics.
    """
    from mmpretrain.utils.env import collect_env
    from mmpretrain.utils.plain_data import plain_data

    cfg = runner.cfg
    model = getattr(runner.bare_model, "module", runner.bare_model)  # inside of test-time augmentation
    thresholds = getattr(getattr(model, "head", None), "thr", None)
    return {
        **({} if thresholds is None else {"thresholds": thresholds}),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": sys.argv,
        "metrics": plain_data(results),
        "model": {"checkpoint": _file(cfg.get("load_from")), "parameters": _count(runner)},
        "data": _data(runner.test_dataloader.dataset),
        "config": {"file": getattr(cfg, "filename", None), "text": cfg.pretty_text},
        "versions": collect_env(),
    }


def _count(runner: Runner) -> int:
    return sum(parameter.numel() for parameter in runner.bare_model.parameters())


def _file(path: Any) -> dict[str, Any]:
    """Return a path, and of a file its hash."""
    if not isinstance(path, str) or not os.path.isfile(path):
        return {"path": path}
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return {"path": path, "sha256": digest.hexdigest()}


def _data(dataset: Any) -> dict[str, Any]:
    """Return the size of a data set, and a hash of the names and labels of its samples."""
    from mmpretrain.utils.plain_data import plain_data

    facts: dict[str, Any] = {"type": type(dataset).__name__, "samples": len(dataset)}
    if hasattr(dataset, "get_data_info"):
        digest = hashlib.sha256()
        for index in range(len(dataset)):
            sample = dataset.get_data_info(index)
            known = [sample.get("img_path"), plain_data(sample.get("gt_label"))]
            if "gt_value" in sample:
                known.append(plain_data(sample["gt_value"]))
            digest.update(json.dumps(known, default=str).encode())
        facts["sha256_of_names_and_labels"] = digest.hexdigest()
    return facts
