"""``mmpretrain knn``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.features import (
    BatchSize,
    Checkpoint,
    FeatureData,
    ImageSize,
    ModelArgument,
    Out,
    PoolOption,
    RandomWeights,
    Stage,
    Workers,
    judge,
)
from mmpretrain.cli.outputs import Force
from mmpretrain.cli.shortcuts import Device

if TYPE_CHECKING:
    from mmpretrain.evaluation.features import FeatureBank


def knn(
    model: ModelArgument,
    data: FeatureData,
    checkpoint: Checkpoint = None,
    random: RandomWeights = False,
    k: Annotated[list[int] | None, typer.Option("--k", min=1, help="Number of neighbours.")] = None,
    temperature: Annotated[float, typer.Option(help="Temperature of the weights.")] = 0.07,
    stage: Stage = "last",
    pool: PoolOption = PoolOption.auto,
    image_size: ImageSize = None,
    batch_size: BatchSize = 64,
    workers: Workers = 2,
    device: Device = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """Judge a backbone by the labels of the nearest images (weighted kNN).

    Nothing is trained: each image for validation gets the class of most of its nearest images for training.

    Examples:

    `mmpretrain knn work_dirs/mae --data photos/`

    `mmpretrain knn dino.py --checkpoint dino.pth --data photos/ --k 10 --k 20 --stage all`
    """

    def neighbors(bank: FeatureBank, queries: FeatureBank) -> list[dict[str, float]]:
        from mmpretrain.evaluation.features import judge_by_neighbors

        return judge_by_neighbors(bank, queries, k or (10, 20, 100), temperature)

    judge(
        "Weighted kNN", neighbors, model, data, checkpoint, random, stage, pool, image_size, batch_size,
        workers, device, out, force,
    )  # fmt: skip
