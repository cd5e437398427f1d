"""What a batch of samples is trained for."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.batch_targets import BatchTargets
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import PackedSamples

CPU = torch.device("cpu")


def test_scores_and_values_are_mixed_together_and_shared_out():
    samples = [DataSample().set_gt_label(k).set_gt_value([10.0 * k, 1.0]) for k in range(2)]
    targets = BatchTargets.of(samples, CPU, to_onehot=True, num_classes=3)
    joined = targets.joined()
    assert joined.tolist() == [[1, 0, 0, 0, 1], [0, 1, 0, 10, 1]]
    targets.part(joined.flip(0))
    targets.share_out(samples)
    assert samples[0].gt_score.tolist() == [0, 1, 0]
    assert samples[0].gt_value.tolist() == [10, 1]
    assert samples[0].gt_label.tolist() == [0]


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("known", [3, None], ids=["classes known", "classes unknown"])
def test_packed_samples_get_the_same(scores, known):
    meta = {} if known is None else {"num_classes": known}
    plain = [DataSample(metainfo=meta).set_gt_label(k).set_gt_value(float(k)) for k in (2, 0)]
    packed = LazyList(PackedSamples.of(plain))
    for samples in (plain, packed):
        targets = BatchTargets.of(samples, CPU, to_onehot=scores, num_classes=3)
        mixed = targets.joined()
        targets.part(None if mixed is None else 0.25 * mixed + 0.75 * mixed.flip(0))
        targets.share_out(samples)
    if known or not scores:
        assert PackedSamples.behind(packed) is not None
    for one, other in zip(plain, packed):
        assert sorted(one.all_keys()) == sorted(other.all_keys())
        assert all(torch.equal(other.get(key), value) for key, value in one.items())
        assert one.get("num_classes") == other.get("num_classes")


def test_packed_samples_with_another_number_of_classes_are_one_sentence():
    packed = LazyList(PackedSamples.of([DataSample(metainfo={"num_classes": 2}).set_gt_label(0)]))
    targets = BatchTargets.of(packed, CPU, to_onehot=True, num_classes=3)
    with pytest.raises(DataError, match="gt_score has 3 values, but the sample's num_classes is 2"):
        targets.share_out(packed)


def test_nothing_to_mix():
    targets = BatchTargets.of([DataSample().set_gt_label(1)], CPU, to_onehot=False, num_classes=None)
    assert targets.joined() is None
    targets.part(None)
    assert targets.labels.tolist() == [1]
    with pytest.raises(ConfigError, match="number of classes"):
        BatchTargets.of([DataSample().set_gt_label(1)], CPU, to_onehot=True, num_classes=None)


@pytest.mark.parametrize("field", ["gt_value", "gt_score"])
@pytest.mark.parametrize("other", [[1.0], None])
def test_samples_with_different_numbers_are_one_sentence(field, other):
    first, second = (DataSample(metainfo={"img_path": name}) for name in ("a.png", "b.png"))
    for sample, numbers in ((first, [1.0, 2.0]), (second, other)):
        if numbers is not None:
            getattr(sample, f"set_{field}")(torch.tensor(numbers))
    with pytest.raises(
        DataError, match=rf"(1|0) numbers in {field}, and another one of its batch 2"
    ) as caught:
        BatchTargets.of([first, second], CPU, to_onehot=False, num_classes=2)
    assert "b.png" in str(caught.value)
