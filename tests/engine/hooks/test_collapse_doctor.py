"""The doctor names what is wrong with a run, and says nothing where nothing is."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks.collapse_doctor import CollapseDoctorHook
from mmpretrain.engine.hooks.doctor_rules import SYMPTOMS, causes
from mmpretrain.engine.hooks.doctor_watch import Watch, vectors
from mmpretrain.errors import ConfigError, TrainingError
from mmpretrain.models.averaged import ExponentialMovingAverage
from mmpretrain.models.selfsup import BaseSelfSupervisor
from tests.engine import tiny

SMALL = dict(interval=1, patience=2, grace=4)


class Backbone(nn.Linear):
    def forward(self, x):
        return (super().forward(x).relu(),)


class Neck(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn = nn.Linear(16, 8), nn.BatchNorm1d(8)
        self.fall = 1.0

    def forward(self, x):
        return (self.fall * self.bn(self.fc(x[0])) + (1 - self.fall),)


class Method(BaseSelfSupervisor):
    """Two noisy views agree, and the channels of a batch vary."""

    def __init__(self, teacher: float | None = None) -> None:
        torch.manual_seed(0)
        super().__init__(Backbone(4, 16), Neck(), None, data_preprocessor=dict(type="BaseDataPreprocessor"))
        self.noise = 0.1
        if teacher is not None:
            self.teacher = ExponentialMovingAverage(nn.Sequential(self.backbone), momentum=teacher)

    def loss(self, inputs, data_samples):
        if hasattr(self, "teacher"):
            self.teacher.update_parameters(nn.Sequential(self.backbone))
        first, second = (self.neck(self.backbone(x))[0] for x in inputs)
        return {"loss": (first - second).square().mean() - first.std(dim=0).mean()}


class Views(torch.utils.data.Dataset):
    metainfo: dict = {}

    def __init__(self, noise: float = 0.1, scale: float = 1.0) -> None:
        self.points = torch.randn(64, 4, generator=torch.Generator().manual_seed(0)) * scale
        self.noise = noise

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index):
        return [self.points[index] + self.noise * torch.randn(4) for _ in range(2)]


def collate(items):
    return {"inputs": [torch.stack(view) for view in zip(*items)]}


class Preprocessor(nn.Module):
    """What a data preprocessor gives the doctor to see."""

    def forward(self, data, training=False):
        return {**data, "data_samples": None}


def train(tmp_path, model=None, data=None, hook=None, lr=0.01, iters=16, optim_wrapper=None, **changes):
    model = Method() if model is None else model
    model.data_preprocessor = Preprocessor()
    loader = dict(dataset=data or Views(), batch_size=16, num_workers=0, collate_fn=collate)
    runner = tiny.make_runner(
        model=model,
        train_dataloader={**loader, "sampler": dict(type="DefaultSampler", shuffle=True)},
        train_cfg=dict(by_epoch=False, max_iters=iters),
        optim_wrapper=optim_wrapper or dict(optimizer=dict(type="SGD", lr=lr)),
        param_scheduler=None,
        val_dataloader=None, val_cfg=None, val_evaluator=None,
        test_dataloader=None, test_cfg=None, test_evaluator=None,
        custom_hooks=[hook or CollapseDoctorHook(**SMALL)],
        default_hooks=dict(checkpoint=None),
        work_dir=str(tmp_path),
        **changes,
    )  # fmt: skip
    runner.train()
    return runner


def test_a_sound_run(tmp_path):
    runner = train(tmp_path, Method(teacher=0.1))
    assert runner.iter == 16
    logged = {key.removeprefix("train/") for key in runner.message_hub.log_scalars}
    assert logged >= {
        "rank_me", "feature_spread", "projection_rank", "projection_spread", "alignment", "uniformity",
        "grad_norm",
    }  # fmt: skip
    rank = runner.message_hub.get_scalar("train/rank_me").current()
    assert 1 < rank <= 16


@pytest.mark.parametrize("counts", [2, 4, 5])
def test_looks_wait_for_a_step_of_the_optimizer(counts, tmp_path):
    """Weights stand still while gradients accumulate, which is no symptom."""
    wrapper = dict(optimizer=dict(type="SGD", lr=0.01), accumulative_counts=counts)
    runner = train(tmp_path, optim_wrapper=wrapper, iters=20, hook=CollapseDoctorHook(interval=2, patience=1))
    assert runner.iter == 20
    assert len(runner.message_hub.get_scalar("train/grad_norm").data[0]) == 20 // max(counts, 2)
    still = dict(optimizer=dict(type="SGD", lr=0.0), accumulative_counts=counts)
    with pytest.raises(TrainingError, match="weights do not change"):
        train(
            tmp_path / "still", optim_wrapper=still, iters=20, hook=CollapseDoctorHook(interval=2, patience=1)
        )


def test_the_model_is_left_as_it_was(tmp_path):
    model = Method()
    weights = [p.detach().clone() for p in model.parameters()]
    watch = Watch(model)
    model([torch.randn(8, 4), torch.randn(8, 4)], mode="loss")["loss"].backward()
    seen = watch.close()
    assert [len(seen.backbone), len(seen.neck)] == [2, 2]
    assert float(seen.squared_grad) > float(seen.backbone_grad) > 0
    expected = sum(float(p.grad.square().sum()) for p in model.parameters() if p.grad is not None)
    assert float(seen.squared_grad) == pytest.approx(expected, rel=1e-5)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters() if p._post_accumulate_grad_hooks)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(data=Views(noise=0.0)), "views of an image are identical since iteration 1"),
        (dict(data=Views(scale=1000.0)), "images are not normalised"),
        (dict(data=Views(noise=1e-5, scale=1e-4)), "prepared images are all alike"),
        (dict(lr=0.0), "weights do not change since iteration 1; likely: the learning rate is 0"),
        (dict(model=Method(teacher=1e-12)), "momentum encoder do not change"),
    ],
)
def test_mistakes_that_show_at_once(arguments, message, tmp_path):
    with pytest.raises(TrainingError, match=message):
        train(tmp_path, **arguments)


def test_a_predictor_without_weights(tmp_path):
    model = Method()
    model.head = nn.Module()
    model.head.predictor = nn.Identity()
    with pytest.raises(TrainingError, match="since iteration 1; likely: the predictor has no weights"):
        train(tmp_path, model)


def test_a_backbone_without_gradient(tmp_path):
    model = Method()
    model.backbone.requires_grad_(False)
    with pytest.raises(TrainingError, match="No gradient reaches the backbone"):
        train(tmp_path, model)


class Fall(CollapseDoctorHook):
    """Lets the projections fall into one direction."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        runner.model.neck.fall = 1.0 if runner.iter < self.falls_at else 0.01
        super().before_train_iter(runner, batch_idx, data_batch)


@pytest.mark.parametrize(("falls_at", "told_at"), [(6, 8), (0, 5)])
def test_a_collapse_is_told_at_once_where_the_run_looked_well(falls_at, told_at, tmp_path):
    """And where it never did, after the time that a new network gets."""
    hook = Fall(**SMALL)
    hook.falls_at = falls_at
    with pytest.raises(
        TrainingError, match=rf"collapsed to rank 1\.\d .* since iteration {falls_at + 1}; likely: lea"
    ):
        train(tmp_path, hook=hook)
    assert hook.since["collapsed"] == [falls_at, told_at - falls_at]


def test_only_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "mmpretrain"):
        runner = train(tmp_path, hook=CollapseDoctorHook(action="warn", **SMALL), lr=0.0)
    assert runner.iter == 16
    assert [
        r.message.count("weights do not change") for r in caplog.records if r.message.startswith("CollapseD")
    ] == [1]


def test_causes_are_found_in_the_model():
    model = Method()
    model.neck = nn.Linear(2, 2)
    model.head = nn.Module()
    model.head.predictor = nn.Identity()
    model.head.temperature = 0.001
    found = causes(model, "collapsed", live_target=True, lr=0.5)
    assert [text.split(":")[0].split(" (")[0] for text in found] == [
        "no stop-gradient", "temperature too low", "batch norm missing in the projector",
        "learning rate too high",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "growth", "present"),
    [(0.068, 1.15, True), (0.006, 1.15, False), (0.068, 1.02, False), (None, None, False)],
)
def test_steps_that_are_too_long(step, growth, present):
    """Steps are long and make the weights grow; a step of Adam or a slow growth alone is sound."""
    measures = {} if step is None else {"longest_step": step, "weight_growth": growth}
    assert [s.name for s in SYMPTOMS if s.present(measures)] == (["leaping"] if present else [])


def test_how_far_a_weight_moves():
    model, hook = Method(), CollapseDoctorHook()
    weight = max(model.backbone.parameters(), key=torch.numel)
    for factor, longest, growth in ((1.1, 0.1, 1.0), (1.05, 0.1, 1.1), (1.2, 0.2, 1.155)):
        hook._before = [weight.detach().clone()]
        weight.data.mul_(factor)
        found = hook.motion(model)
        assert found["longest_step"] == pytest.approx(longest, rel=1e-4)
        assert found["weight_growth"] == pytest.approx(growth, rel=1e-4)
    again = CollapseDoctorHook()
    again.load_state_dict(hook.state_dict())
    assert again.longest_step == hook.longest_step > 0


def test_texts_fit_the_measures():
    measures = {
        "image_std": 1.0, "grad_growth": 2.0, "grad_norm": 1.0, "prototype_entropy": 0.1,
        "prototypes_dead": 0.5, "projection_scale": 0.01, "teacher_entropy": 1.0, "projection_rank": 1.0,
        "projection_spread": 0.0, "feature_spread": 0.0, "longest_step": 0.1, "weight_growth": 1.2,
    }  # fmt: skip
    for symptom in SYMPTOMS:
        assert "{" not in symptom.text.format(**measures)


def test_features_of_all_kinds_of_outputs():
    maps, tokens = torch.rand(2, 3, 4, 5), torch.rand(2, 7, 6)
    assert torch.equal(vectors((torch.rand(2, 8), maps))[0], maps.mean((2, 3)))
    # latent tokens, mask, order
    masked = (tokens, torch.ones(2, 9), torch.arange(18).view(2, 9))
    assert torch.equal(vectors(masked)[0], tokens.mean(1))
    assert vectors(None) == vectors("text") == vectors([torch.arange(3)]) == []


def test_predicted_tokens_are_no_projections():
    model = Method()
    model.neck.forward = lambda x: x.flatten(0, 1)
    watch = Watch(model)
    model.neck(model.backbone(torch.randn(8, 3, 4))[0])
    seen = watch.close()
    assert [len(seen.backbone), len(seen.neck)] == [1, 0]


def test_predicted_images_are_no_projections():
    """SimMIM's and SparK's decoders put out images, which are the same for all until they learn."""
    model = Method()
    model.neck.forward = lambda x: x[0][:, :12].view(-1, 3, 2, 2)
    watch = Watch(model)
    model.neck(model.backbone(torch.randn(8, 4)))
    seen = watch.close()
    assert [len(seen.backbone), len(seen.neck)] == [1, 0]


@pytest.mark.parametrize(("generator", "views"), [(None, 2), (nn.Identity(), 1)])
def test_a_target_generator_may_see_the_same_image(generator, views):
    """BEiT v2's tokenizer sees what the backbone sees."""
    model = Method()
    model.target_generator = generator
    model.data_preprocessor = Preprocessor()
    watch = Watch(model)
    image = torch.randn(8, 4)
    model.data_preprocessor({"inputs": [image, image]})
    assert len(watch.close().views) == views


def test_state_survives():
    hook = CollapseDoctorHook()
    hook.since, hook.looked_well, hook.first_grad = {"low_rank": [3, 2]}, ["collapsed"], 0.5
    hook.used, hook.rows_seen = {4, 1}, 12
    hook.first_length, hook.longest_step = 3.0, 0.25
    again = CollapseDoctorHook()
    again.load_state_dict(hook.state_dict())
    assert again.state_dict() == hook.state_dict()


@pytest.mark.parametrize("arguments", [dict(interval=0), dict(patience=0), dict(action="shout")])
def test_wrong_arguments(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        CollapseDoctorHook(**arguments)
