"""Initialisation, the training step, and what a backbone's declarations do."""

from __future__ import annotations

import inspect
import pickle
from abc import ABCMeta
from contextlib import nullcontext

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base import (
    BaseDataPreprocessor,
    BaseModel,
    BaseModule,
    ModuleDict,
    ModuleList,
    Sequential,
)
from mmpretrain.models.init import bias_init_with_prob, initialize
from mmpretrain.registry import MODELS, WEIGHT_INITIALIZERS


def test_layer_chooses_by_class_and_direct_base():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 2))
    before = net[2].weight.clone()
    initialize(net, [
        dict(type="Constant", val=2, bias=3, layer="Conv2d"),
        dict(type="Constant", val=5, layer=["_BatchNorm", "GroupNorm"]),
    ])  # fmt: skip
    assert (net[0].weight == 2).all()
    assert (net[0].bias == 3).all()
    assert (net[1].weight == 5).all()
    assert torch.equal(net[2].weight, before)


def test_override_with_and_without_own_type():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.reg, self.cls = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, 1)

    net = Net()
    override = [dict(name="reg", type="Constant", val=3, bias=4), dict(name="cls")]
    initialize(net, dict(type="Constant", val=1, bias=2, layer="Conv2d", override=override))
    assert [m.weight.flatten()[0].item() for m in (net.body, net.reg, net.cls)] == [1, 3, 1]
    assert [m.bias[0].item() for m in (net.body, net.reg, net.cls)] == [2, 4, 2]
    with pytest.raises(ConfigError, match="'name'"):
        initialize(net, dict(type="Constant", val=1, override=dict(type="Constant", val=1)))
    with pytest.raises(ConfigError, match="no 'type'"):
        initialize(net, dict(type="Constant", val=1, override=dict(name="reg", val=1)))
    with pytest.raises(RuntimeError, match="no such submodule"):
        initialize(net, dict(type="Constant", val=1, override=dict(name="nope")))


@pytest.mark.parametrize(("cfg", "std", "bound"), [
    (dict(type="Xavier"), (2 / 480) ** 0.5, None),
    (dict(type="Xavier", distribution="uniform", gain=2), 2 * (2 / 480) ** 0.5, 2 * (6 / 480) ** 0.5),
    (dict(type="Normal", mean=0, std=0.3), 0.3, None),
    (dict(type="TruncNormal", std=0.5, a=-0.1, b=0.1), None, 0.1),
    (dict(type="Uniform", a=-2.0, b=2.0), 4 / 12**0.5, 2),
    (dict(type="Kaiming"), (2 / 160) ** 0.5, None),
    (dict(type="Kaiming", mode="fan_in", distribution="uniform"), (2 / 320) ** 0.5, (6 / 320) ** 0.5),
    (dict(type="Caffe2Xavier"), (1 / 320) ** 0.5, (3 / 320) ** 0.5),
])  # fmt: skip
def test_distributions(cfg, std, bound):
    layer = nn.Linear(320, 160)
    torch.manual_seed(0)
    initialize(layer, dict(cfg, layer="Linear", bias_prob=0.01))
    if std is not None:
        assert layer.weight.std().item() == pytest.approx(std, rel=0.02)
    if bound is not None:
        assert layer.weight.abs().max().item() <= bound
    assert layer.bias[0].item() == pytest.approx(bias_init_with_prob(0.01))
    assert torch.sigmoid(layer.bias[0]).item() == pytest.approx(0.01)


def test_initializers_reject_nonsense():
    for bad in (dict(bias="x"), dict(bias_prob=1), dict(layer=3), dict(distribution="cauchy")):
        with pytest.raises((TypeError, ValueError)):
            WEIGHT_INITIALIZERS.build(dict(type="Xavier", **bad))
    with pytest.raises(TypeError, match="init_cfg"):
        initialize(nn.Linear(1, 1), "Kaiming")


class Block(BaseModule):
    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)


def test_init_weights_goes_from_parent_to_child_and_loads_last(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {"backbone.0.fc.bias": torch.full((2,), 9.0)}}, path)
    net = Sequential(
        Block(dict(type="Constant", val=1, layer="Linear")),
        ModuleList([Block()]),
        ModuleDict({"a": Block(dict(type="Constant", val=2, bias=2, layer="Linear"))}),
        init_cfg=[
            dict(type="Pretrained", checkpoint=str(path), prefix="backbone."),
            dict(type="Constant", val=7, bias=7, layer="Linear"),
        ],
    )
    net.init_weights()
    assert [net[0].fc.weight[0, 0].item(), net[0].fc.bias[0].item()] == [1, 9]
    assert [net[1][0].fc.weight[0, 0].item(), net[1][0].fc.bias[0].item()] == [7, 7]
    assert net[2]["a"].fc.weight[0, 0].item() == 2
    assert net.is_init
    assert net[1].is_init
    assert "init_cfg" in repr(net)


def test_init_weights_twice_warns_and_keeps(caplog):
    block = Block(dict(type="Normal", layer="Linear"))
    block.init_weights()
    before = block.fc.weight.clone()
    block.init_weights()
    assert "more than once" in caplog.text
    assert torch.equal(block.fc.weight, before)


class Regression(BaseModel):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(2, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        out = self.fc(inputs)
        if mode == "loss":
            return {"loss_fit": (out - 1) ** 2, "loss_list": [out**2, out**2], "acc": out.detach()}
        return [mode, out]


class Wrapper:
    def __init__(self, model):
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def optim_context(self, model):
        return nullcontext()

    def update_params(self, loss):
        loss.backward()
        self.optimizer.step()


def test_steps_of_a_model():
    model = Regression()
    assert isinstance(model.data_preprocessor, BaseDataPreprocessor)
    batch = {"inputs": torch.ones(3, 2)}
    before = model.fc.weight.clone()
    log = model.train_step(batch, Wrapper(model))
    assert list(log) == ["loss", "loss_fit", "loss_list", "acc"]
    assert log["loss"].item() == pytest.approx(log["loss_fit"].item() + log["loss_list"].item())
    assert not torch.equal(model.fc.weight, before)
    assert model.val_step(batch)[0] == model.test_step((torch.ones(1, 2),))[0] == "predict"
    with pytest.raises(TypeError, match="tensor or a list"):
        model.parse_losses({"loss": 3})
    with pytest.raises(TypeError, match="minimise"):
        model.parse_losses({"acc": torch.ones(1)})


def test_preprocessor_follows_the_model():
    model = Regression(data_preprocessor=dict(type="BaseDataPreprocessor"))
    assert model.data_preprocessor.device == torch.device("cpu")
    assert not model.data_preprocessor.state_dict()
    model.to("meta")
    assert model.data_preprocessor.device == torch.device("meta")
    moved = model.data_preprocessor({"inputs": [torch.ones(1)], "name": "x", "pair": (torch.ones(1), None)})
    assert moved["inputs"][0].is_meta
    assert moved["pair"][0].is_meta
    assert moved["name"] == "x"


class Tiny(BaseBackbone):
    arch_settings = {("s", "small"): {"width": 2}, "l": {"width": 4}}

    def __init__(
        self, arch="s", out_indices=-1, init_cfg=None, *,
        frozen_stages=-1, norm_eval=False, with_cp=False, freeze=None,
    ):  # fmt: skip
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        width = self.get_arch(arch)["width"]
        self.stem = nn.Conv2d(3, width, 1)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width)) for _ in range(3)
        )
        self.norm = nn.BatchNorm2d(width)
        self.out_indices = self.take_indices(out_indices, 3)
        self.freeze_declared(__class__)

    def freeze_groups(self):
        return [["stem"], *([f"stages.{i}"] for i in range(3))]

    def forward(self, x):
        x = self.stem(x)
        outs = []
        for i, stage in enumerate(self.stages):
            x = self.run(stage, x)
            if i in self.out_indices:
                outs.append(self.norm(x) if i == 2 else x)
        return tuple(outs)


class Tinier(Tiny):
    def __init__(self, **kwargs):
        super().__init__(arch="small", **kwargs)


@pytest.mark.parametrize("cls", [Tiny, Tinier])
def test_frozen_stages_stay_frozen(cls):
    model = cls(frozen_stages=1, norm_eval=True).train()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in model.named_parameters() if n.startswith(("stem", "stages.0"))}
    assert not model.stages[0].training
    assert model.stages[1].training
    assert not model.stages[1][1].training
    assert all(p.requires_grad for p in cls(frozen_stages=-1).parameters())
    assert {n for n, p in cls(frozen_stages=0).named_parameters() if not p.requires_grad} == {
        "stem.weight", "stem.bias"
    }  # fmt: skip


def test_freeze_by_regular_expression():
    model = Tiny(freeze=r"^stages\.[01]|bias$").train()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert {"stem.bias", "stages.1.0.weight", "norm.bias"} <= frozen
    assert "stem.weight" not in frozen
    assert not model.stages[0][1].training
    assert model.norm.training


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"^stages\.7\.", "Did you mean 'stages"),
        ("wieght", "names begin with: norm, stages, stem"),
        ("(", "not a regular expression"),
    ],
)
def test_freeze_must_find_something(pattern, says):
    with pytest.raises(ArgumentError, match=says):
        Tiny(freeze=pattern)


class Pair(BaseModel):
    """A model whose two parts share a weight."""

    def __init__(self, freeze: str | None = None) -> None:
        super().__init__(freeze=freeze)
        self.body = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
        self.head = nn.Linear(3, 3)
        self.head.weight = self.body[0].weight


def test_whole_models_freeze():
    model = MODELS.build(dict(type=Pair, freeze=r"^body\."))
    model.requires_grad_(True)
    for _ in range(2):
        model.eval()
        model.train()
        assert [name for name, p in model.named_parameters() if p.requires_grad] == ["head.bias"]
        assert not any(part.training for part in model.body.modules())
        assert model.training
        assert model.head.training
    assert not MODELS.build(dict(type=Pair, freeze="head.weight")).body[0].weight.requires_grad


def test_every_model_of_the_registry_can_be_frozen():
    kinds = {name: MODELS.get(name) for name in MODELS.names()}
    models = {name for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, BaseModel)}
    assert models >= {"ImageClassifier", "ImageToImageRetriever", "TimmClassifier", "HuggingFaceClassifier"}
    for name in models:
        assert "freeze" in inspect.signature(kinds[name]).parameters, name
        assert type(kinds[name]) is ABCMeta, name


class Old(BaseBackbone):
    """A backbone as it was written for 1.x: it freezes itself."""

    def __init__(self, frozen_stages=-1, init_cfg=None):
        super().__init__(init_cfg)
        self.frozen_stages = frozen_stages
        self.layers = nn.Sequential(*(nn.BatchNorm2d(3) for _ in range(3)))
        self._freeze_stages()

    def _freeze_stages(self):
        for layer in self.layers[: self.frozen_stages]:
            layer.eval()
            layer.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self._freeze_stages()

    def forward(self, x):
        return (self.layers(x),)


class Thawed(Tiny):
    """A subclass that says otherwise what is frozen, as 1.x let it, and adds a module."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.more = nn.Linear(2, 2)

    def _freeze_stages(self):
        if hasattr(self, "more") and self.frozen_stages > 0:
            self.more.requires_grad_(False)


class Longer(Tiny):
    def _freeze_stages(self):
        super()._freeze_stages()
        self.norm.weight.requires_grad = False


@pytest.mark.parametrize(
    ("cls", "frozen"),
    [
        (Old, {"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"}),
        (Thawed, {"more.weight", "more.bias"}),
        (Longer, {"stem.weight", "stem.bias", "norm.weight"}
         | {f"stages.{i}.{j}.{name}" for i in range(2) for j in range(2) for name in ("weight", "bias")}),
    ],
)  # fmt: skip
def test_backbones_that_freeze_themselves(cls, frozen):
    model = MODELS.build(dict(type=cls, frozen_stages=2))
    for _ in range(2):
        assert {name for name, p in model.named_parameters() if not p.requires_grad} == frozen
        model.train()


def test_modules_added_after_the_base_class_can_be_frozen():
    assert not MODELS.build(dict(type=Thawed, freeze="more")).more.weight.requires_grad
    model = Thawed(freeze=r"(?i)MORE|^stem")
    assert not model.stem.weight.requires_grad
    assert not model.train().more.weight.requires_grad
    with pytest.raises(ArgumentError, match="finds"):
        MODELS.build(dict(type=Thawed, freeze="less"))
    with pytest.raises(ArgumentError, match="finds"):
        Thawed(freeze="less").train()


def test_a_misspelt_option_is_named():
    with pytest.raises(ArgumentError, match="frozen_stages"):
        MODELS.build(dict(type=Tiny, frozen_stage=1))


def test_arch_and_out_indices():
    assert Tiny("L").stem.out_channels == 4
    assert Tiny({"width": 6}).stem.out_channels == 6
    with pytest.raises(ArgumentError, match="small"):
        Tiny("smal")
    assert Tiny(out_indices=[0, -1]).out_indices == (0, 2)
    with pytest.raises(ArgumentError, match="from 0 to 2"):
        Tiny(out_indices=3)


def test_layer_depth():
    model = Tiny()
    depth = {
        name: model.get_layer_depth("backbone." + name, "backbone.")[0]
        for name, _ in model.named_parameters()
    }
    assert depth["stem.weight"] == 0
    assert depth["stages.2.0.weight"] == 3
    assert depth["norm.weight"] == 4
    assert model.get_layer_depth("head.fc.weight", "backbone.") == (4, 5)


def test_checkpointing_gives_the_same_gradients():
    plain, saving = Tiny(), Tiny(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    grads = []
    for model in (plain, saving):
        model(torch.linspace(0, 1, 24).reshape(2, 3, 2, 2))[0].square().sum().backward()
        grads.append(model.stem.weight.grad)
    torch.testing.assert_close(grads[0], grads[1])


def test_pickle():
    model = pickle.loads(pickle.dumps(Tiny(frozen_stages=1)))
    assert model.frozen_stages == 1
    assert not model.stem.weight.requires_grad
