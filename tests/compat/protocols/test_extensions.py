"""Classes that extend ours the way they extended those of MMPretrain 1.x and MMClassification 0.x."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import nn

from mmpretrain import registry
from mmpretrain.compat.protocols.extensions import overrides
from mmpretrain.datasets.transforms import RandomFlip
from mmpretrain.engine.hooks import EMAHook
from mmpretrain.errors import ConfigError
from mmpretrain.models.backbones import MobileNetV2, RegNet, ResNet, VisionTransformer
from mmpretrain.models.backbones.resnet import ResLayer
from mmpretrain.registry import HOOKS, MODELS, TRANSFORMS

TINY = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}


@MODELS.register_module()
class SmallStem(ResNet):
    """The stem of a tutorial: one convolution of 3×3, and no pooling."""

    def _make_stem_layer(self, in_channels, base_channels):
        from mmcv.cnn import build_conv_layer, build_norm_layer

        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1, bias=False
        )
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)


@MODELS.register_module()
class WithoutPooling(ResNet):
    def _make_stem_layer(self, in_channels, stem_channels):
        super()._make_stem_layer(in_channels, stem_channels)
        self.maxpool = nn.Identity()


class TaggedLayer(ResLayer):
    pass


@MODELS.register_module()
class OwnStages(ResNet):
    def make_res_layer(self, **kwargs):
        return TaggedLayer(**kwargs)

    def forward(self, x):
        """As 1.x's ResNet did it."""
        x = self.maxpool(self.relu(self.norm1(self.conv1(x))))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


@pytest.mark.parametrize(("cls", "kernel", "size"), [(SmallStem, 3, 4), (WithoutPooling, 7, 2)])
def test_the_stem_of_a_resnet(cls, kernel, size):
    net = cls(depth=18, base_channels=4, stem_channels=4, frozen_stages=0)
    assert net.conv1.kernel_size == (kernel, kernel)
    assert net(torch.zeros(1, 3, 32, 32))[0].shape == (1, 32, size, size)
    assert not net.conv1.weight.requires_grad
    assert net.layer1[0].conv1.weight.requires_grad


def test_the_stages_of_a_resnet():
    net = OwnStages(depth=18, base_channels=4, stem_channels=4, num_stages=4).eval()
    assert isinstance(net.layer4, TaggedLayer)
    assert net(torch.zeros(1, 3, 32, 32))[0].shape == (1, 32, 1, 1)


@MODELS.register_module()
class Doubled(VisionTransformer):
    arch_zoo = {**VisionTransformer.arch_zoo, "mine": TINY}

    def _format_output(self, x, hw):
        return super()._format_output(x, hw) * 2


@MODELS.register_module()
class OwnForward(VisionTransformer):
    def forward(self, x):
        """As 1.x's VisionTransformer did it."""
        x, patch_resolution = self.patch_embed(x)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = x + self.resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            patch_resolution,
            mode=self.interpolate_mode,
            num_extra_tokens=self.num_extra_tokens,
        )
        x = self.pre_norm(self.drop_after_pos(x))
        outs = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == len(self.layers) - 1 and self.final_norm:
                x = self.norm1(x)
            if i in self.out_indices:
                outs.append(self._format_output(x, patch_resolution))
        return tuple(outs)


@pytest.mark.parametrize(("cls", "arch", "factor"), [(Doubled, "mine", 2), (OwnForward, TINY, 1)])
def test_a_vision_transformer(cls, arch, factor):
    options = {"img_size": 32, "patch_size": 8}
    net = cls(arch, **options).eval()
    net.init_weights()
    plain = VisionTransformer(TINY, **options).eval()
    plain.load_state_dict(net.state_dict())
    image = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(net(image)[0], factor * plain(image)[0])


def test_archs_by_name():
    assert VisionTransformer.arch_zoo["b"] == VisionTransformer.arch_zoo["base"]
    assert "mine" not in VisionTransformer.arch_zoo


def test_arguments_are_kept():
    @MODELS.register_module()
    class Reader(MobileNetV2):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.seen = (self.conv_cfg, self.act_cfg, self.widen_factor)

    assert Reader(widen_factor=0.5).seen == (None, {"type": "ReLU6"}, 0.5)
    assert not hasattr(MobileNetV2(), "act_cfg"), "objects of our own classes are made as before"

    @MODELS.register_module()
    class OfTwoFamilies(RegNet):
        pass

    assert OfTwoFamilies("regnetx_400mf", style="caffe").style == "caffe"


@pytest.mark.parametrize(
    ("registry_of", "base", "name", "hint"),
    [
        (MODELS, MobileNetV2, "make_layer", "MobileNetV2 calls these here: .*forward"),
        (HOOKS, EMAHook, "_swap_ema_parameters", "EMAHook calls these here: .*before_run"),
        (TRANSFORMS, RandomFlip, "_flip", r"Override transform\(\)"),
    ],
)
def test_a_method_that_nothing_calls(registry_of, base, name, hint):
    cls = type(f"Own{base.__name__}", (base,), {name: lambda self: None, "__module__": __name__})
    with pytest.raises(ConfigError, match=f"Own{base.__name__}.{name} would never be called.*{hint}"):
        registry_of.register_module(module=cls)


def test_a_method_that_the_class_calls_itself():
    @MODELS.register_module()
    class CallsItself(MobileNetV2):
        def make_layer(self):
            return nn.Identity()

        def forward(self, x):
            return self.make_layer()(x)

    assert CallsItself()(torch.ones(1)) == 1


def test_the_table_is_true():
    """What the table says is called no more is in no class of that name here."""
    here = {}
    for table in registry.ALL.values():
        for name in table.names():
            cls = table.get(name)
            for owner in getattr(cls, "__mro__", ()):
                if owner.__module__.startswith("mmpretrain."):
                    here.setdefault(owner.__name__, owner)
    importlib.import_module("mmpretrain.models.heads")
    found = {
        (name, cls)
        for name, classes in overrides().items()
        for cls in classes
        if cls in here and hasattr(here[cls], name)
    }
    assert found == set()
    known = {cls for classes in overrides().values() for cls in classes}
    assert len(known & set(here)) > 0.9 * len(known)
