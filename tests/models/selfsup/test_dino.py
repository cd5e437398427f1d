"""DINO, iBOT and DINOv2: their losses worked out by hand, teachers, masks and schedules."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.selfsup.block_masks import block_masks
from mmpretrain.registry import MODELS
from tests.models.selfsup.facts import picture

K = 12
ARCH = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)
NECK = dict(type="DINONeck", in_channels=16, out_channels=K, hid_channels=16, bottleneck_channels=8)
HEAD = dict(type="DINOHead", out_channels=K)
SINKHORN = {**HEAD, "centering": "sinkhorn"}


def vit(kind: str = "MaskTokenViT", **changes) -> dict:
    return dict(type=kind, arch=ARCH, img_size=32, patch_size=8, **changes)


MODELS_OF = {
    "DINO": dict(type="DINO", backbone=vit("VisionTransformer"), neck=NECK, head=HEAD, num_crops=(2, 2)),
    "iBOT": dict(type="iBOT", backbone=vit(), neck=NECK, head=HEAD, patch_head=HEAD, num_crops=(2, 2)),
    "DINOv2": dict(
        type="DINOv2", backbone=vit(), neck=NECK, head=SINKHORN, patch_neck=NECK, patch_head=SINKHORN,
        num_crops=(2, 2),
    ),
}  # fmt: skip


def make(name: str, **changes) -> torch.nn.Module:
    torch.manual_seed(0)
    model = MODELS.build({**MODELS_OF[name], **changes})
    model.init_weights()
    model.teacher.set_max_iters(10)
    return model


def crops(batch: int = 4) -> list[torch.Tensor]:
    return [picture((batch, 3, size, size), 0, i) for i, size in enumerate((32, 32, 16, 16))]


def softmax(values: list[float]) -> list[float]:
    top = [math.exp(value) for value in values]
    return [value / sum(top) for value in top]


def cross_entropy(target: list[float], scores: list[float], temperature: float) -> float:
    return -sum(t * math.log(p) for t, p in zip(target, softmax([s / temperature for s in scores])))


def test_loss_of_dino_by_hand():
    """Two large crops, one small one, two images, three prototypes."""
    head = MODELS.build(dict(type="DINOHead", out_channels=3, teacher_temp=0.5, warmup_teacher_temp=0.5))
    head.center.copy_(torch.tensor([[0.1, -0.2, 0.3]]))
    teacher = [[[0.5, 0.1, -0.3], [0.2, 0.9, 0.4]], [[-0.1, 0.6, 0.2], [0.8, 0.0, 0.1]]]
    student = [*teacher[::-1], [[0.3, 0.3, -0.9], [0.0, 0.7, 0.7]]]
    expected, pairs = 0.0, 0
    for i, j in product(range(2), range(3)):
        if i == j:
            continue
        for image in range(2):
            shifted = [(t - c) / 0.5 for t, c in zip(teacher[i][image], (0.1, -0.2, 0.3))]
            expected += cross_entropy(softmax(shifted), student[j][image], 0.1)
            pairs += 1
    targets = head.targets(torch.tensor(teacher).flatten(0, 1)).chunk(2)
    loss = head.loss([torch.tensor(scores) for scores in student], targets)
    assert float(loss) == pytest.approx(expected / pairs, rel=1e-5)
    means = [sum(row[k] for crop in teacher for row in crop) / 4 for k in range(3)]
    moved = [0.9 * c + 0.1 * m for c, m in zip((0.1, -0.2, 0.3), means)]
    assert head.center[0].tolist() == pytest.approx(moved, rel=1e-5)


def test_loss_of_ibot_by_hand():
    """Masked patches of two images: three in the first, one in the second; the third has no mask."""
    head = MODELS.build(dict(type="DINOHead", out_channels=3, centering="none", teacher_temp=0.5,
                             warmup_teacher_temp=0.5))  # fmt: skip
    mask = torch.tensor([[True, True, False, True], [False, False, True, False], [False] * 4])
    teacher = [[0.5, 0.1, -0.3], [0.2, 0.9, 0.4], [-0.1, 0.6, 0.2], [0.8, 0.0, 0.1]]
    student = [[0.1, 0.2, 0.3], [0.3, -0.2, 0.1], [0.9, 0.5, -0.5], [0.0, 0.4, 0.8]]
    each = [cross_entropy(softmax([v / 0.5 for v in t]), s, 0.1) for t, s in zip(teacher, student)]
    expected = (sum(each[:3]) / 3 + each[3]) / 2
    losses = head.cross_entropy(torch.tensor(student), head.targets(torch.tensor(teacher)))
    assert losses.tolist() == pytest.approx(each, rel=1e-5)
    got = MODELS.get("iBOT").mean_over_images(losses, mask)
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_targets_of_dinov2_share_prototypes_out():
    """After Sinkhorn's iterations each image is one, and each prototype has nearly the same share."""
    torch.manual_seed(0)
    head = MODELS.build({**SINKHORN, "teacher_temp": 1.0, "warmup_teacher_temp": 1.0})
    scores = torch.randn(24, K) + torch.arange(K)  # the last prototypes would get nearly all
    probs = head.targets(scores)
    torch.testing.assert_close(probs.sum(dim=1), torch.ones(24))
    share = probs.mean(dim=0) * K
    assert 0.8 < share.min() < share.max() < 1.2
    # by hand: rows and columns of exp(scores) are scaled alternately, columns last
    expected = scores.double().exp()
    for _ in range(3):
        expected = expected / expected.sum(dim=0) / K
        expected = expected / expected.sum(dim=1, keepdim=True) / 24
    torch.testing.assert_close(probs.double(), expected * 24, rtol=1e-4, atol=1e-6)


def test_koleo_by_hand():
    feats = [(1.0, 0.0), (0.6, 0.8), (0.0, -2.0)]
    unit = [(1.0, 0.0), (0.6, 0.8), (0.0, -1.0)]
    nearest = [min(math.dist(a, b) for b in unit if b is not a) for a in unit]
    expected = -0.3 * sum(map(math.log, nearest)) / 3
    loss = MODELS.build(dict(type="KoLeoLoss", loss_weight=0.3))
    assert float(loss(torch.tensor(feats))) == pytest.approx(expected, rel=1e-5)
    same = torch.ones(3, 2, requires_grad=True)
    loss(same).backward()
    assert torch.isfinite(same.grad).all()
    with pytest.raises(DataError, match="two or more"):
        loss(torch.ones(1, 2))


@pytest.mark.parametrize("name", MODELS_OF)
def test_two_steps(name):
    """All that wants a gradient gets one, the loss falls, and the teacher is a mean of students."""
    model = make(name)
    # crops of one image that agree are easy to learn
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.003)
    key = next(k for k, _ in model.backbone.named_parameters())
    students, teachers = [], []
    for _ in range(3):
        students.append(model.backbone.get_parameter(key).detach().clone())
        total, _ = model.parse_losses(model(crops(), mode="loss"))
        teachers.append(model.teacher.module[0].get_parameter(key).clone())
        optimizer.zero_grad()
        total.backward()
        missing = [k for k, p in model.named_parameters() if p.requires_grad and p.grad is None]
        assert missing == []
        optimizer.step()
    assert torch.equal(teachers[0], students[0])
    for step in (1, 2):
        momentum = 0.5 * (1 + math.cos(math.pi * step / 10)) * (0.008 if name == "DINOv2" else 0.004)
        expected = teachers[step - 1].lerp(students[step], momentum)
        torch.testing.assert_close(teachers[step], expected)
    assert not any(k.startswith("teacher") for k, p in model.named_parameters() if p.requires_grad)
    assert model(crops(), mode="tensor")[-1].shape == (4, 16)


def test_one_size_goes_through_together():
    model = make("DINO")
    seen = []
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape)))
    model(crops(), mode="loss")
    assert seen == [(8, 3, 32, 32), (8, 3, 16, 16)]


def test_prototypes_wait():
    model = make("DINO", freeze_prototypes_iters=1)
    grads = []
    for _ in range(2):
        model.zero_grad()
        model(crops(), mode="loss")["loss"].backward()
        grads.append(model.neck.prototypes.weight.grad.abs().sum().item())
    assert grads[0] == 0 < grads[1]


def test_temperature_of_the_teacher_grows():
    head = MODELS.build({**HEAD, "teacher_temp": 0.07, "warmup_iters": 2})
    seen = []
    for _ in range(4):
        seen.append(float(head.temperature()))
        head.targets(torch.zeros(2, K))
    assert seen == pytest.approx([0.04, 0.055, 0.07, 0.07])
    again = MODELS.build({**HEAD, "teacher_temp": 0.07, "warmup_iters": 2})
    again.load_state_dict(head.state_dict())
    assert float(again.temperature()) == pytest.approx(0.07)


def test_the_teacher_drops_nothing():
    backbone = vit("VisionTransformer", drop_path_rate=0.9, drop_rate=0.5)
    model = make("DINO", backbone=backbone).train()
    images = crops()[0]
    model.teacher.update_parameters(model.trained_encoder)
    assert torch.equal(model.teacher(images)[0], model.teacher(images)[0])
    assert not torch.equal(model.backbone(images)[0], model.backbone(images)[0])


def test_masked_patches_are_replaced():
    backbone = MODELS.build(vit())
    images, other = crops()[0], crops()[1]
    mask = torch.zeros(4, 16, dtype=torch.bool)
    mask[:, 5] = True
    patches = F.unfold(images, 8, stride=8)
    patches[:, :, 5] = F.unfold(other, 8, stride=8)[:, :, 5]
    changed = F.fold(patches, 32, 8, stride=8)
    assert not torch.equal(images, changed)
    torch.testing.assert_close(backbone.tokens(images, mask), backbone.tokens(changed, mask))
    torch.testing.assert_close(backbone.tokens(images)[:, 0], backbone(images)[0])


def test_blocks():
    torch.manual_seed(0)
    masks = block_masks(40, (8, 10), (0.1, 0.5), 0.5)
    counts = masks.sum(dim=1)
    assert sorted(counts[counts > 0].tolist()) == [round(8 + 32 * i / 19) for i in range(20)]
    # in blocks: most masked patches have a masked neighbour to the right or the left
    grid = masks.view(40, 8, 10)
    pairs = (grid[:, :, 1:] & grid[:, :, :-1]).sum() / grid.sum()
    assert pairs > 0.6
    assert block_masks(1, (2, 2), (0.9, 0.9), 0.1).sum() == 3  # one image at least, one patch stays


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("DINO", dict(num_crops=(1, 0)), "two or more together"),
        ("DINO", dict(head={**HEAD, "centering": "median"}), "'mean', 'sinkhorn' or 'none'"),
        ("DINO", dict(neck={**NECK, "num_layers": 0}), "at least one layer"),
        ("iBOT", dict(backbone=vit("VisionTransformer")), "masks patches, which VisionTransformer cannot"),
        ("iBOT", dict(mask_ratio=(0.5, 1.0)), "between 0 and 1"),
    ],
)
def test_wrong_configs(name, changes, message):
    with pytest.raises(ArgumentError, match=message):
        make(name, **changes)


def test_prototypes_that_differ_in_number():
    with pytest.raises(ConfigError, match=f"scores {K} prototypes, and DINOHead has 9. Give"):
        make("DINO", head={**HEAD, "out_channels": 9})(crops(), mode="loss")


def test_crops_that_differ_in_number():
    with pytest.raises(DataError, match="4 views of each image, but the batch has 3"):
        make("DINO")(crops()[:3], mode="loss")
