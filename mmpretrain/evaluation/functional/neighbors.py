"""Classification by the labels of the nearest features.

From `Unsupervised Feature Learning via Non-Parametric Instance Discrimination
<https://arxiv.org/abs/1805.01978>`_, as DINO and others report it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError

#: Most entries of a matrix of similarities that is held at once.
MAX_ENTRIES = 2**24


def knn_scores(
    queries: Tensor,
    bank: Tensor,
    labels: Tensor,
    num_classes: int,
    ks: Sequence[int] = (10, 20, 100),
    temperature: float = 0.07,
) -> dict[int, Tensor]:
    """Score each class by the nearest labelled features: the sum of ``exp(cosine / temperature)``.

    Args:
        queries: Features (N, C) to classify.
        bank: Features (M, C) with labels.
        labels: Their classes (M,).
        num_classes: Number of classes.
        ks: Numbers of neighbours; a number above M counts all M.
        temperature: See above.

    Returns:
        ``k`` -> scores (N, num_classes), which sum to 1 in each row.
    """
    if not len(bank):
        raise DataError("There is no feature with a label to compare with")
    if not ks or min(ks) < 1:
        raise ConfigError(f"k must be 1 or more, got {list(ks)}", key="k")
    if not temperature > 0:  # NaN is no temperature either
        raise ConfigError(f"temperature must be positive, got {temperature}", key="temperature")
    bank = F.normalize(bank.float(), dim=1)
    labels = labels.to(bank.device)
    step = max(1, MAX_ENTRIES // len(bank))
    parts: dict[int, list[Tensor]] = {k: [] for k in ks}
    for chunk in queries.split(step):
        similarity = F.normalize(chunk.to(bank.device).float(), dim=1) @ bank.t()
        near, index = similarity.topk(min(max(ks), len(bank)), dim=1)
        weights = ((near - near[:, :1]) / temperature).exp()  # relative to the nearest: no overflow
        classes = labels[index]
        for k in ks:
            scores = weights.new_zeros(len(chunk), num_classes)
            scores.scatter_add_(1, classes[:, :k], weights[:, :k])
            parts[k].append(scores / scores.sum(1, keepdim=True))
    return {k: torch.cat(scores) if scores else bank.new_zeros(0, num_classes) for k, scores in parts.items()}
