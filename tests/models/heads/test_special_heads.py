"""What is special about some heads."""

from __future__ import annotations

import pickle

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models import (
    ArcFaceClsHead,
    CSRAClsHead,
    EfficientFormerClsHead,
    LeViTClsHead,
    MAEPretrainHead,
    MultiLabelClsHead,
    MultiTaskHead,
    StackedLinearClsHead,
    SwAVLoss,
    VisionTransformerClsHead,
)
from mmpretrain.models.losses.swav import distributed_sinkhorn
from mmpretrain.structures import DataSample, MultiTaskDataSample

FEATS = (torch.randn(4, 6, generator=torch.Generator().manual_seed(0)),)


def labelled(*labels: int) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


def test_levit_is_fused():
    head = LeViTClsHead(num_classes=3, in_channels=6)
    for _ in range(3):
        head((FEATS[0] * 2 + 1,))  # running statistics
    head.eval()
    expected = head(FEATS)
    head.switch_to_deploy()
    torch.testing.assert_close(head(FEATS), expected)
    deployed = LeViTClsHead(num_classes=3, in_channels=6, deploy=True)
    deployed.load_state_dict(head.state_dict())
    torch.testing.assert_close(deployed(FEATS), expected)
    with pytest.raises(ConfigError, match="needs in_channels"):
        LeViTClsHead(num_classes=3)


@pytest.mark.parametrize("head", [LeViTClsHead, EfficientFormerClsHead])
def test_distilled_heads_train(head):
    head = head(num_classes=3, in_channels=6)
    head.loss(FEATS, labelled(0, 1, 2, 0))["loss"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())


def test_vision_transformer_initialisation():
    head = VisionTransformerClsHead(num_classes=3, in_channels=400, hidden_dim=300)
    head.init_weights()
    assert head.layers.head.weight.abs().max() == 0
    assert head.layers.pre_logits.weight.std().item() == pytest.approx(400**-0.5, rel=0.02)
    assert head.layers.pre_logits.bias.abs().max() == 0


def test_stacked_layers():
    head = StackedLinearClsHead(num_classes=3, in_channels=6, mid_channels=[5, 4], dropout_rate=0.5)
    assert [layer.dropout.p for layer in head.layers] == [0.5, 0.5, 0.0]
    assert head.pre_logits(FEATS).shape == (4, 4)
    assert head.fc is head.layers[-1]
    with pytest.raises(ConfigError, match="mid_channels must be a sequence"):
        StackedLinearClsHead(num_classes=3, in_channels=6, mid_channels=5)


def test_margins(tmp_path):
    path = tmp_path / "margins.txt"
    path.write_text("0.1\n0.2\n0.3\n")
    head = ArcFaceClsHead(num_classes=3, in_channels=6, margins=str(path))
    assert head.margins.tolist() == pytest.approx([0.1, 0.2, 0.3])
    head.set_margins(0.4)
    assert head.margins.tolist() == pytest.approx([0.4] * 3)
    assert list(head.state_dict()) == ["norm_product.weight"]
    with pytest.raises(ConfigError, match="2 margins for 3 classes"):
        head.set_margins([0.1, 0.2])
    with pytest.raises(ConfigError, match="num_subcenters"):
        ArcFaceClsHead(num_classes=3, in_channels=6, num_subcenters=0)


def test_margin_at_angle_zero():
    """A feature right on its centre has finite loss and gradient."""
    head = ArcFaceClsHead(num_classes=3, in_channels=6)
    head.norm_product.weight.data[0] = FEATS[0][0]
    feats = (FEATS[0][:1].clone().requires_grad_(),)
    loss = head.loss(feats, labelled(0))["loss"]
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(feats[0].grad).all()


def test_multi_label_thresholds():
    scores = (torch.tensor([[2.0, -2.0, 0.1], [-9.0, -9.0, -9.0]]),)
    labels = [s.pred_label.tolist() for s in MultiLabelClsHead().predict(scores)]
    assert labels == [[0, 2], []]
    labels = [s.pred_label.tolist() for s in MultiLabelClsHead(topk=1).predict(scores)]
    assert labels[0] == [0]
    with pytest.raises(ConfigError, match=r"num_heads must be one of \[1, 2, 4, 6, 8\]"):
        CSRAClsHead(num_classes=3, in_channels=6, num_heads=3, lam=0.1)
    with pytest.raises(ConfigError, match="lam must be positive"):
        CSRAClsHead(num_classes=3, in_channels=6, num_heads=1, lam=0)


@pytest.fixture
def tasks():
    head = {"type": "LinearClsHead", "num_classes": 3, "in_channels": 6}
    return MultiTaskHead({"a": head, "b": head})


def test_tasks_learn_from_their_samples(tasks):
    samples = [MultiTaskDataSample(a=sample) for sample in labelled(0, 1)]
    samples += [MultiTaskDataSample(), MultiTaskDataSample(a=labelled(2)[0])]
    losses = tasks.loss(FEATS, samples)
    expected = tasks.task_heads["a"].loss((FEATS[0][[0, 1, 3]],), labelled(0, 1, 2))
    assert losses["a_loss"].item() == pytest.approx(expected["loss"].item())
    assert (losses["a_mask_size"].item(), losses["b_mask_size"].item()) == (3, 0)
    assert losses["b_loss"].item() == 0
    with pytest.raises(DataError, match=r"one field per task, got DataSample.*PackMultiTaskInputs"):
        tasks.loss(FEATS, labelled(0, 1, 2, 0))
    with pytest.raises(ConfigError, match="task_heads must be a dict"):
        MultiTaskHead([])


def test_tasks_predict_for_all_samples(tasks):
    samples = [MultiTaskDataSample(a=labelled(0)[0]), None, None, MultiTaskDataSample()]
    out = pickle.loads(pickle.dumps(tasks)).predict(FEATS, samples)
    assert out[0] is samples[0]
    assert [sample.a.eval_mask for sample in out] == [True, False, False, False]
    assert [sample.b.eval_mask for sample in out] == [False] * 4
    assert out[0].a.gt_label.tolist() == [0]
    assert out[3].b.pred_score.shape == (3,)


def test_patches_and_back():
    images = torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    head = MAEPretrainHead(loss={"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=4)
    patches = head.patchify(images)
    assert patches.shape == (2, 4, 48)
    assert patches[0, 1, :3].tolist() == images[0, :, 0, 4].tolist(), "channels of a pixel stay together"
    assert torch.equal(head.unpatchify(patches), images)
    assert head.patchify(images[:, :, :4]).shape == (2, 2, 48)
    with pytest.raises(ConfigError, match="8x6 pixels cannot be cut into patches of 4"):
        head.patchify(images[..., :6])
    with pytest.raises(ConfigError, match="3 patches do not make a square"):
        head.unpatchify(patches[:, :3])


def test_clusters_are_balanced():
    """Rows are assignments; every prototype gets its share, even one that is far from all samples."""
    scores = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    scores[:, 3] -= 100
    assignment = distributed_sinkhorn(scores, iterations=200, epsilon=0.5)
    torch.testing.assert_close(assignment.sum(1), torch.ones(60))
    torch.testing.assert_close(assignment.sum(0), torch.full((4,), 15.0), rtol=1e-3, atol=1e-3)
    hopeless = distributed_sinkhorn(torch.tensor([[1.0, -1e4], [0.5, -1e4]]), 3, 0.05)
    assert torch.isfinite(hopeless).all()


def test_queue_of_earlier_features():
    """Once it is full it joins the assignment; new features come first."""
    loss = SwAVLoss(feat_dim=4, num_prototypes=3)
    loss.queue = torch.zeros(2, 4, 4)
    r = torch.Generator().manual_seed(0)
    batches = [torch.nn.functional.normalize(torch.randn(4, 4, generator=r)) for _ in range(3)]
    for batch, full in zip(batches, (False, False, True)):
        assert torch.isfinite(loss(batch))
        assert loss.use_queue is full
    assert torch.equal(loss.queue[0], torch.cat([batches[2][:2], batches[1][:2]]))
    assert torch.equal(loss.queue[1], torch.cat([batches[2][2:], batches[1][2:]]))
    with pytest.raises(ConfigError, match="num_prototypes must be a positive integer"):
        SwAVLoss(feat_dim=4, num_prototypes=[3])
