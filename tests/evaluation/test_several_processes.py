"""Metrics over two processes give what one process gives."""

from __future__ import annotations

import os

import torch
import torch.multiprocessing as mp

from mmpretrain.evaluation import Accuracy, Evaluator, MultiTasksMetric
from mmpretrain.models.losses.swav import distributed_sinkhorn
from mmpretrain.structures import DataSample
from mmpretrain.utils.dist import all_gather

SIZE = 5
KINDS = [
    {"type": name}
    for name in (
        "Accuracy",
        "SingleLabelMetric",
        "ConfusionMatrix",
        "AUROC",
        "AgreementMetric",
        "CalibrationMetric",
        "Sensitivity",
    )
]


def sample(index: int) -> dict:
    score = torch.eye(3)[(index * index) % 3]
    return DataSample().set_gt_label(index % 3).set_pred_score(score).to_dict()


def task_sample(index: int) -> dict:
    """Only the first and the last two samples have labels for the task."""
    fields = {**sample(index), "eval_mask": index in (0, 3, 4)}
    return {"in": {"a": fields, "eval_mask": True}, "a": fields}


def work(rank: int, port: int) -> None:
    of_one_process = Evaluator(KINDS).offline_evaluate([sample(index) for index in (1, 3, 5)])
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    # Dealt out alternately, as the samplers do, and filled up with the first sample.
    own = [index % SIZE for index in range(rank, 6, 2)]
    evaluator = Evaluator(
        [{"type": "Accuracy"}, {"type": "ConfusionMatrix"}, {"type": "SingleLabelMetric", "average": None}]
    )
    evaluator.process([sample(index) for index in own])
    values = evaluator.evaluate(SIZE)

    alone = Accuracy.calculate(
        torch.stack([sample(index)["pred_score"] for index in range(SIZE)]), [i % 3 for i in range(SIZE)]
    )
    assert values["accuracy/top1"] == alone[0][0].item()
    assert values["confusion_matrix/result"].sum() == SIZE
    whole = Evaluator({"type": "SingleLabelMetric", "average": None}).metrics[0]
    pred = torch.stack([sample(index)["pred_score"] for index in range(SIZE)])
    (right,) = whole.calculate(pred, [i % 3 for i in range(SIZE)], average=None)
    assert values["single-label/precision_classwise"] == right.precision.tolist()

    # A task of which only one process has samples.
    tasks = MultiTasksMetric({"a": [{"type": "Accuracy"}], "b": [{"type": "Accuracy"}]})
    tasks.process(None, [{"a": {**sample(0), "eval_mask": rank == 1}, "b": {"eval_mask": False}}])
    assert tasks.evaluate(2) == {"a_accuracy/top1": 100.0, "b_Accuracy": 0}

    # Whatever the metric: the first process, which computes the values, has none.
    tasks = MultiTasksMetric({"a": KINDS})
    tasks.process(None, [{"a": {**sample(i), "eval_mask": rank == 1}} for i in range(rank, 6, 2)])
    assert str(tasks.evaluate(6)) == str({f"a_{name}": value for name, value in of_one_process.items()})

    # What fills up the last round counts for no task, at whatever depth.
    of_task = {"a": [{"type": "ConfusionMatrix"}]}
    nested = MultiTasksMetric({"in": [MultiTasksMetric(of_task)], **of_task})
    nested.process(None, [task_sample(index) for index in own])
    counts = {name: matrix.sum().item() for name, matrix in nested.evaluate(SIZE).items()}
    assert counts == {"in_a_confusion_matrix/result": 3, "a_confusion_matrix/result": 3}

    # Assignments to clusters are shared out over all samples.
    scores = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    part = distributed_sinkhorn(scores[rank * 4 : rank * 4 + 4], 3, 0.5)
    parts = torch.cat(all_gather(part))
    torch.distributed.destroy_process_group()
    torch.testing.assert_close(parts, distributed_sinkhorn(scores, 3, 0.5))


def test_two_processes():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(work, (port,), nprocs=2)
