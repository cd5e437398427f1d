"""Heads, necks and losses of self-supervised methods with what goes into them.

Run in the reference environment (mmpretrain 1.2), this file prints ``data/selfsup.json``:
``python tests/models/heads/selfsup_cases.py > tests/models/heads/data/selfsup.json`` (it needs
``head_cases.py`` beside it).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from tests.models.heads.head_cases import digest, fill, leaves, numbers

CE = {"type": "CrossEntropyLoss"}
L2 = {"type": "PixelReconstructionLoss", "criterion": "L2"}
COSINE = {"type": "CosineSimilarityLoss", "shift_factor": 2.0, "scale_factor": 2.0}
BN = {"type": "BN1d"}
PREDICTOR = {
    "type": "NonLinearNeck", "in_channels": 4, "hid_channels": 6, "out_channels": 4, "num_layers": 2,
    "with_avg_pool": False, "norm_cfg": BN,
}  # fmt: skip
WIDTHS = {"in_channels": 4, "hid_channels": 6, "out_channels": 5}

#: name -> method to call, config, shapes of the tensors (a string asks for a special one)
CASES: dict[str, tuple[str, dict, list]] = {
    "NonLinearNeck": ("forward", {"type": "NonLinearNeck", **WIDTHS, "norm_cfg": BN}, [[(4, 4, 2, 2)]]),
    "NonLinearNeck_deep": (
        "forward",
        {
            "type": "NonLinearNeck", **WIDTHS, "norm_cfg": BN, "num_layers": 3, "with_avg_pool": False,
            "with_bias": True, "with_last_bn_affine": False,
        },
        [[(4, 4)]],
    ),
    "NonLinearNeck_open": (
        "forward",
        {"type": "NonLinearNeck", **WIDTHS, "norm_cfg": BN, "with_last_bn": False, "with_last_bias": True},
        [[(4, 4, 2, 2)]],
    ),
    "MoCoV2Neck": ("forward", {"type": "MoCoV2Neck", **WIDTHS}, [[(4, 4, 2, 2)]]),
    "MoCoV2Neck_flat": ("forward", {"type": "MoCoV2Neck", **WIDTHS, "with_avg_pool": False}, [[(4, 4)]]),
    "SwAVNeck": (
        "forward", {"type": "SwAVNeck", **WIDTHS, "norm_cfg": BN}, [[[(4, 4, 4, 4)], [(4, 4, 2, 2)]]],
    ),
    "SwAVNeck_linear": (
        "forward",
        {"type": "SwAVNeck", **WIDTHS, "hid_channels": 0, "with_l2norm": False},
        [[[(4, 4, 2, 2)]]],
    ),
    "DenseCLNeck": ("forward", {"type": "DenseCLNeck", **WIDTHS, "num_grid": 2}, [[(4, 4, 4, 4)]]),
    "DenseCLNeck_full": ("forward", {"type": "DenseCLNeck", **WIDTHS}, [[(4, 4, 3, 3)]]),
    "ClsBatchNormNeck": ("forward", {"type": "ClsBatchNormNeck", "input_features": 4}, [[(4, 4)]]),
    "SimMIMLinearDecoder": (
        "forward", {"type": "SimMIMLinearDecoder", "in_channels": 4, "encoder_stride": 2}, [(2, 4, 2, 2)],
    ),
    "ContrastiveHead": (
        "loss", {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}, [(4, 1), (4, 7)],
    ),
    "LatentPredictHead": (
        "loss", {"type": "LatentPredictHead", "loss": COSINE, "predictor": PREDICTOR}, [(4, 4), (4, 4)],
    ),
    "LatentCrossCorrelationHead": (
        "loss",
        {"type": "LatentCrossCorrelationHead", "in_channels": 4, "loss": {"type": "CrossCorrelationLoss"}},
        [(5, 4), (5, 4)],
    ),
    "MoCoV3Head": (
        "loss",
        {"type": "MoCoV3Head", "predictor": PREDICTOR, "loss": CE, "temperature": 0.3},
        [(4, 4), (4, 4)],
    ),
    "SwAVHead": (
        "loss",
        {
            "type": "SwAVHead",
            "loss": {
                "type": "SwAVLoss", "feat_dim": 4, "num_crops": [2, 1], "num_prototypes": 6, "epsilon": 0.5,
            },
        },
        [(12, 4)],
    ),
    "MIMHead": ("loss", {"type": "MIMHead", "loss": L2}, [(2, 4, 3), (2, 4, 3), "mask"]),
    "SimMIMHead": (
        "loss",
        {"type": "SimMIMHead", "patch_size": 4, "loss": {**L2, "criterion": "L1", "channel": 3}},
        [(2, 3, 8, 8), (2, 3, 8, 8), "grid"],
    ),
    "MAEPretrainHead": (
        "loss",
        {"type": "MAEPretrainHead", "loss": L2, "norm_pix": True, "patch_size": 4},
        [(2, 4, 48), (2, 3, 8, 8), "mask"],
    ),
    "MixMIMPretrainHead": (
        "loss",
        {"type": "MixMIMPretrainHead", "loss": L2, "norm_pix": True, "patch_size": 4},
        [(4, 4, 48), (2, 3, 8, 8), "column"],
    ),
    "SparKPretrainHead": (
        "forward",
        {"type": "SparKPretrainHead", "loss": L2, "patch_size": 4},
        [(2, 3, 8, 8), (2, 3, 8, 8), "active"],
    ),
    "BEiTV1Head": (
        "loss",
        {"type": "BEiTV1Head", "embed_dims": 6, "num_embed": 5, "loss": CE},
        [(2, 5, 6), (2, 5, 2, 2), "grid"],
    ),
    "BEiTV2Head": (
        "loss",
        {"type": "BEiTV2Head", "embed_dims": 6, "num_embed": 5, "loss": CE},
        [(2, 4, 6), (2, 4, 6), "tokens", "grid"],
    ),
    "iTPNClipHead": (
        "loss",
        {"type": "iTPNClipHead", "embed_dims": 6, "num_embed": 5, "loss": COSINE},
        [(2, 4, 6), (2, 4, 5), "grid"],
    ),
    "CAEHead": (
        "loss",
        {"type": "CAEHead", "loss": {"type": "CAELoss", "lambd": 2.0}},
        [(4, 5), (2, 5, 2, 2), (4, 6), (4, 6), "flags"],
    ),
}  # fmt: skip


def run(case: str) -> dict:
    """State, output and gradients of one call."""
    from mmpretrain.registry import MODELS

    method, cfg, shapes = CASES[case]
    r = np.random.RandomState(21)
    mask = torch.tensor([[1, 0, 0, 1], [0, 1, 1, 0]])
    special = {
        "mask": mask.float(),
        "grid": mask.reshape(2, 2, 2).float(),
        "column": mask[..., None].float(),
        "active": mask.reshape(2, 1, 2, 2).bool(),
        "flags": mask.bool(),
        "tokens": torch.tensor([[1, 0, 4, 3], [2, 2, 0, 1]]),
    }

    def make(spec: Any) -> Any:
        if isinstance(spec, str):
            return special[spec]
        if isinstance(spec, list):
            return [make(item) for item in spec]
        return torch.tensor(r.randn(*spec), dtype=torch.float32).requires_grad_()

    module = fill(MODELS.build(cfg))
    inputs = [make(spec) for spec in shapes]
    output = leaves(getattr(module, method)(*inputs))
    sum((out.mean() if out.ndim == 0 else (out**3).sum()) for out in output).backward()
    return {
        "state": {k: list(v.shape) for k, v in module.state_dict().items()},
        "output": numbers(output) if sum(o.numel() for o in output) < 40 else digest(output),
        "gradients": digest([x.grad for x in leaves(inputs) if x.grad is not None]),
        "weights": digest([p.grad for _, p in sorted(module.named_parameters()) if p.grad is not None]),
    }


if __name__ == "__main__":
    import mmpretrain.models  # noqa: F401

    rows = [f"{json.dumps(case)}: {json.dumps(run(case))}" for case in CASES]
    print("{\n" + ",\n".join(rows) + "\n}")
