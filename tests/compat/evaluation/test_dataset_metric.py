"""A data set of the user evaluates its own results."""

from __future__ import annotations

PARTS = """
import numpy as np
from mmcls.datasets import DATASETS, CustomDataset

@DATASETS.register_module()
class Grading(CustomDataset):
    CLASSES = ['class0', 'class1']

    def evaluate(self, results, metric='accuracy', metric_options=None, logger=None, scale=1):
        values = super().evaluate(results, metric=metric, metric_options=metric_options, logger=logger)
        logger.info('own evaluation')
        scores = [row[label] for row, label in zip(results, self.get_gt_labels())]
        values['worst'] = scale * float(np.min(scores))
        return values
"""


def test_own_evaluate_is_called(old_run):
    runner = old_run.train(
        "data['val']['type'] = 'Grading'\n"
        "evaluation = dict(interval=2, metric='accuracy', metric_options=dict(topk=(1,)), scale=10,\n"
        "                  save_best='worst', rule='greater')\n",
        PARTS,
    )
    assert set(runner.state.metrics) == {"accuracy_top-1", "worst"}
    assert 0 <= runner.state.metrics["worst"] <= 10
    assert "own evaluation" in old_run.lines
    assert list(old_run.folder.glob("work/best_worst_epoch_2.pth"))
