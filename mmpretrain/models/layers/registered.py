"""The layers of PyTorch under the names that configs use."""

from __future__ import annotations

from torch import nn

from mmpretrain.registry import MODELS

for _names, _layer in {
    ("Conv", "Conv2d"): nn.Conv2d,
    ("Conv1d",): nn.Conv1d,
    ("Conv3d",): nn.Conv3d,
    ("deconv", "ConvTranspose2d"): nn.ConvTranspose2d,
    ("deconv3d", "ConvTranspose3d"): nn.ConvTranspose3d,
    ("BN", "BN2d"): nn.BatchNorm2d,
    ("BN1d",): nn.BatchNorm1d,
    ("BN3d",): nn.BatchNorm3d,
    ("SyncBN",): nn.SyncBatchNorm,
    ("GN",): nn.GroupNorm,
    ("LN",): nn.LayerNorm,
    ("IN", "IN2d"): nn.InstanceNorm2d,
    ("IN1d",): nn.InstanceNorm1d,
    ("IN3d",): nn.InstanceNorm3d,
    ("HSwish",): nn.Hardswish,
    ("nearest", "bilinear"): nn.Upsample,
    ("zero",): nn.ZeroPad2d,
    ("reflect",): nn.ReflectionPad2d,
    ("replicate",): nn.ReplicationPad2d,
}.items():  # fmt: skip
    MODELS.register_module(_names, module=_layer)

for _layer in (
    nn.ELU,
    nn.GELU,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ReLU,
    nn.ReLU6,
    nn.RReLU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
):
    MODELS.register_module(module=_layer)
