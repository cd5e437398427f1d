"""Slow copies of an encoder."""

import torch
from torch import nn

from mmpretrain.models.averaged import ExponentialMovingAverage
from mmpretrain.models.selfsup import BYOL, DINO, DenseCL, MoCo, MoCoV3
from mmpretrain.models.selfsup.momentum import Encoder, MomentumMethod, drop_nothing


def test_an_encoder_has_the_keys_of_sequential():
    parts = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)
    sequential, encoder = nn.Sequential(*parts), Encoder(*parts)
    assert list(encoder.state_dict()) == list(sequential.state_dict())
    ours, theirs = dict(encoder.named_parameters()), dict(sequential.named_parameters())
    assert list(ours) == list(theirs)
    assert all(ours[name] is theirs[name] for name in theirs)
    assert [id(x) for x in encoder.buffers()] == [id(x) for x in sequential.buffers()]
    images = torch.rand(2, 1, 3, 3)
    assert torch.equal(encoder(images), sequential(images))


def test_an_average_follows_an_encoder_as_it_follows_a_module():
    torch.manual_seed(0)
    parts = nn.Linear(3, 4), nn.BatchNorm1d(4)
    averages = [ExponentialMovingAverage(nn.Sequential(*parts), momentum=0.25) for _ in range(2)]
    for _ in range(3):
        averages[0].update_parameters(nn.Sequential(*parts))
        averages[1].update_parameters(Encoder(*parts))
        with torch.no_grad():
            for part in parts:
                for value in [*part.parameters(), *part.buffers()]:
                    value.add_(1)
    first, second = (average.state_dict() for average in averages)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_each_method_names_its_copy():
    names = {kind: kind.copy_name for kind in (BYOL, DenseCL, DINO, MoCo, MoCoV3)}
    assert names == {
        BYOL: "target_net", DenseCL: "encoder_k", DINO: "teacher", MoCo: "encoder_k",
        MoCoV3: "momentum_encoder",
    }  # fmt: skip
    assert all(issubclass(kind, MomentumMethod) for kind in names)


def test_a_teacher_drops_nothing():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2))
    drop_nothing(model)
    assert model[0].p == 0
