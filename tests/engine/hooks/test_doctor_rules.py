"""Tests of :mod:`mmpretrain.engine.hooks.doctor_rules`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from torch import nn

from mmpretrain.engine.hooks.doctor_rules import SYMPTOMS, causes

HEALTHY = {
    "view_distance": 0.4, "image_std": 1.0, "backbone_grad_norm": 0.2, "predictor_size": 10.0,
    "weights_moved": 1e-3, "teacher_moved": 1e-4, "grad_growth": 1.5, "grad_norm": 2.0,
    "prototype_entropy": 0.9, "prototypes_dead": 0.1, "teacher_entropy": 0.8, "projection_spread": 0.7,
    "projection_rank": 12.0, "projection_scale": 0.9, "feature_spread": 0.5,
}  # fmt: skip

SICK = {
    "same_views": {"view_distance": 0.0},
    "flat_images": {"image_std": 0.001},
    "huge_images": {"image_std": 58.0},
    "no_gradient": {"backbone_grad_norm": 0.0},
    "no_predictor": {"predictor_size": 0.0},
    "weights_still": {"weights_moved": 0.0},
    "teacher_still": {"teacher_moved": 0.0},
    "exploded": {"grad_growth": 2000.0},
    "leaping": {"longest_step": 0.1, "weight_growth": 1.5},
    "one_prototype": {"prototype_entropy": 0.1},
    "uniform_teacher": {"teacher_entropy": 0.999},
    "collapsed": {"projection_spread": 0.01},
    "shrunk": {"projection_scale": 0.01},
    "same_features": {"feature_spread": 0.001},
    "low_rank": {"projection_rank": 1.2},
}


def test_a_healthy_run_has_no_symptom():
    assert [symptom.name for symptom in SYMPTOMS if symptom.present(HEALTHY)] == []
    assert [symptom.name for symptom in SYMPTOMS if symptom.present({})] == []  # nothing was measured


def test_each_symptom_is_seen_and_told():
    assert set(SICK) == {symptom.name for symptom in SYMPTOMS}
    for symptom in SYMPTOMS:
        measures = {**HEALTHY, **SICK[symptom.name]}
        assert symptom.present(measures), symptom.name
        assert "{" not in symptom.text.format(**measures)


def model(head=None, neck=None):
    return SimpleNamespace(head=head or SimpleNamespace(), neck=neck)


@pytest.mark.parametrize(
    ("model", "live_target", "first"),
    [
        (model(SimpleNamespace(predictor=1)), True, "no stop-gradient"),
        (model(SimpleNamespace(student_temp=0.1, teacher_temp=0.2)), False, "teacher_temp=0.2 is not below"),
        (model(SimpleNamespace(centering="none")), False, "no centring"),
        (model(SimpleNamespace(temperature=0.001)), False, "temperature too low (0.001)"),
        (model(SimpleNamespace(temperature=9.0)), False, "temperature too high (9.0)"),
        (model(SimpleNamespace(loss_module=SimpleNamespace(sinkhorn_iterations=0))), False, "sinkhorn_iter"),
        (model(SimpleNamespace(loss_module=SimpleNamespace(std_coeff=0))), False, "std_coeff=0 in the loss"),
        (model(neck=nn.Linear(2, 2)), False, "batch norm missing"),
        (model(neck=nn.BatchNorm1d(2)), False, "learning rate too high (it is 0.5: try a tenth)"),
    ],
)
def test_the_likeliest_cause_comes_first(model, live_target, first):
    assert causes(model, "collapsed", live_target, 0.5)[0].startswith(first)


def test_some_symptoms_have_one_cause():
    assert causes(model(), "no_gradient", False, 0.1) == ["the backbone is frozen, or its output is detached"]
