"""Logits and features of real classifiers, in one pass."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.uncertainty import outputs as module
from mmpretrain.uncertainty.outputs import check_task, collect_outputs, predicts_values, spoilt_images
from tests.apis.nets import make


def batch(labels, size=32, channels=3):
    generator = torch.Generator().manual_seed(0)
    return {
        "inputs": [torch.rand(channels, size, size, generator=generator) * 255 for _ in labels],
        "data_samples": [DataSample().set_gt_label(label) for label in labels],
    }


def test_one_pass_over_images(monkeypatch):
    model = make("single")
    batches = [batch([0, 1, 2]), batch([3, 0])]
    found = collect_outputs(model, batches, 5, spoil=True)
    assert (found.logits.shape, found.labels.tolist()) == ((5, 4), [0, 1, 2, 3, 0])
    assert found.spoilt is not None
    assert (found.evidence.features.shape, len(found.spoilt.logits)) == ((5, 32), 10)
    with torch.no_grad():
        scores = torch.stack([sample.pred_score for sample in model.test_step(batch([0, 1, 2]))])
    torch.testing.assert_close(found.logits[:3].softmax(1), scores)
    monkeypatch.setattr(module, "MAX_FEATURES", 3)
    few = collect_outputs(model, batches, 5)
    assert (few.rows.tolist(), few.spoilt) == ([0, 2, 4], None)
    for part, whole in zip(few.evidence.styles, found.evidence.styles):
        torch.testing.assert_close(part, whole[[0, 2, 4]])
    torch.testing.assert_close(few.evidence.features, found.evidence.features[[0, 2, 4]])


def test_spoilt_images():
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    exchanged, negative = spoilt_images(image)
    assert exchanged[0, 0, 0].tolist() == [10, 11, 8, 9]
    assert negative[0, 0, 0].tolist() == [15, 14, 13, 12]


@pytest.mark.parametrize(("head", "says"), [("multi", "not the softmax"), ("tasks", "one score per class")])
def test_other_heads(head, says):
    with pytest.raises(ConfigError, match=says):
        collect_outputs(make(head), [batch([0, 1])], 2)


def test_images_without_a_label():
    nothing = {"inputs": batch([0])["inputs"], "data_samples": [DataSample()]}
    with pytest.raises(DataError, match="one label for each image, got none"):
        collect_outputs(make("single"), [nothing], 1)
    with pytest.raises(DataError, match="no image"):
        collect_outputs(make("single"), [], 0)


def test_several_labels_are_refused():
    model = torch.nn.Module()
    model.head = MODELS.build({"type": "MultiLabelLinearClsHead", "num_classes": 3, "in_channels": 8})
    with pytest.raises(ConfigError, match="several labels"):
        check_task(model)


def test_numbers():
    model = make("single")
    model.head = MODELS.build({"type": "RegressionHead", "num_values": 2, "in_channels": 32, "target_std": 9})
    model.eval()
    assert predicts_values(model)
    assert not predicts_values(make("single"))
    check_task(model)
    data = batch([0, 0])
    data["data_samples"] = [DataSample().set_gt_value([1.5, -2]), DataSample().set_gt_value([3, 4])]
    found = collect_outputs(model, [data], 2)
    assert found.labels.tolist() == [[1.5, -2], [3, 4]]
    with torch.no_grad():
        predicted = torch.stack([sample.pred_value for sample in model.test_step(data)])
    torch.testing.assert_close(found.logits, predicted)
    assert found.evidence.features.shape == (2, 32)
    data["data_samples"] = [DataSample().set_gt_value(2), DataSample().set_gt_value(3)]
    with pytest.raises(DataError, match=r"needs 2 right value\(s\)"):
        collect_outputs(model, [data], 2)
