"""Running a classifier over labelled images, for calibration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.uncertainty.evidence import Evidence, Tap

#: Features of so many images are enough to tell what is usual.
MAX_FEATURES = 16384
#: So many images are spoilt, to see which score notices.
MAX_SPOILT = 512


class Outputs(NamedTuple):
    """What a model puts out for images, and what is right."""

    logits: Tensor  #: (N, C), or predicted values (N, D).
    labels: Tensor  #: (N,), or right values (N, D).
    evidence: Evidence  #: About the images that :attr:`rows` names.
    rows: Tensor  #: (M,).
    spoilt: Evidence | None = None  #: About images that were spoilt on purpose.


@torch.inference_mode()
def collect_outputs(model: Any, batches: Iterable[Any], count: int, *, spoil: bool = False) -> Outputs:
    """Run a model over labelled images once.

    Args:
        model: A classifier, or a model that predicts numbers, in evaluation mode.
        batches: What a data loader gives.
        count: How many images there are.
        spoil: Run the first ones again with their quarters exchanged, and as negatives.

    Raises:
        ConfigError: If its scores are no softmax, as those of models for several labels.
        DataError: If an image has no label, or several; or not the values that the model predicts.
    """
    right = _values if predicts_values(model) else _label
    step = max(1, -(-count // MAX_FEATURES))
    logits: list[Tensor] = []
    labels: list[Tensor] = []
    parts: list[Evidence] = []
    spoilt: list[Evidence] = []
    for batch in batches:
        data = model.data_preprocessor(batch, False)
        with Tap(model) as tap:
            samples = model(**data, mode="predict")
        if right is _label:
            _check_softmax(model, samples, tap.logits)
        evidence = tap.evidence
        done = len(labels)
        logits.append(evidence.logits)
        labels += [right(sample, evidence.logits.shape[1]) for sample in samples]
        parts.append(evidence.take(slice(-done % step, None, step)))
        if spoil and done < MAX_SPOILT:
            spoilt += [_run(model, images) for images in spoilt_images(data["inputs"])]
    if not logits:
        raise DataError("There is no image to calibrate with")
    rows = torch.arange(0, len(labels), step)
    found = Evidence.join(spoilt) if spoilt else None
    return Outputs(torch.cat(logits), torch.stack(labels), Evidence.join(parts), rows, found)


def predicts_values(model: Any) -> bool:
    """Whether a model predicts numbers instead of classes."""
    return hasattr(getattr(model, "head", None), "num_values")


def check_task(model: Any) -> None:
    """Refuse models for several labels before any data are read.

    Raises:
        ConfigError: If the head is one of them.
    """
    head = getattr(model, "head", None)
    if hasattr(head, "thr"):
        raise ConfigError(
            f"a {type(head).__name__} gives several labels to an image, and calibration is for one",
            hint="Choose thresholds instead: ThresholdSelection in docs/metrics.md.",
        )


def spoilt_images(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return images (B, C, H, W) with quarters exchanged diagonally, and as negatives."""
    height, width = images.shape[-2] // 2, images.shape[-1] // 2
    exchanged = images.roll((height, width), dims=(-2, -1))
    low, high = images.amin((-2, -1), keepdim=True), images.amax((-2, -1), keepdim=True)
    return exchanged, low + high - images


def _run(model: Any, images: Tensor) -> Evidence:
    with Tap(model) as tap:
        model(images, mode="tensor")
    return tap.evidence


def _check_softmax(model: Any, samples: Any, logits: Tensor) -> None:
    scores = [sample.get("pred_score") for sample in samples]
    if all(isinstance(score, Tensor) for score in scores):
        found = torch.stack(scores).float().to(logits.device)
        if found.shape == logits.shape and torch.allclose(found, logits.softmax(1), atol=1e-3):
            return
    head = type(model.head).__name__
    raise ConfigError(
        f"The scores of a {head} are not the softmax of its outputs, so it cannot be calibrated",
        hint="Calibration is for models with one label per image. For several labels choose thresholds: "
        "ThresholdSelection in docs/metrics.md.",
    )


def _label(sample: Any, count: int) -> Tensor:
    label = sample.get("gt_label")
    if label is None or len(label) != 1:
        found = "none" if label is None else label.tolist()
        raise DataError(
            f"Calibration needs one label for each image, got {found}",
            where=sample.get("img_path"),
            hint="Put the images into one folder per class, or list them with labels.",
        )
    return label[0].cpu()


def _values(sample: Any, count: int) -> Tensor:
    values = sample.get("gt_value")
    if values is None or len(values) != count:
        found = "none" if values is None else values.tolist()
        raise DataError(
            f"Calibration needs {count} right value(s) for each image (gt_value), got {found}",
            where=sample.get("img_path"),
            hint="A table names their columns: TableDataset(value='age').",
        )
    return values.float().cpu()
