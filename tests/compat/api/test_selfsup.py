"""Helpers of self-supervised methods of 1.x: from their old paths, with the numbers of MMPretrain 1.2."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.losses.swav_loss import MultiPrototypes, distributed_sinkhorn
from mmpretrain.models.necks.spark_neck import ConvBlock2x, DecoderConvModule, is_pow2n
from torch import Tensor

from mmpretrain.errors import ArgumentError
from mmpretrain.models.selfsup.cae import Conv2d, EncoderBlock
from mmpretrain.models.selfsup.simclr import GatherLayer
from mmpretrain.models.utils import clip_generator_helper as clip
from mmpretrain.models.utils import vector_quantizer as vq
from tests.models.selfsup.facts import fill_all, make

#: Shape, mean, std and the first four values of each output; names and shapes of the weights.
WANT = json.loads(gzip.decompress((Path(__file__).parent / "data" / "selfsup_parts.json.gz").read_bytes()))

BN, RELU6 = {"type": "BN"}, {"type": "ReLU6"}
CAUSAL = torch.full((5, 5), float("-inf")).triu(1)
MODULES = {
    "Transformer": (lambda: clip.Transformer(64, 3, 2), (5, 2, 64)),
    "Transformer.mask": (lambda: clip.Transformer(64, 2, 1, CAUSAL), (5, 2, 64)),
    "ResidualAttentionBlock": (lambda: clip.ResidualAttentionBlock(64, 4), (5, 2, 64)),
    "ResidualAttentionBlock.attention": (
        lambda: clip.ResidualAttentionBlock(64, 4, return_attention=True), (5, 2, 64)
    ),
    "LayerNorm": (lambda: clip.LayerNorm(64), (5, 2, 64)),
    "QuickGELU": (lambda: clip.QuickGELU(), (5, 2, 64)),
    "VisionTransformer": (lambda: clip.VisionTransformer(32, 8, 64, 2, 4, 16), (2, 3, 32, 32)),
    "MultiPrototypes": (lambda: MultiPrototypes(8, [3, 5]), (2, 8)),
    "EncoderBlock": (lambda: EncoderBlock(8, 4, 4), (2, 8, 6, 6)),
    "EncoderBlock.same": (lambda: EncoderBlock(8, 8, 2, torch.device("cpu")), (2, 8, 6, 6)),
    "Conv2d": (lambda: Conv2d(4, 6, 3), (2, 4, 6, 6)),
    "ConvBlock2x": (lambda: ConvBlock2x(4, 6, 5, BN, RELU6, True), (2, 4, 6, 6)),
    "DecoderConvModule": (
        lambda: DecoderConvModule(
            4, 4, 4, num_conv_blocks=2, norm_cfg=BN, act_cfg=RELU6, last_act=False
        ),
        (2, 4, 6, 6),
    ),
    "DecoderConvModule.last": (lambda: DecoderConvModule(4, 2, 4, kernel_size=2, norm_cfg=BN), (2, 4, 6, 6)),
}  # fmt: skip


def check(got: Tensor, want: dict) -> None:
    assert list(got.shape) == want["shape"]
    values = [got.double().mean(), got.double().std(), *got.flatten()[:4]]
    for value, expected in zip(values, [want["mean"], want["std"], *want["head"]]):
        assert float(value) == pytest.approx(expected, abs=2e-5)


def tensors(out) -> list[Tensor]:
    if isinstance(out, Tensor):
        return [out]
    return [tensor for part in out if part is not None for tensor in tensors(part)]


def f(*shape: int, seed: int = 0) -> Tensor:
    return make({"f": list(shape), "seed": seed})


@pytest.mark.parametrize("name", MODULES)
@torch.no_grad()
def test_modules(name):
    build, shape = MODULES[name]
    module = build()
    fill_all(module)
    assert {key: list(value.shape) for key, value in module.state_dict().items()} == WANT[name]["keys"]
    outs = tensors(module.eval()(f(*shape)))
    assert len(outs) == len(WANT[name]["out"])
    for got, want in zip(outs, WANT[name]["out"]):
        check(got, want)


@torch.no_grad()
def test_clip():
    model = clip.CLIP(16, 32, 2, 64, 8, 5, 11, 64, 1, 1)
    assert float(model.logit_scale) == pytest.approx(2.6593, abs=1e-4)
    assert model.build_attention_mask().tolist() == CAUSAL.tolist()
    assert model.dtype is torch.float32
    fill_all(model)
    assert {key: list(value.shape) for key, value in model.state_dict().items()} == WANT["CLIP"]["keys"]
    for got, want in zip(model.encode_image(f(2, 3, 32, 32)), WANT["CLIP"]["out"]):
        check(got, want)
    assert clip.build_clip_model(model.state_dict()).visual.conv1.weight.equal(model.visual.conv1.weight)
    with pytest.raises(ArgumentError, match="makes targets only, got finetune=True"):
        clip.VisionTransformer(32, 8, 64, 2, 4, 16, finetune=True)
    with pytest.raises(ArgumentError, match=r"vision_layers must be a number of blocks, got \(3, 4, 6, 3\)"):
        clip.CLIP(16, 32, (3, 4, 6, 3), 64, 8, 5, 11, 64, 1, 1)


def test_functions_of_the_codebook():
    vectors = f(8, 3)
    for name, samples, cosine in (
        ("kmeans", vectors, False),
        ("kmeans.cos", F.normalize(vectors, dim=-1), True),
    ):
        torch.manual_seed(1)
        means, members = vq.kmeans(samples, 2, 4, use_cosine_sim=cosine)
        check(means, WANT[name][0])
        assert members.tolist() == WANT[name][1]
    torch.manual_seed(1)
    for count, want in zip((2, 12), WANT["sample_vectors"]):
        check(vq.sample_vectors(vectors, count), want)
    for function in (vq.ema_inplace, vq.norm_ema_inplace):
        average = f(3, 4)
        function(average, f(3, 4, seed=1), 0.9)
        check(average, WANT[function.__name__])


def test_functions_of_swav_and_spark():
    check(distributed_sinkhorn(f(6, 4), 3, 1, 0.5), WANT["distributed_sinkhorn"])
    assert [is_pow2n(number) for number in (0, 1, 2, 6, 8, 1024, -4)] == WANT["is_pow2n"]


def test_gathering_keeps_gradients():
    x = torch.ones(2, 3, requires_grad=True)
    gathered = GatherLayer.apply(x)
    assert isinstance(gathered, tuple)
    torch.cat(gathered).sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
