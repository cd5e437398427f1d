"""Heads written for MMClassification 0.x train and predict."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcls.models import BACKBONES, HEADS, build_classifier
from mmcls.models.heads import ClsHead
from torch import nn

from mmpretrain.errors import ConfigError

LOSS = dict(type="CrossEntropyLoss", loss_weight=1.0)


@HEADS.register_module()
class TutorialHead(ClsHead):
    """As a tutorial of 0.x prints it: ``x`` is a tensor, and testing is left to the base class."""

    def __init__(self, num_classes, in_channels, loss=LOSS, topk=(1,)):
        super().__init__(loss=loss, topk=topk)
        self.fc = nn.Linear(in_channels, num_classes)

    def forward_train(self, x, gt_label):
        cls_score = self.fc(x)
        return self.loss(cls_score, gt_label)


@HEADS.register_module()
class LaterHead(TutorialHead):
    """As later versions of 0.x had it: ``x`` is a tuple, and there is a method for testing."""

    def forward_train(self, x, gt_label, **kwargs):
        assert isinstance(x, tuple)
        return self.loss(self.fc(x[-1]), gt_label, **kwargs)

    def simple_test(self, x):
        return self.post_process(torch.softmax(self.fc(x[-1]) * 0 + torch.arange(3.0), dim=1))

    def post_process(self, pred):
        return list(pred.detach().cpu().numpy())


@HEADS.register_module()
class HeadWithItsOwnLoss(TutorialHead):
    def loss(self, cls_score, gt_label):
        return {"loss": self.compute_loss(cls_score, gt_label), "accuracy": {"top-1": torch.tensor(50.0)}}

    def forward_train(self, x, gt_label):
        return self.loss(self.fc(x), gt_label)


def build(head: str) -> nn.Module:
    torch.manual_seed(0)
    return build_classifier(
        dict(
            type="ImageClassifier",
            backbone=dict(type="ResNet", depth=18, base_channels=4, stem_channels=4),
            neck=dict(type="GlobalAveragePooling"),
            head=dict(type=head, num_classes=3, in_channels=32),
        )
    )


IMAGES, LABELS = torch.rand(2, 3, 32, 32), torch.tensor([0, 2])


@pytest.mark.parametrize("head", ["TutorialHead", "LaterHead", "HeadWithItsOwnLoss"])
def test_losses_are_those_of_forward_train(head):
    model = build(head)
    losses = model(return_loss=True, img=IMAGES, gt_label=LABELS)
    expected = nn.functional.cross_entropy(model.head.fc(model.extract_feat(IMAGES)[-1]), LABELS)
    assert torch.isclose(losses["loss"], expected)
    assert ("accuracy_top-1" in losses) == (head == "HeadWithItsOwnLoss")
    losses["loss"].backward()
    assert model.head.fc.weight.grad is not None


def test_scores_are_those_of_the_layer_or_of_simple_test():
    model = build("TutorialHead").eval()
    scores = model(return_loss=False, img=IMAGES)
    expected = torch.softmax(model.head.fc(model.extract_feat(IMAGES)[-1]), dim=1)
    np.testing.assert_allclose(np.stack(scores), expected.detach().numpy(), atol=1e-6)
    later = build("LaterHead").eval()
    assert [int(score.argmax()) for score in later(return_loss=False, img=IMAGES)] == [2, 2]
    assert later.head.predict(later.extract_feat(IMAGES))[0].pred_label.tolist() == [2]


def test_a_result_is_drawn(tmp_path):
    model = build("TutorialHead")
    model.CLASSES = ("a", "b", "c")
    image = np.zeros((40, 60, 3), np.uint8)
    result = dict(pred_label=1, pred_score=0.5, pred_class="b")
    drawn = model.show_result(image, result, out_file=str(tmp_path / "x.png"))
    assert drawn.shape == image.shape
    assert drawn.any()
    assert (tmp_path / "x.png").is_file()


def test_a_method_that_nothing_calls_is_an_error():
    with pytest.raises(ConfigError, match=r"Net.simple_test would never be called"):

        @BACKBONES.register_module()
        class Net(nn.Module):
            def simple_test(self, x):
                return x
