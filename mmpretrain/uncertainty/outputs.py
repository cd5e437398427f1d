"""Logits and features of a classifier in the pass that predicts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError, DataError

#: Features of so many images are enough to tell what is usual.
MAX_FEATURES = 16384
#: So many images are spoilt, to see which score notices.
MAX_SPOILT = 512


class Outputs(NamedTuple):
    """What a model puts out for images."""

    logits: Tensor  #: (N, C).
    labels: Tensor  #: (N,).
    features: Tensor  #: (M, D), of the images that :attr:`rows` names.
    rows: Tensor  #: (M,).
    spoilt: tuple[Tensor, Tensor] | None  #: Logits and features of images that were spoilt on purpose.


class Tap:
    """Notes the logits of a forward pass, and what the last layer of the head gets.

    Features are the input of the last linear layer with one output per class, wherever it is; of heads
    without one, what ``pre_logits()`` returns.

    Args:
        model: A classifier with a head for one label per image.

    Example:
        >>> with Tap(model) as tap:
        ...     samples = model.test_step(batch)
        >>> tap.logits.shape, tap.features.shape
        (torch.Size([32, 10]), torch.Size([32, 512]))
    """

    def __init__(self, model: Any) -> None:
        head = getattr(model, "head", None)
        if not isinstance(head, nn.Module):
            raise ConfigError(f"{type(model).__name__} has no head that classifies: it cannot be calibrated")
        self.head: nn.Module = head
        backbone = getattr(model, "backbone", None)
        self.parts = [part for part in (backbone, head) if isinstance(part, nn.Module)]
        self.stack = ExitStack()
        self._logits: Any = None
        self._before: Any = None
        self._seen: list[tuple[Tensor, int]] = []

    def __enter__(self) -> Tap:
        self._logits, self._before, self._seen = None, None, []
        handles = [self.head.register_forward_hook(self._note_head)]
        layers = {layer for part in self.parts for layer in part.modules() if isinstance(layer, nn.Linear)}
        handles += [layer.register_forward_hook(self._note_layer) for layer in layers]
        for handle in handles:
            self.stack.callback(handle.remove)
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def _note_head(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._logits, self._before = output, inputs[0] if inputs else None

    def _note_layer(self, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 2:
            self._seen.append((inputs[0], output.shape[1]))

    @property
    def logits(self) -> Tensor:
        """The logits of the pass, (B, C).

        Raises:
            ConfigError: If the head has several outputs, or none.
        """
        if not isinstance(self._logits, Tensor) or self._logits.ndim != 2:
            raise ConfigError(
                f"A {type(self.head).__name__} does not put out one score per class: it cannot be calibrated",
                hint="Calibration is for heads with one label per image, such as LinearClsHead.",
            )
        return self._logits.float()

    @property
    def features(self) -> Tensor:
        """The features of the pass, (B, D)."""
        wanted = self.logits.shape
        for features, count in reversed(self._seen):
            if count == wanted[1] and features.shape[0] == wanted[0]:
                return features.float()
        found = self.head.pre_logits(self._before) if hasattr(self.head, "pre_logits") else None  # type: ignore[operator]
        return found.float() if isinstance(found, Tensor) and found.ndim == 2 else self.logits


@torch.inference_mode()
def collect_outputs(model: Any, batches: Iterable[Any], count: int, *, spoil: bool = False) -> Outputs:
    """Run a classifier over labelled images once.

    Args:
        model: A classifier in evaluation mode.
        batches: What a data loader gives.
        count: How many images there are.
        spoil: Run the first ones again with their quarters exchanged, and as negatives.

    Raises:
        ConfigError: If its scores are no softmax, as those of models for several labels.
        DataError: If an image has no label, or several.
    """
    step = max(1, -(-count // MAX_FEATURES))
    logits, labels, features, spoilt = [], [], [], []
    done = 0
    for batch in batches:
        data = model.data_preprocessor(batch, False)
        with Tap(model) as tap:
            samples = model(**data, mode="predict")
        _check_softmax(model, samples, tap.logits)
        logits.append(tap.logits.cpu())
        labels += [_label(sample) for sample in samples]
        features.append(tap.features[-done % step :: step].cpu())
        if spoil and done < MAX_SPOILT:
            spoilt += [_run(model, images) for images in spoilt_images(data["inputs"])]
        done += len(samples)
    if not logits:
        raise DataError("There is no image to calibrate with")
    pairs = (torch.cat([one for one, _ in spoilt]), torch.cat([two for _, two in spoilt])) if spoilt else None
    rows = torch.arange(0, done, step)
    return Outputs(torch.cat(logits), torch.tensor(labels), torch.cat(features), rows, pairs)


def spoilt_images(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return images (B, C, H, W) with quarters exchanged diagonally, and as negatives."""
    height, width = images.shape[-2] // 2, images.shape[-1] // 2
    exchanged = images.roll((height, width), dims=(-2, -1))
    low, high = images.amin((-2, -1), keepdim=True), images.amax((-2, -1), keepdim=True)
    return exchanged, low + high - images


def _run(model: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    with Tap(model) as tap:
        model(images, mode="tensor")
    return tap.logits.cpu(), tap.features.cpu()


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


def _label(sample: Any) -> int:
    label = sample.get("gt_label")
    if label is None or len(label) != 1:
        found = "none" if label is None else label.tolist()
        raise DataError(
            f"Calibration needs one label for each image, got {found}",
            where=sample.get("img_path"),
            hint="Put the images into one folder per class, or list them with labels.",
        )
    return int(label)
