"""What every backbone of the registry promises. A new family joins with a row in ``CASES``."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from abc import ABCMeta
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import ArgumentError, DataError
from mmpretrain.models import backbones
from mmpretrain.models.backbones import BaseBackbone
from mmpretrain.models.backbones.cspnet import DarknetBottleneck
from mmpretrain.models.backbones.resnet import Bottleneck
from mmpretrain.models.layers import DropPath
from mmpretrain.registry import MODELS

from ..golden.facts import load
from ..golden.fingerprint import fill, image
from .signatures import NOT_LITERAL, recorded


@dataclass(frozen=True)
class Case:
    """How to build the cheapest model of a class.

    Args:
        args: Constructor arguments that keep it small.
        size: Size of its images.
        outputs: Number of indices that ``out_key`` knows; 0 if it has no such argument.
        stages: Largest ``frozen_stages``.
        arch_key: Argument that takes the keys of ``arch_settings``.
        out_key: Argument that chooses the outputs.
        arch_size: Size of images for the archs, where ``size`` does not fit.
        channels: Channels of its images.
        deploy: Argument that builds the deployed form.
        unused: Part of the names of parameters that only have a place in checkpoints.
        zeros: Part of the names of parameters that start at zero.
        fixed: The end of the names of parameters that never learn.
    """

    args: Mapping[str, Any]
    outputs: int
    stages: int
    size: int = 32
    arch_key: str = "arch"
    out_key: str = "out_indices"
    arch_size: int = 64
    channels: int = 3
    deploy: str = "deploy"
    unused: str | None = None
    zeros: str | None = None
    fixed: str | tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


SMALL_RESNET = {"depth": 50, "stem_channels": 8, "base_channels": 4}
SMALL_VIT = {"embed_dims": 16, "num_layers": 3, "num_heads": 2, "feedforward_channels": 32}
SMALL_SWIN = {
    "embed_dims": 8,
    "depths": (2, 1, 1, 2),
    "num_heads": (1, 2, 2, 4),
    "extra_norm_every_n_blocks": 0,
}
SMALL_REGNET = {"w0": 8, "wa": 6.0, "wm": 2.0, "group_w": 4, "depth": 9, "bot_mul": 1.0}
SMALL_CSP = {
    "block_fn": DarknetBottleneck, "in_channels": (8, 8, 16), "out_channels": (8, 16, 16),
    "num_blocks": (1, 2, 1), "expand_ratio": 2, "bottle_ratio": 2, "has_downsampler": True,
    "down_growth": False,
}  # fmt: skip
SMALL_CONVMIXER = {"embed_dims": 8, "depth": 3, "patch_size": 4, "kernel_size": 3}
SMALL_MOBILEONE = {
    "num_blocks": (1, 2, 2, 1), "width_factor": (0.25,) * 4, "num_conv_branches": (2,) * 4,
    "num_se_blocks": (0, 0, 1, 1),
}  # fmt: skip
SMALL_MIXER = {"embed_dims": 16, "num_layers": 3, "tokens_mlp_dims": 8, "channels_mlp_dims": 32}
SMALL_METAFORMER = {"layers": (1, 1, 2, 1), "embed_dims": (8, 12, 16, 20)}
SMALL_XCIT = {"embed_dims": 16, "num_heads": 2, "depth": 2, "cls_attn_layers": 1, "patch_size": 8}
SMALL_EDGENEXT = {"depths": (1, 1, 7, 1), "channels": (8, 8, 12, 16), "num_heads": (2, 2, 2, 2)}
SMALL_HORNET = {
    "base_dim": 8,
    "depths": (1, 1, 2, 1),
    "orders": (2, 2, 3, 3),
    "dw_cfg": [{"type": "DW", "kernel_size": 3}] * 3 + [{"type": "GF", "h": 2, "w": 2}],
}
SMALL_VAN = {"embed_dims": (4, 8, 8, 12), "depths": (1, 1, 2, 1), "ffn_ratios": (2, 2, 2, 2)}
SMALL_TWINS = {
    "embed_dims": (8, 8, 12, 16),
    "depths": (2, 1, 1, 2),
    "num_heads": (2, 2, 2, 2),
    "patch_sizes": (4, 2, 2, 2),
    "strides": (4, 2, 2, 2),
    "mlp_ratios": (2, 2, 2, 2),
    "sr_ratios": (4, 2, 1, 1),
    "window_sizes": (3, 3, 2, 2),
}
SMALL_HIVIT = {"embed_dims": 32, "depths": (1, 1, 3), "num_heads": 2}
SMALL_HRNET = {
    f"stage{i}": {
        "num_modules": 1, "num_branches": i, "block": "BOTTLENECK" if i == 1 else "BASIC",
        "num_blocks": (1,) * i, "num_channels": (8,) if i == 1 else (8, 12, 16, 24)[:i],
    }
    for i in (1, 2, 3, 4)
}  # fmt: skip
SMALL_MOBILEVIT = [["mobilenetv2", 8, 2, 2, 2], ["mobilevit", 12, 2, 16, 32, 1, 2]]
SMALL_EFFICIENTFORMER = {
    "layers": [1, 1, 1, 2], "embed_dims": [8, 12, 16, 24], "vit_num": 1,
    "downsamples": [False, True, True, True],
}  # fmt: skip
SMALL_LEVIT = {"embed_dims": [32, 48, 64], "num_heads": [2, 3, 4], "depths": [1, 1, 2], "key_dims": [8, 8, 8]}
SMALL_TINYVIT = {"channels": [8, 12, 16, 24], "num_heads": [1, 2, 2, 3], "depths": [1, 1, 2, 1]}
SMALL_REPLKNET = {
    "large_kernel_sizes": (7, 7, 5, 5), "layers": (1, 1, 2, 1), "channels": (8, 12, 16, 24),
    "small_kernel": 3, "dw_ratio": 1,
}  # fmt: skip
SMALL_REPMLP = {"channels": [8, 12, 16, 24], "depths": [1, 1, 2, 1], "sharesets_nums": [1, 2, 4, 8]}
SMALL_CONFORMER = {"embed_dims": 16, "channel_ratio": 1, "num_heads": 2, "depths": 3}
SMALL_DAVIT = {"embed_dims": 8, "depths": (1, 1, 2, 1), "num_heads": (2, 2, 2, 4)}
SMALL_MVIT = {"embed_dims": 8, "num_layers": 5, "num_heads": 1, "downscale_indices": [1, 3]}
SMALL_T2T = {
    "embed_dims": 16, "num_layers": 3, "t2t_cfg": {"token_dims": 8},
    "layer_cfgs": {"num_heads": 2, "feedforward_channels": 32},
}  # fmt: skip
SMALL_TNT = {
    "embed_dims_outer": 16, "embed_dims_inner": 8, "num_layers": 3,
    "num_heads_outer": 2, "num_heads_inner": 2,
}  # fmt: skip
SMALL_PVIG = {"blocks": [1, 1, 1, 1], "channels": [16, 16, 16, 16]}
PATCHES = {"img_size": 32, "patch_size": 8}
WINDOWS = {"img_size": 32, "window_size": 2, "patch_size": 2}
CASES: dict[str, Case] = {
    "AirbenchNet": Case(
        {"arch": {"widths": (8, 12, 16)}}, 0, 3, fixed=("whiten.weight", "norm1.weight", "norm2.weight")
    ),
    "AlexNet": Case({}, 0, 1, size=64),
    "BEiTViT": Case({"arch": SMALL_VIT, **PATCHES, "out_indices": -1}, 3, 3, arch_size=224),
    "CSPDarkNet": Case({"depth": SMALL_CSP, "out_indices": -1}, 3, 2, arch_key="depth"),
    "CSPResNeXt": Case({"depth": 50}, 4, 3, arch_key="depth"),
    "CSPResNet": Case(
        {"depth": {**SMALL_CSP, "block_fn": Bottleneck}, "out_indices": -1}, 3, 2, arch_key="depth"
    ),
    "Conformer": Case({"arch": SMALL_CONFORMER, "base_channels": 16}, 0, 3),
    "ConvMixer": Case({"arch": SMALL_CONVMIXER}, 3, 3),
    "ConvNeXt": Case({"arch": {"depths": (1, 1, 7, 1), "channels": (8, 8, 16, 16)}}, 4, 4),
    "DeiT3": Case({"arch": SMALL_VIT, **PATCHES}, 3, 3, unused=".ln2."),
    "DenseNet": Case({"arch": {"growth_rate": 4, "depths": (2, 2, 3, 2), "init_channels": 8}}, 4, 4),
    "DistilledVisionTransformer": Case({"arch": SMALL_VIT, **PATCHES}, 3, 3),
    "EdgeNeXt": Case({"arch": SMALL_EDGENEXT}, 4, 4),
    "EfficientNet": Case({"arch": "b0"}, 7, 7),
    "EfficientFormer": Case({"arch": SMALL_EFFICIENTFORMER}, 4, 4, size=64),
    "HiViT": Case({"arch": SMALL_HIVIT, "img_size": 64, "rpe": True}, 3, 9, size=64, arch_size=224),
    "HorNet": Case({"arch": SMALL_HORNET}, 4, 3),
    "HRNet": Case({"extra": SMALL_HRNET}, 0, 4, size=64),
    "InceptionV3": Case({"num_classes": 8, "dropout": 0.0}, 0, 3, size=75),
    "EfficientNetV2": Case({"arch": "b0"}, 8, 8),
    "LeViT": Case({"arch": SMALL_LEVIT, "img_size": 64}, 3, 3, size=64, arch_size=224),
    "LeNet5": Case({}, 0, 1, channels=1),
    "MlpMixer": Case({"arch": SMALL_MIXER, **PATCHES}, 3, 3, arch_size=224),
    "MobileNetV2": Case({"widen_factor": 0.25}, 8, 8),
    "MobileNetV3": Case({"arch": "small_050"}, 13, 12),
    "MobileViT": Case({"arch": SMALL_MOBILEVIT, "out_indices": -1}, 2, 2),
    "PCPVT": Case({"arch": SMALL_TWINS}, 4, 4, size=64),
    "PoolFormer": Case({"arch": SMALL_METAFORMER}, 7, 7, size=64),
    "RIFormer": Case({"arch": SMALL_METAFORMER}, 7, 6, size=64),
    "MobileOne": Case({"arch": SMALL_MOBILEONE}, 4, 4),
    "RegNet": Case({"arch": SMALL_REGNET}, 4, 4),
    "RepLKNet": Case({"arch": SMALL_REPLKNET}, 4, 4, deploy="small_kernel_merged"),
    "RepMLPNet": Case({"arch": SMALL_REPMLP, "img_size": 64}, 4, 4, size=64, arch_size=224),
    "RepVGG": Case({"arch": "A0", "base_channels": 8}, 4, 4),
    "Res2Net": Case({**SMALL_RESNET, "base_width": 2, "scales": 3}, 4, 4, arch_key="depth"),
    "ResNeSt": Case({**SMALL_RESNET, "groups": 2, "width_per_group": 4}, 4, 4, arch_key="depth"),
    "ResNeXt": Case({**SMALL_RESNET, "groups": 2, "width_per_group": 4}, 4, 4, arch_key="depth"),
    "ResNet": Case({**SMALL_RESNET, "depth": 18}, 4, 4, arch_key="depth"),
    "ResNetV1c": Case(SMALL_RESNET, 4, 4, arch_key="depth"),
    "ResNetV1d": Case(SMALL_RESNET, 4, 4, arch_key="depth"),
    "ResNet_CIFAR": Case({**SMALL_RESNET, "depth": 18}, 4, 4, arch_key="depth"),
    "SVT": Case({"arch": SMALL_TWINS}, 4, 4, size=64),
    "SEResNeXt": Case({**SMALL_RESNET, "groups": 2, "width_per_group": 4}, 4, 4, arch_key="depth"),
    "SEResNet": Case(SMALL_RESNET, 4, 4, arch_key="depth"),
    "ShuffleNetV1": Case({"widen_factor": 0.5}, 3, 3, arch_key="groups"),
    "ShuffleNetV2": Case({"widen_factor": 0.5}, 4, 4, arch_key="widen_factor"),
    "SwinTransformer": Case({"arch": SMALL_SWIN, **WINDOWS}, 4, 3, arch_size=224),
    "SwinTransformerV2": Case({"arch": SMALL_SWIN, **WINDOWS}, 4, 3, arch_size=256),
    "TinyViT": Case({"arch": SMALL_TINYVIT, "window_size": (7, 2, 3, 2)}, 4, 4, size=64),
    "DINOv3ViT": Case({"arch": SMALL_VIT, **PATCHES}, 3, 3),
    "DaViT": Case({"arch": SMALL_DAVIT, "window_size": 2}, 4, 3, size=64, arch_size=224),
    "MViT": Case({"arch": SMALL_MVIT, "img_size": 32}, 3, 3, out_key="out_scales"),
    "T2T_ViT": Case({"img_size": 32, **SMALL_T2T}, 3, 3),
    "TNT": Case({"arch": SMALL_TNT, **PATCHES}, 0, 3),
    "MixMIMTransformer": Case(
        {"arch": SMALL_DAVIT, "img_size": 64, "window_size": (4, 4, 4, 2)},
        0,
        4,
        size=64,
        arch_size=224,
        zeros="position_bias",
        fixed="absolute_pos_embed",
    ),
    "PyramidVig": Case({"arch": SMALL_PVIG, "k": 2}, 4, 4, size=64, fixed="relative_pos"),
    "RevVisionTransformer": Case({"arch": SMALL_VIT, **PATCHES}, 0, 3),
    "SparseConvNeXt": Case({"arch": {"depths": (1, 1, 7, 1), "channels": (8, 8, 16, 16)}}, 4, 4),
    "SparseResNet": Case({**SMALL_RESNET, "depth": 18}, 4, 4, arch_key="depth"),
    "ViTSAM": Case(
        {"arch": {**SMALL_VIT, "global_attn_indexes": [1]}, "window_size": 3, "out_channels": 8, **PATCHES},
        3,
        3,
        arch_size=224,
        zeros="rel_pos_",
    ),
    "Vig": Case({"arch": {"num_blocks": 3, "channels": 32}, "k": 2}, 3, 3, size=64, arch_size=224),
    "VAN": Case({"arch": SMALL_VAN}, 4, 3),
    "VGG": Case({"depth": 11, "norm_cfg": {"type": "BN"}}, 5, 5, arch_key="depth"),
    "ViTEVA02": Case({"arch": SMALL_VIT, **PATCHES}, 3, 3),
    "VisionTransformer": Case({"arch": SMALL_VIT, **PATCHES}, 3, 3),
    "XCiT": Case({**SMALL_XCIT, "out_type": "raw"}, 3, 3),
}

#: Built around models of other packages.
WRAPPERS = {"TIMMBackbone"}

#: PyTorch's warnings about what it will drop some day, and about tracing Python numbers.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::torch.jit.TracerWarning")

each = pytest.mark.parametrize("name", sorted(CASES))


def classes() -> set[str]:
    """Names of the registered backbones."""
    found = set()
    for name in backbones.__all__:
        if name in MODELS.names() and name not in WRAPPERS:
            cls = MODELS.get(name)
            if inspect.isclass(cls) and issubclass(cls, BaseBackbone) and not inspect.isabstract(cls):
                found.add(name)
    return found


def archs() -> list[Any]:
    """Each backbone with all names of each of its archs."""
    return [
        pytest.param(name, keys if isinstance(keys, tuple) else (keys,), id=f"{name}-{keys}")
        for name in sorted(CASES)
        for keys in MODELS.get(name).arch_settings
    ]


def make(name: str, **kwargs: Any) -> BaseBackbone:
    torch.manual_seed(0)
    return MODELS.build({"type": name, **CASES[name].args, **kwargs})


def filled(name: str, **kwargs: Any) -> BaseBackbone:
    """A model in evaluation mode whose weights are neither trivial nor random."""
    model = make(name, **kwargs).eval()
    with torch.no_grad():
        for key, value in model.state_dict().items():
            fill(key, value)
    return model


def learning(name: str, model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The parameters, but not those that never learn."""
    fixed = CASES[name].fixed
    return [(key, p) for key, p in model.named_parameters() if fixed is None or not key.endswith(fixed)]


def images(name: str) -> Tensor:
    return image(CASES[name].size, channels=CASES[name].channels)


def tensors(outputs: Any) -> list[Tensor]:
    """All tensors in the outputs of a backbone."""
    if isinstance(outputs, Tensor):
        return [outputs]
    return [] if outputs is None else [t for output in outputs for t in tensors(output)]


class TensorsOf(nn.Module):
    """A model whose outputs are nothing but tensors, as a traced one's must be."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensors(self.model(x)))


def score(outputs: Any) -> Tensor:
    """A scalar that all outputs influence, and not only through their sum."""

    def one(t: Tensor) -> Tensor:
        weights = torch.linspace(0.5, 1, t.shape[1], device=t.device)
        return (t.float() * weights.view(-1, *[1] * (t.ndim - 2))).square().mean()

    return torch.stack([one(t) for t in tensors(outputs)]).sum()


def test_every_backbone_has_a_case():
    assert classes() <= set(CASES)


# -- building ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "names"), archs())
def test_archs_on_meta(name, names):
    case = CASES[name]
    with torch.device("meta"):
        model = MODELS.build({"type": name, case.arch_key: names[0], **case.extra}).eval()
        outputs = model(torch.zeros(1, case.channels, case.arch_size, case.arch_size))
    assert isinstance(outputs, tuple)
    assert all(t.is_meta and t.shape[0] == 1 for t in tensors(outputs))
    assert all(model.get_arch(other) is model.get_arch(names[0]) for other in names)


@each
def test_layers_get_callables_not_configs(name, layers_refuse_configs):
    with torch.device("meta"):
        make(name)


@each
def test_docstring_has_paper_archs_and_shapes(name):
    cls = MODELS.get(name)
    text = inspect.getdoc(cls)
    assert re.search(r"<https?://\S+>`_", text)
    assert re.search(r"\(B, ", f"{text} {inspect.getdoc(cls.forward)}")
    for keys in cls.arch_settings:
        names = keys if isinstance(keys, tuple) else (keys,)
        assert any(re.search(rf"(?<![\w-]){re.escape(str(key))}(?![\w-])", text) for key in names), keys


@each
def test_unknown_arch_says_which_there_are(name):
    case = CASES[name]
    if not MODELS.get(name).arch_settings:
        pytest.skip("one arch only")
    with pytest.raises(ArgumentError, match="no arch 'nonsense'"):
        MODELS.build({"type": name, case.arch_key: "nonsense"})


@each
def test_init_weights_leaves_nothing_uninitialised(name):
    model = make(name)
    model.init_weights()
    for key, parameter in model.named_parameters():
        assert parameter.isfinite().all(), key
        zeros = CASES[name].zeros
        starts_at_zero = key.endswith("attention_biases") or (zeros is not None and zeros in key)
        if parameter.ndim > 1 and parameter.shape[0] > 1 and not starts_at_zero:
            assert parameter.any(), key
    assert all(t.isfinite().all() for t in tensors(model.train()(images(name))))


@each
def test_any_number_of_channels(name):
    """Grey images, and those of satellites: ``in_channels`` is an argument of every backbone."""
    case = CASES[name]
    key = "in_chans" if "in_chans" in inspect.signature(MODELS.get(name)).parameters else "in_channels"
    for channels in (1, 2, 4):
        with torch.device("meta"):
            MODELS.build({"type": name, **case.args, key: channels})
    model = MODELS.build({"type": name, **case.args, key: 13}).eval()
    with torch.no_grad():
        outputs = tensors(model(torch.randn(1, 13, case.size, case.size)))
    assert outputs
    assert all(torch.isfinite(out).all() for out in outputs)
    with pytest.raises((RuntimeError, DataError)):
        model(torch.randn(1, 12, case.size, case.size))


#: Their weights are for one size of images.
BOUND = {"LeViT", "MViT", "MlpMixer", "RepMLPNet"}


@each
def test_images_that_are_no_squares(name):
    """Twice as wide as high; weights for square images load, their position embeddings interpolated."""
    case = CASES[name]
    sizes = {"img_size": (case.size, 2 * case.size)} if takes(name, "img_size") else {}
    model = MODELS.build({"type": name, **case.args, **sizes}).eval()
    with torch.no_grad():
        outputs = tensors(model(torch.randn(1, case.channels, case.size, 2 * case.size)))
    assert outputs
    for out in outputs:
        assert out.isfinite().all()
        assert out.ndim != 4 or out.shape[3] >= out.shape[2]
    if sizes and name not in BOUND:
        report = load_into(model, filled(name).state_dict())
        assert (report.mismatched, report.missing) == ({}, [])


def takes(name: str, option: str) -> bool:
    """Whether a backbone, or a class that it hands options on to, has an option."""
    owners = [owner for owner in inspect.getmro(MODELS.get(name)) if "__init__" in vars(owner)]
    return any(option in inspect.signature(owner).parameters for owner in owners)


@each
def test_repr_and_pickle(name):
    model = filled(name)
    assert repr(model).startswith(f"{name}(")
    again = pickle.loads(pickle.dumps(model))
    x = images(name)
    with torch.no_grad():
        for a, b, c in zip(*(tensors(m(x)) for m in (model, again, copy.deepcopy(model)))):
            assert torch.equal(a, b)
            assert torch.equal(a, c)


# -- what is declared -------------------------------------------------------------------------------


@each
def test_constructor_names_the_common_options(name):
    cls = MODELS.get(name)
    parameters = inspect.signature(cls).parameters
    assert {"init_cfg", "frozen_stages", "norm_eval", "with_cp", "freeze"} - set(parameters) <= {"init_cfg"}
    assert type(cls) is ABCMeta
    for parameter in parameters.values():
        assert parameter.kind is not parameter.VAR_POSITIONAL
        assert parameter.kind is not parameter.VAR_KEYWORD or "Unpack[" in str(parameter.annotation)


#: Arguments whose default differs from that of 1.x, and why.
OTHER_DEFAULTS = {
    ("Conformer", "norm_eval"): "there, true without effect",
    ("DistilledVisionTransformer", "arch"): "another name of the same arch",
    ("HiViT", "out_indices"): "the last block of any arch, not block 23",
    ("PoolFormer", "frozen_stages"): "nothing is frozen by default",
}


@each
def test_positional_arguments_are_those_of_1x(name):
    text = load("components")["mmpretrain.MODELS"].get(name, "")
    if not text.endswith(")"):
        pytest.skip("not recorded, or cut off")
    ours = inspect.signature(MODELS.get(name)).parameters
    theirs = recorded("mmpretrain.MODELS", name)
    assert list(ours)[: len(theirs)] == list(theirs)
    for key, default in theirs.items():
        if default is not NOT_LITERAL and key != "init_cfg" and (name, key) not in OTHER_DEFAULTS:
            same = ours[key].default
            assert (list(same) == default) if isinstance(default, list) else same == default, key


@each
def test_frozen_right_after_construction(name):
    """An optimizer that is built before the first call of train() sees what is frozen."""
    cls, options = MODELS.get(name), {**CASES[name].args, "frozen_stages": CASES[name].stages}
    subclass = type("Subclass", (cls,), {"__init__": lambda self, **kwargs: cls.__init__(self, **kwargs)})
    for model in (cls(**options), subclass(**options)):
        frozen = [key for key, p in model.named_parameters() if not p.requires_grad]
        still = [key for key, module in model.named_modules() if not module.training]
        model.train()
        assert frozen == [key for key, p in model.named_parameters() if not p.requires_grad] != []
        assert still == [key for key, module in model.named_modules() if not module.training] != []
    with pytest.raises(ArgumentError, match="finds"):
        cls(**CASES[name].args, freeze="no such name")


@each
def test_out_indices(name):
    count = CASES[name].outputs
    if not count:
        pytest.skip("one output only")
    wanted, key = [0, -1], CASES[name].out_key
    few, every = filled(name, **{key: wanted}), filled(name, **{key: tuple(range(count))})
    assert wanted == [0, -1]
    assert getattr(few, key) == (0, count - 1)
    x = images(name)
    with torch.no_grad():
        first, last = few(x)
        outputs = every(x)
    assert len(outputs) == count
    for a, b in zip(tensors([first, last]), tensors([outputs[0], outputs[-1]])):
        assert a.shape == b.shape
    torch.testing.assert_close(tensors([last]), tensors([outputs[-1]]))
    for bad in (count, -count - 1):
        with pytest.raises(ArgumentError, match=key):
            make(name, **{key: (bad,)})


@each
def test_frozen_stages_stay_frozen(name):
    top = CASES[name].stages
    states = {}
    for stages in sorted({-1, 0, 1, top}):
        model = make(name, frozen_stages=stages)
        model.eval()
        model.train()
        states[stages] = {key for key, p in learning(name, model) if not p.requires_grad}
        before = {k: v.clone() for k, v in model.named_buffers() if "running" in k or "tracked" in k}
        model(images(name))
        for key, module in model.named_modules():
            own = [f"{key}.{n}" for n, _ in module.named_parameters(recurse=False)]
            if own and isinstance(module, _BatchNorm) and set(own) <= states[stages]:
                assert not module.training, key
                assert torch.equal(module.running_mean, before[f"{key}.running_mean"]), key
        model.eval()
        model.requires_grad_(True)
        model.train()
        assert {key for key, p in learning(name, model) if not p.requires_grad} == states[stages]
    assert not states[-1]
    assert states[0] <= states[1] <= states[top]
    assert states[1]
    for bad in (-2, top + 1):
        with pytest.raises(ArgumentError, match="frozen_stages"):
            make(name, frozen_stages=bad)


@each
def test_freeze_and_norm_eval(name):
    model = make(name, freeze=r"bias$", norm_eval=True).train()
    assert all(p.requires_grad != key.endswith("bias") for key, p in learning(name, model))
    assert not any(m.training for m in model.modules() if isinstance(m, _BatchNorm))


@each
def test_layer_depth_covers_every_parameter(name):
    model = make(name)
    found = [model.get_layer_depth(f"backbone.{key}", "backbone.") for key, _ in model.named_parameters()]
    depths, counts = zip(*found)
    head, count = model.get_layer_depth("head.fc.weight", "backbone.")
    assert set(counts) == {count}
    assert head == count - 1 == max([*depths, head])
    # Every layer has parameters, but for the last, which may be the head's alone.
    assert set(depths) | {head} == set(range(min(depths), count))


@each
def test_drop_path_rates(name):
    if "drop_path_rate" not in inspect.signature(MODELS.get(name).__init__).parameters and name not in {
        "ResNetV1c", "ResNetV1d", "ResNeXt", "Res2Net", "ResNeSt", "SEResNet", "SEResNeXt", "ResNet_CIFAR",
    }:  # fmt: skip
        pytest.skip("no stochastic depth")
    rates = [m.drop_prob for m in make(name, drop_path_rate=0.5).modules() if isinstance(m, DropPath)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.5)
    assert not any(m.drop_prob for m in make(name, drop_path_rate=0.0).modules() if isinstance(m, DropPath))


@each
def test_gradients_flow_and_checkpointing_does_not_change_them(name):
    grads = []
    for with_cp in (False, True):
        model = filled(name, with_cp=with_cp).train()
        for module in model.modules():
            if isinstance(module, (nn.Dropout, DropPath, _BatchNorm)):
                module.eval()
        score(model(images(name))).backward()
        unused = CASES[name].unused
        used = [(key, p) for key, p in learning(name, model) if unused is None or unused not in key]
        grads.append({key: p.grad for key, p in used})
    assert all(g is not None and g.isfinite().all() for g in grads[0].values())
    assert sum(g.any().item() for g in grads[0].values()) > 0.9 * len(grads[0])
    for key, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][key], msg=key)


# -- export -----------------------------------------------------------------------------------------


@each
def test_torch_export(name):
    model, x = filled(name), images(name)
    any_batch = ({0: torch.export.Dim("batch", max=64)},)
    exported = torch.export.export(model, (x,), dynamic_shapes=any_batch).module()
    more = torch.cat((x, x[:1]))
    torch.testing.assert_close(tensors(exported(more)), tensors(model(more)))


@each
def test_torchscript_trace(name):
    model, x = filled(name), images(name)
    traced = torch.jit.trace(TensorsOf(model), x, check_trace=False)
    other = torch.cat((x.flip(0), x))
    torch.testing.assert_close(tensors(traced(other)), tensors(model(other)))


@each
def test_forward_builds_no_module(name, builds_no_module):
    model, x = filled(name), images(name)
    builds_no_module()
    model(x)


@each
def test_compiles_without_graph_break(name):
    model, x = filled(name), images(name)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(tensors(compiled(x)), tensors(model(x)))


@each
@torch.no_grad()
def test_channels_last_and_bfloat16_agree(name):
    model, x = filled(name), images(name)
    expected = tensors(model(x))
    got = tensors(
        copy.deepcopy(model).to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    )
    for a, b in zip(got, expected):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * max(1.0, b.abs().max().item()))
    with torch.autocast("cpu", torch.bfloat16):
        lower = tensors(model(x))
    for a, b in zip(expected, lower):
        assert torch.equal(top1(a), top1(b.float()))


def top1(features: Tensor) -> Tensor:
    """The class of each image under a fixed linear classifier with a wide margin: three classes."""
    pooled = features.flatten(2).mean(2) if features.ndim > 2 else features
    weight = torch.empty(3, pooled.shape[1])
    fill("classifier", weight)
    return (pooled @ weight.T).argmax(1)


@pytest.mark.parametrize("name", [n for n in sorted(CASES) if hasattr(MODELS.get(n), "switch_to_deploy")])
@torch.no_grad()
def test_deployed_form_computes_the_same(name):
    model, x = filled(name), images(name)
    expected = tensors(model(x))
    model.switch_to_deploy()
    torch.testing.assert_close(
        tensors(model(x)), expected, rtol=0, atol=1e-4 * max(t.abs().max() for t in expected)
    )
    deployed = make(name, **{CASES[name].deploy: True})
    deployed.load_state_dict(model.state_dict())
    assert {k: v.shape for k, v in deployed.state_dict().items()} == {
        k: v.shape for k, v in model.state_dict().items()
    }
