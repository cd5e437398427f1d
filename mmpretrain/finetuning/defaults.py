"""The defaults of fine-tuning: one table by the size of the data, the kind of network and the device.

docs/finetuning.md says why, and a test compares the tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mmpretrain.datasets.labelled import Task
from mmpretrain.errors import ConfigError
from mmpretrain.finetuning.facts import DataFacts

Family = Literal["cnn", "transformer", "scratch"]

#: Up to so many training images -> epochs, images in a batch on a CPU and on an accelerator.
BY_SIZE: tuple[tuple[float, int, int, int], ...] = (
    (200, 60, 8, 16),
    (1_000, 40, 16, 32),
    (5_000, 20, 32, 64),
    (50_000, 12, 32, 128),
    (math.inf, 6, 64, 128),
)
#: Learning rate of AdamW for a batch of 32 images; it grows with the root of the batch size.
RATE: dict[Family, float] = {"cnn": 2e-3, "transformer": 3e-4, "scratch": 2e-3}
RATE_BATCH = 32
#: The same where only the head is trained.
RATE_HEAD = 5e-3
#: A network without pretrained weights needs so many times as many epochs.
SCRATCH_EPOCHS = 2
#: Layer-wise decay of the learning rate of transformers.
LAYER_DECAY = 0.75
WEIGHT_DECAY = 0.05
#: Share of the iterations in which the learning rate rises.
WARM_UP = 0.05
LABEL_SMOOTHING = 0.1
#: Fewer images per class than this: only the head is trained, as more would be learned by heart.
FREEZE_BELOW = 5
#: Classes count by the root of their rarity if the largest has so many times the images of the smallest.
IMBALANCED = 3.0
#: Of N validation images, results that differ by less than this over the root of N are the same: half the
#: standard error of an accuracy of 95 %, in percent. The latest of such epochs counts as the best.
MARGIN = 10.0
#: Largest edge of images on a CPU, and steps in which edges are chosen.
CPU_EDGE, EDGE_STEP, LEAST_EDGE = 160, 32, 64
#: Images much smaller than the network's are enlarged by no more than this.
ENLARGED = 2
#: Area that a random crop keeps: of photographs, and of small grey images (digits, symbols).
CROP, CROP_DRAWN = (0.4, 1.0), (0.75, 1.0)


@dataclass(frozen=True)
class Choices:
    """What was chosen, by the table or by the user.

    Attributes:
        epochs: How long to train.
        batch: Images in a batch of all processes together.
        lr: Learning rate.
        freeze: Stages to freeze: -1 for none, ``'backbone'`` for all.
        image_size: Edge of the images that the network sees.
        weighted: Whether classes are weighted by rarity.
        flip: Whether images are mirrored.
        crop: Area that a random crop keeps.
    """

    epochs: int
    batch: int
    lr: float
    freeze: int | Literal["backbone"]
    image_size: int
    weighted: bool
    flip: bool
    crop: tuple[float, float]


@dataclass(frozen=True)
class Wanted:
    """What the user asks for; None leaves the choice to the table. See :class:`Choices`."""

    epochs: int | None = None
    batch: int | None = None
    lr: float | None = None
    freeze: int | Literal["backbone"] | None = None
    image_size: int | None = None
    weighted: bool | None = None
    processes: int = 1


def choose(
    facts: DataFacts,
    family: Family,
    own_size: int,
    accelerated: bool,
    wanted: Wanted | None = None,
    has_head: bool = True,
) -> Choices:
    """Choose what is not asked for.

    Args:
        facts: Facts of the training images.
        family: The kind of network, or ``'scratch'`` without pretrained weights.
        own_size: Edge of the images that the network was made for.
        accelerated: Whether there is a GPU or the like.
        wanted: What the user asks for.
        has_head: Whether there is a head that can be trained alone.

    Raises:
        ConfigError: If the task does not allow what is asked for.
    """
    wanted = wanted or Wanted()
    if wanted.weighted and facts.task not in ("single", "multi"):
        raise ConfigError(
            f"the loss of {facts.task} targets takes no weights of classes",
            where="--class-weights",
            hint="Leave it out, or say --task single.",
        )
    batch, freeze = wanted.batch, wanted.freeze
    _, usual, on_cpu, on_gpu = next(row for row in BY_SIZE if facts.images <= row[0])
    if batch is None:
        batch = max(2, min(on_gpu if accelerated else on_cpu, facts.images // 2))
    batch = wanted.processes * math.ceil(batch / wanted.processes)
    present = sum(count > 0 for count in facts.counts)
    few = facts.images < FREEZE_BELOW * present
    if freeze is None:
        freeze = "backbone" if few and has_head and family != "scratch" else -1
    rate = RATE_HEAD if freeze == "backbone" else RATE[family]
    return Choices(
        epochs=wanted.epochs or usual * (SCRATCH_EPOCHS if family == "scratch" else 1),
        batch=batch,
        lr=round(rate * math.sqrt(batch / RATE_BATCH), 6) if wanted.lr is None else wanted.lr,
        freeze=freeze,
        image_size=wanted.image_size or _edge(facts.edge, own_size, family, accelerated),
        weighted=_weighted(facts) if wanted.weighted is None else wanted.weighted,
        flip=not facts.drawn,
        crop=CROP_DRAWN if facts.drawn else CROP,
    )


def best_margin(task: Task, images: int) -> float:
    """Return by how much the epoch that counts as the best may be worse than the best one.

    Args:
        task: What is learned; ordinal targets are judged from 0 to 1, values have no scale.
        images: Number of validation images.
    """
    scale = {"single": 1.0, "multi": 1.0, "ordinal": 0.01, "regression": 0.0}[task]
    return round(scale * MARGIN / math.sqrt(max(images, 1)), 4)


def _weighted(facts: DataFacts) -> bool:
    """Whether rare classes count more: not if classes have an order, whose loss takes no weights."""
    return facts.task in ("single", "multi") and facts.imbalance >= IMBALANCED


def _edge(edge: int | None, own: int, family: Family, accelerated: bool) -> int:
    """Edge of the images: the network's own; for convolutions smaller on a CPU, and for small images."""
    if family == "transformer":  # position embeddings and windows are made for one size
        return own
    size = own if accelerated else min(own, CPU_EDGE)
    if edge is not None and edge * ENLARGED < size:
        size = max(min(LEAST_EDGE, size), math.ceil(edge * ENLARGED / EDGE_STEP) * EDGE_STEP)
    return size
