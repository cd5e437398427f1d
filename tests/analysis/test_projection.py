"""Samples, their features, and features in the plane."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mmpretrain
from mmpretrain.analysis.projection import agreement, choose_samples, extract, project
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.errors import ConfigError, DataError, OptionalDependencyError
from mmpretrain.registry import DATASETS


@pytest.fixture(scope="module")
def digits():
    return DATASETS.build(Config.fromfile(find_config("lenet5_digits")).test_dataloader.dataset)


def clusters(count=30):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    return rng.normal(size=(count, 8)) * 0.1 + np.eye(8)[labels] * 5, labels


def test_samples_of_classes(digits):
    chosen = choose_samples(digits, classes=[7, 2], max_samples=4, seed=1)
    labels = [int(digits.get_data_info(index)["gt_label"]) for index in chosen]
    assert labels == [7] * 4 + [2] * 4
    assert chosen == choose_samples(digits, classes=[7, 2], max_samples=4, seed=1)
    assert chosen != choose_samples(digits, classes=[7, 2], max_samples=4, seed=2)
    assert len(choose_samples(digits, max_classes=3)) == sum(
        int(digits.get_data_info(index)["gt_label"]) < 3 for index in range(len(digits))
    )
    with pytest.raises(ConfigError, match="class 12 has no samples"):
        choose_samples(digits, classes=[12])


@pytest.mark.parametrize("workers", [0, 1])
def test_features_are_those_of_the_model(digits, workers):
    model = mmpretrain.get_model(
        "resnet18_8xb32_in1k", backbone=dict(in_channels=1), data_preprocessor=dict(mean=None)
    )
    model.data_preprocessor = mmpretrain.get_model("lenet5_digits").data_preprocessor
    features = extract(model, digits, [3, 100], "backbone", batch_size=1, workers=workers)
    assert features.vectors.shape == (2, 512)
    assert features.labels.tolist() == [int(digits.get_data_info(index)["gt_label"]) for index in (3, 100)]
    batch = model.data_preprocessor({key: [digits[3][key]] for key in digits[3]}, False)
    with torch.no_grad():
        expected = model.backbone(batch["inputs"])[-1].mean((2, 3))[0]
    np.testing.assert_allclose(features.vectors[0], expected, rtol=1e-4, atol=1e-5)


def test_principal_components():
    vectors, _ = clusters()
    points = project(vectors, "pca", 2)
    centred = vectors - vectors.mean(0)
    values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose((points**2).sum(0), values[:2] ** 2)
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-9)


def test_tsne_keeps_groups_together():
    vectors, labels = clusters()
    options = dict(perplexity=5.0, n_iter=250, init="pca", learning_rate=50.0, random_state=0)
    points = project(vectors, "tsne", 2, **options)
    assert points.shape == (30, 2)
    assert agreement(points, labels) == 1
    assert (points == project(vectors, "tsne", 2, **options)).all()


def test_what_cannot_be_drawn(monkeypatch):
    vectors, _ = clusters()
    with pytest.raises(ConfigError, match="less than the 30 samples"):
        project(vectors, "tsne", 2, perplexity=30.0)
    with pytest.raises(DataError, match="too few"):
        project(vectors[:3], "pca", 2)
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(OptionalDependencyError, match=r"mmpretrain\[umap\]"):
        project(vectors, "umap", 2)


def test_agreement():
    vectors = np.array([[0.0], [0.1], [5.0], [5.1]])
    assert agreement(vectors, np.array([0, 0, 1, 1])) == 1
    assert agreement(vectors, np.array([0, 1, 0, 1])) == 0
