"""Averaging the scores of augmented versions."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import AverageClsScoreTTA, MultiLabelClsHead
from mmpretrain.models.base import BaseModel
from mmpretrain.structures import DataSample, MultiTaskDataSample


class Model(BaseModel):
    """Takes its inputs as scores."""

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.bias = torch.nn.Parameter(torch.zeros(3))

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return [
            sample.set_pred_score(x + self.bias.detach()).set_pred_label(x.argmax())
            for x, sample in zip(inputs, data_samples)
        ]


def batch() -> dict:
    """Two samples in two versions each."""
    samples = [[DataSample(metainfo={"img_path": name}).set_gt_label(0) for name in "ab"] for _ in range(2)]
    scores = [
        [torch.tensor([0.6, 0.4, 0.0]), torch.tensor([0.0, 1.0, 0.0])],
        [torch.tensor([0.2, 0.8, 0.0]), torch.tensor([0.0, 0.0, 1.0])],
    ]
    return {"inputs": scores, "data_samples": samples}


@pytest.mark.parametrize("step", ["test_step", "val_step"])
@pytest.mark.parametrize("as_list", [False, True])
def test_mean_of_scores(step, as_list):
    data = batch()
    model = AverageClsScoreTTA(Model())
    merged = getattr(model, step)(list(data.values()) if as_list else data)
    torch.testing.assert_close(merged[0].pred_score, torch.tensor([0.4, 0.6, 0.0]))
    torch.testing.assert_close(merged[1].pred_score, torch.tensor([0.0, 0.5, 0.5]))
    assert [sample.img_path for sample in merged] == ["a", "b"]
    assert merged[0].pred_label.tolist() == [1], "the label follows the merged score"
    assert merged[0].gt_label.tolist() == [0]


def test_multi_label_predictions_keep_their_labels():
    versions = [DataSample().set_pred_score([0.9, 0.8]).set_pred_label([0, 1]) for _ in range(2)]
    merged = AverageClsScoreTTA(Model()).merge_preds([versions])
    assert merged[0].pred_label.tolist() == [0, 1]


def test_checkpoints_of_the_model_fit():
    model = Model()
    tta = AverageClsScoreTTA(Model())
    assert list(tta.state_dict()) == ["bias"]
    model.bias.data += 1
    tta.load_state_dict(model.state_dict())
    assert tta.module.bias.tolist() == [1, 1, 1]


def test_data_preprocessor_goes_to_the_model():
    cfg = {"type": Model}
    preprocessor = {"type": "ClsDataPreprocessor", "mean": [1.0] * 3, "std": [1.0] * 3}
    tta = AverageClsScoreTTA(cfg, data_preprocessor=preprocessor)
    assert type(tta.module.data_preprocessor).__name__ == "ClsDataPreprocessor"
    assert cfg == {"type": Model}
    with pytest.raises(ConfigError, match="needs a model with test_step"):
        AverageClsScoreTTA(torch.nn.Linear(1, 1))


def test_mean_of_values():
    """Regression."""
    versions = [
        DataSample(metainfo={"img_path": "a"}).set_pred_value(value) for value in ([1.0, 4], [2.0, 8])
    ]
    (merged,) = AverageClsScoreTTA(Model()).merge_preds([versions])
    assert merged.pred_value.tolist() == [1.5, 6.0]
    assert merged.img_path == "a"
    assert versions[0].pred_value.tolist() == [1.0, 4.0]


def test_several_labels_follow_the_thresholds():
    """Those of one version say nothing of the mean."""
    model = Model()
    model.head = MultiLabelClsHead(thr=[0.5, 0.9])
    scores = ([0.7, 0.95], [0.1, 0.9])
    versions = [DataSample().set_pred_score(score).set_pred_label([0, 1]) for score in scores]
    (merged,) = AverageClsScoreTTA(model).merge_preds([versions])
    assert merged.pred_label.tolist() == [1]


def test_tasks_are_merged_one_by_one():
    versions = []
    for low in (0.0, 0.5):
        single = DataSample().set_pred_score([low, 1 - low]).set_pred_label(1).set_gt_label(0)
        values = DataSample().set_pred_value([low])
        inner = MultiTaskDataSample(colour=single)
        versions.append(MultiTaskDataSample(colour=single, size=values, inner=inner))
    (merged,) = AverageClsScoreTTA(Model()).merge_preds([versions])
    assert merged.colour.pred_score.tolist() == [0.25, 0.75]
    assert merged.colour.gt_label.tolist() == [0]
    assert merged.size.pred_value.tolist() == [0.25]
    assert merged.inner.colour.pred_label.tolist() == [1]
