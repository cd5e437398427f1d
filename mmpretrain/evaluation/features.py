"""How good the features of a backbone are: computed once, then classified by neighbours or linearly."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.neighbors import knn_scores
from mmpretrain.evaluation.functional.pooling import Pool, pooled
from mmpretrain.evaluation.functional.probe import check_finite, logistic_regression, sgd_probe
from mmpretrain.utils.dist import all_gather_object, is_distributed


@dataclass(frozen=True)
class FeatureBank:
    """Features of images.

    Attributes:
        features: For each output of the backbone, (N, C).
        labels: Classes (N,); -1 where an image has none.
        classes: Their names, if these are known.
    """

    features: tuple[Tensor, ...]
    labels: Tensor
    classes: tuple[str, ...] = ()

    def labelled(self) -> FeatureBank:
        """The images that have a label."""
        known = self.labels >= 0
        if known.all():
            return self
        return replace(self, features=tuple(x[known] for x in self.features), labels=self.labels[known])

    def to(self, device: torch.device | str) -> FeatureBank:
        """The bank on another device."""
        moved = tuple(x.to(device) for x in self.features)
        return replace(self, features=moved, labels=self.labels.to(device))

    def with_classes_of(self, other: FeatureBank) -> FeatureBank:
        """The bank with the labels that its classes have in another one.

        Raises:
            DataError: If the other bank lacks some of them.
        """
        if not self.classes or not other.classes or self.classes == other.classes:
            return self
        if len(self.labels) and int(self.labels.max()) >= len(self.classes):
            return self
        lacking = [name for name in self.classes if name not in other.classes]
        if lacking:
            raise DataError(
                f"there are no images for training of {', '.join(map(repr, lacking[:3]))}"
                f"{', ...' * (len(lacking) > 3)}, and there are some for validation",
                hint="Give the folders of a class the same name in both parts.",
            )
        places = torch.tensor([*map(other.classes.index, self.classes), -1], device=self.labels.device)
        return replace(self, labels=places[self.labels], classes=other.classes)


def backbone_outputs(model: Any, inputs: Tensor) -> tuple[Any, ...]:
    """Return the backbone's output for images (B, C, H, W), without masking.

    Args:
        model: A model with ``extract_feat``.
        inputs: What its data preprocessor returns.
    """
    if not hasattr(model, "extract_feat"):
        raise ConfigError(f"{type(model).__name__} has no extract_feat(), which gives its features")
    staged = "stage" in inspect.signature(model.extract_feat).parameters
    outputs = model.extract_feat(inputs, stage="backbone") if staged else model.extract_feat(inputs)
    found = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return tuple(output for output in found if output is not None)  # what is there in training only


@torch.no_grad()
def collect_features(
    model: Any, batches: Iterable[Any], pool: Pool = "auto", dataset: Any = None
) -> FeatureBank:
    """Run a model over data once, in evaluation mode; its mode is restored.

    Args:
        model: A model with ``data_preprocessor`` and ``extract_feat``.
        batches: What a data loader gives, one image (not several views) a sample.
        pool: See :func:`pooled`.
        dataset: The data set, for the names of classes; by default that of ``batches``.

    Returns:
        The features of all processes, on the CPU.
    """
    extra = getattr(getattr(model, "backbone", None), "num_extra_tokens", 0)
    training, parts, labels = model.training, [], []
    model.eval()
    try:
        for batch in batches:
            data = model.data_preprocessor(batch, False)
            inputs = data["inputs"]
            if not isinstance(inputs, Tensor):
                raise DataError(
                    f"The batch has {len(inputs)} views of each image, features need one",
                    hint="Leave out MultiView, and use collate_fn=dict(type='default_collate').",
                )
            outputs = backbone_outputs(model, inputs)
            parts.append([pooled(output, extra, pool).float().cpu() for output in outputs])
            labels += [label_of(sample) for sample in data.get("data_samples") or [None] * len(inputs)]
    finally:
        model.train(training)
    if not parts:
        raise DataError("There are no images to compute features of")
    features = [torch.cat(column) for column in zip(*parts)]
    found = torch.tensor(labels, dtype=torch.long)
    if is_distributed():
        shares = all_gather_object((features, found))
        features = [torch.cat(column) for column in zip(*(share[0] for share in shares))]
        found = torch.cat([share[1] for share in shares])
    info = getattr(dataset if dataset is not None else getattr(batches, "dataset", None), "metainfo", None)
    return FeatureBank(tuple(features), found, tuple(map(str, (info or {}).get("classes") or ())))


def label_of(sample: Any, where: str | None = None) -> int:
    """The class of a sample; -1 if it has none.

    Args:
        sample: A data sample.
        where: Where the config names the data, for messages.
    """
    label = None if sample is None else sample.get("gt_label")
    if label is None or len(label) == 0:
        return -1
    if len(label) > 1:
        raise DataError(
            f"Features are judged by one label an image, got {len(label)}: {label.tolist()}",
            where=where,
            hint="Use a data set with a single label.",
        )
    return int(label)


def accuracies(scores: Tensor, labels: Tensor) -> dict[str, float]:
    """Top-1 and top-5 accuracy in percent of scores (N, classes); top-5 only with more than 5 classes."""
    ranked = scores.topk(min(5, scores.shape[1]), dim=1).indices == labels[:, None]
    result = {"top1": 100 * float(ranked[:, 0].float().mean())}
    if scores.shape[1] > 5:
        result["top5"] = 100 * float(ranked.any(dim=1).float().mean())
    return result


def judge_by_neighbors(
    bank: FeatureBank,
    queries: FeatureBank,
    ks: Sequence[int] = (10, 20, 100),
    temperature: float = 0.07,
) -> list[dict[str, float]]:
    """Accuracy of weighted kNN, see :func:`knn_scores`, for each output of the backbone.

    Returns:
        For each output, ``'k10/top1'`` and so on, in percent.
    """

    def judge(known: Tensor, labels: Tensor, asked: Tensor, wanted: Tensor, classes: int) -> dict[str, float]:
        by_k = knn_scores(asked, known, labels, classes, ks, temperature)
        return {
            f"k{k}/{name}": value
            for k, scores in by_k.items()
            for name, value in accuracies(scores, wanted).items()
        }

    return _judge(bank, queries, judge)


#: How a linear classifier is trained -> the function that does it.
SOLVERS: dict[str, Callable[..., Any]] = {"logistic": logistic_regression, "sgd": sgd_probe}


def judge_linearly(
    bank: FeatureBank, queries: FeatureBank, solvers: Sequence[str] = ("logistic", "sgd")
) -> list[dict[str, float]]:
    """Accuracy of linear classifiers for each output of the backbone.

    Args:
        bank: What they are trained on.
        queries: What they classify.
        solvers: ``'logistic'`` for logistic regression by L-BFGS, ``'sgd'`` for the zoo's recipe.

    Returns:
        For each output, ``'logistic/top1'`` and so on, in percent.
    """

    def judge(known: Tensor, labels: Tensor, asked: Tensor, wanted: Tensor, classes: int) -> dict[str, float]:
        result = {}
        for solver in solvers:
            probe = SOLVERS[solver](known, labels, classes)
            for name, value in accuracies(probe(asked), wanted).items():
                result[f"{solver}/{name}"] = value
        return result

    return _judge(bank, queries, judge)


def _judge(
    bank: FeatureBank, queries: FeatureBank, judge: Callable[..., dict[str, float]]
) -> list[dict[str, float]]:
    labelled = [part.labelled() for part in (bank, queries.with_classes_of(bank))]
    counts = [len(part.labels) for part in labelled]
    if not any(counts):
        raise DataError(
            "No image has a label, so features cannot be judged",
            hint="Put the images into one folder per class, or list them with labels.",
        )
    if not all(counts):
        raise DataError(f"None of the images for {'validation' if counts[0] else 'training'} has a label")
    if len(torch.unique(labelled[0].labels)) == 1:
        raise DataError("All images for training have one class, so there is nothing to tell apart")
    for part in labelled:
        check_finite(*part.features)
    # Classes by their order: a label may be any number, and a column is made for each class.
    classes, numbers = torch.unique(torch.cat([part.labels for part in labelled]), return_inverse=True)
    known, wanted = numbers.split(counts)
    stages = zip(*(part.features for part in labelled))
    return [judge(own, known, asked, wanted, len(classes)) for own, asked in stages]
