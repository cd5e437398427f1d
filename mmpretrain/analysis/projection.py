"""Features of images, and their picture in two or three dimensions (t-SNE, UMAP, principal components)."""

from __future__ import annotations

import inspect
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from mmpretrain.datasets.preflight_classes import label_arrays
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.progress import track

Stage = Literal["backbone", "neck", "pre_logits"]
Method = Literal["tsne", "umap", "pca"]


def choose_samples(
    dataset: Any,
    *,
    classes: Sequence[int] = (),
    max_classes: int = 20,
    max_samples: int = 100,
    seed: int = 0,
) -> list[int]:
    """Choose samples of a data set, class by class.

    Args:
        dataset: The data set.
        classes: Labels to take; by default the first ``max_classes`` that the data have.
        max_classes: How many classes to take where none are named.
        max_samples: How many samples to take of each, drawn at random.
        seed: Of the draw.

    Raises:
        DataError: If the data have no labels.
        ConfigError: If a class has no samples.
    """
    arrays = label_arrays(dataset)
    if arrays is None:
        raise DataError("the data set has no labels to choose samples by")
    labels, owners = arrays
    chosen = list(classes) or sorted(set(labels.tolist()))[:max_classes]
    draw = random.Random(seed)
    indices = []
    for label in chosen:
        own = sorted(set(owners[labels == label].tolist()))
        if not own:
            raise ConfigError(f"class {label} has no samples", where="--class-idx")
        indices += sorted(draw.sample(own, min(max_samples, len(own))))
    return indices


@dataclass(frozen=True)
class Features:
    """The features of some samples.

    Attributes:
        vectors: ``(N, D)``.
        labels: ``(N,)``.
        names: Paths of the images, or the numbers of the samples.
    """

    vectors: np.ndarray
    labels: np.ndarray
    names: list[str]


@torch.inference_mode()
def extract(
    model: Any, dataset: Any, indices: Sequence[int], stage: Stage, *, batch_size: int = 32, workers: int = 0
) -> Features:
    """Run samples through a model, and keep its features; maps are averaged over their positions.

    Args:
        model: The model, in evaluation mode.
        dataset: The data set.
        indices: Which samples.
        stage: After which part.
        batch_size: Samples in a batch.
        workers: Processes that prepare samples.
    """
    loader = DataLoader(Subset(dataset, list(indices)), batch_size, num_workers=workers, collate_fn=_collate)
    vectors, labels, names = [], [], []
    for batch in track(loader, "features", total=len(loader)):
        inputs = model.data_preprocessor(batch, False)["inputs"]
        takes_stage = "stage" in inspect.signature(model.extract_feat).parameters
        features = model.extract_feat(inputs, stage=stage) if takes_stage else model.extract_feat(inputs)
        vectors.append(_vectors(features).float().cpu().numpy())
        for sample in batch["data_samples"]:
            labels.append(int(sample.gt_label.reshape(-1)[0]))
            names.append(str(sample.get("img_path", sample.get("sample_idx", len(names)))))
    return Features(np.concatenate(vectors), np.array(labels), names)


def _collate(samples: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {key: [sample[key] for sample in samples] for key in samples[0]}


def _vectors(features: Any) -> Tensor:
    """Return one vector for each image ``(B, D)``, of the last of several outputs."""
    while isinstance(features, (tuple, list)):
        features = features[-1]
    if features.dim() == 3:
        return features.mean(1)
    return features.flatten(2).mean(2) if features.dim() > 2 else features


# -- down to the plane ---------------------------------------------------------------------------------


def require(method: Method) -> Any:
    """Return the class that a method needs; None for one that needs none.

    Raises:
        OptionalDependencyError: If its package is not installed.
    """
    if method == "umap":
        return optional_import("umap", feature="UMAP", extra="umap").UMAP
    if method == "tsne":
        return optional_import("sklearn.manifold", feature="t-SNE", extra="tsne").TSNE
    return None


def project(vectors: np.ndarray, method: Method, components: int, **options: Any) -> np.ndarray:
    """Bring vectors into a few dimensions.

    Args:
        vectors: ``(N, D)``.
        method: ``tsne``, ``umap`` or ``pca``.
        components: Dimensions of the result.
        **options: Of t-SNE or UMAP as their packages call them; None leaves the package's own.

    Returns:
        ``(N, components)``.

    Raises:
        DataError: If there are too few samples.
        OptionalDependencyError: If the package is not installed.
    """
    count = len(vectors)
    if count < 4:
        raise DataError(f"{count} samples are too few to draw a picture of")
    given = {name: value for name, value in options.items() if value is not None}
    if method == "pca":
        centred = torch.from_numpy(vectors - vectors.mean(0)).double()
        axes = torch.linalg.svd(centred, full_matrices=False)[2][:components]
        axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()  # the sign is a convention
        return (centred @ axes.T).numpy()
    kind = require(method)
    if method == "umap":
        return kind(n_components=components, **given).fit_transform(vectors)
    if "n_iter" in given and "n_iter" not in inspect.signature(kind).parameters:
        given["max_iter"] = given.pop("n_iter")
    if given.get("perplexity", 30) >= count:
        raise ConfigError(
            f"--perplexity must be less than the {count} samples",
            hint=f"Give --perplexity {max(count // 4, 1)}.",
        )
    return kind(n_components=components, **given).fit_transform(vectors.astype(np.float32))


def agreement(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of samples whose nearest neighbour is of their class."""
    points = torch.from_numpy(vectors).float()
    right = 0
    for start in range(0, len(points), 1024):
        distances = torch.cdist(points[start : start + 1024], points)
        rows = torch.arange(len(distances))
        distances[rows, rows + start] = torch.inf
        right += int((labels[distances.argmin(1).numpy()] == labels[start : start + 1024]).sum())
    return right / len(points)
