"""Tests of :mod:`mmpretrain.models.heads.regression_head`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

FEATS = (torch.tensor([[1.0, 0.0], [0.0, 2.0]]),)


def head(**kwargs):
    built = MODELS.build(dict(type="RegressionHead", in_channels=2, num_values=2, **kwargs))
    with torch.no_grad():
        built.fc.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        built.fc.bias.copy_(torch.tensor([0.5, -0.5]))
    return built  # outputs (1.5, 2.5) and (4.5, 7.5)


def test_predicts_in_the_unit_of_the_targets():
    plain = head().predict(FEATS)
    assert [sample.pred_value.tolist() for sample in plain] == [[1.5, 2.5], [4.5, 7.5]]
    scaled = head(target_mean=[10, 20], target_std=2.0)
    given = [DataSample(metainfo=dict(img_path="a.png")), None]
    samples = scaled.predict(FEATS, given)
    assert samples[0] is given[0]
    assert [sample.pred_value.tolist() for sample in samples] == [[13, 25], [19, 35]]
    torch.testing.assert_close(scaled(FEATS), torch.tensor([[13.0, 25.0], [19.0, 35.0]]))


def test_loss_is_that_of_normalised_values():
    samples = [DataSample().set_gt_value([12.0, 25.0]), DataSample().set_gt_value([19.0, 35.0])]
    scaled = head(loss=dict(type="L1Loss"), target_mean=[10, 20], target_std=[2, 2])
    assert scaled.loss(FEATS, samples)["loss"].item() == pytest.approx(0.5 / 4)
    plain = head(loss=dict(type="L1Loss"))
    assert plain.loss(FEATS, samples)["loss"].item() == pytest.approx((10.5 + 22.5 + 14.5 + 27.5) / 4)


def test_the_scale_is_part_of_the_state():
    scaled, plain = head(target_mean=3.0, target_std=[1.0, 5.0]), head()
    assert list(scaled.state_dict()) == ["target_mean", "target_std", "fc.weight", "fc.bias"]
    plain.load_state_dict(scaled.state_dict())
    torch.testing.assert_close(plain(FEATS), scaled(FEATS))
    with torch.device("meta"):
        assert head(target_mean=3.0).target_mean.is_meta


def test_learns_a_plane():
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    truth = 1000 + 50 * x @ torch.tensor([[1.0], [-2.0], [0.5]])
    built = MODELS.build(dict(type="RegressionHead", in_channels=3, target_mean=1000.0, target_std=100.0))
    samples = [DataSample().set_gt_value(value) for value in truth]
    optimizer = torch.optim.Adam(built.parameters(), 0.05)
    for _ in range(200):
        optimizer.zero_grad()
        built.loss((x,), samples)["loss"].backward()
        optimizer.step()
    assert (built((x,)) - truth).abs().max() < 1


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(num_values=0), "num_values must be a positive integer, got 0"),
        (dict(target_std=0.0), "target_std must be a positive number, or one for each of the 2 values"),
        (dict(target_mean=[1.0]), "target_mean must be a finite number, or one for each of the 2 values"),
        (dict(target_mean=float("nan")), "target_mean must be a finite number"),
    ],
)
def test_wrong_settings(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build({**dict(type="RegressionHead", in_channels=2, num_values=2), **kwargs})


def test_samples_that_do_not_fit():
    with pytest.raises(DataError, match=r"b\.png.*no value to learn.*TableDataset\(value='age'\)"):
        head().loss(FEATS, [DataSample().set_gt_value([1, 2]), DataSample(metainfo=dict(img_path="b.png"))])
    with pytest.raises(ConfigError, match=r"predicts num_values=2, but a sample has 1"):
        head().loss(FEATS, [DataSample().set_gt_value([1, 2]), DataSample().set_gt_value(1)])
