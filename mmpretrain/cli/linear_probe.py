"""``mmpretrain linear-probe``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.cli.features import (
    Checkpoint,
    FeatureData,
    ImageSize,
    ModelArgument,
    Out,
    PoolOption,
    RandomWeights,
    Stage,
    compute,
    report,
)
from mmpretrain.cli.shortcuts import Device


class Solver(str, Enum):
    """How the classifier is trained."""

    logistic = "logistic"
    sgd = "sgd"
    both = "both"


def linear_probe(
    model: ModelArgument,
    data: FeatureData,
    checkpoint: Checkpoint = None,
    random: RandomWeights = False,
    solver: Annotated[
        Solver, typer.Option(help="Logistic regression by L-BFGS, SGD as in the zoo's configs, or both.")
    ] = Solver.both,
    stage: Stage = "last",
    pool: PoolOption = PoolOption.auto,
    image_size: ImageSize = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images run at once.")] = 64,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Data workers.")] = 2,
    device: Device = None,
    out: Out = None,
) -> None:
    """Judge a backbone by a linear classifier on its features, which are computed once.

    Examples:

    `mmpretrain linear-probe work_dirs/mae --data photos/`

    `mmpretrain linear-probe resnet50_8xb32_in1k --data photos/ --stage all --solver logistic`
    """
    stages, bank, queries = compute(
        model, data, checkpoint, random, stage, pool, image_size, batch_size, workers, device
    )
    from mmpretrain.evaluation.features import judge_linearly

    solvers = ("logistic", "sgd") if solver is Solver.both else (solver.value,)
    rows = judge_linearly(bank, queries, solvers)
    report("Linear classification", stages, rows, bank, queries, Path(out) if out else None)
