"""How long a training step of masked image modelling takes, compared with MMPretrain 1.x.

    python benchmarks/selfsup_steps.py --reference PYTHON_WITH_MMPRETRAIN_1.2 [--rounds 5]

Both interpreters take turns, one thread each, and the time of the processor is counted, so that other
programs hardly matter. The median of the rounds' ratios is printed: above 1, ours is faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

L2 = {"type": "PixelReconstructionLoss", "criterion": "L2"}
CE = {"type": "CrossEntropyLoss"}
DECODER = {
    "embed_dim": 192,
    "decoder_embed_dim": 128,
    "decoder_depth": 2,
    "decoder_num_heads": 4,
    "mlp_ratio": 4.0,
}
TINY = {"arch": "deit-tiny", "img_size": 224, "patch_size": 16}
BEIT = {"embed_dims": 192, "num_layers": 6, "depth": 6, "num_heads": 3, "feedforward_channels": 768}
HIVIT = {"arch": {"embed_dims": 192, "depths": [1, 1, 6], "num_heads": 3}, "img_size": 224}
DALLE = {"type": "DALL-E", "n_hid": 16, "n_blk_per_group": 1, "vocab_size": 512}
MAE_HEAD = {"type": "MAEPretrainHead", "norm_pix": True, "patch_size": 16, "loss": L2}

#: Name -> model, number of views, size of a mask.
CASES = {
    "MAE": (
        {
            "type": "MAE", "backbone": {"type": "MAEViT", **TINY},
            "neck": {"type": "MAEPretrainDecoder", **DECODER}, "head": MAE_HEAD,
        },
        0, None,
    ),
    "MAE (HiViT)": (
        {
            "type": "MAE", "backbone": {"type": "MAEHiViT", **HIVIT},
            "neck": {"type": "MAEPretrainDecoder", **DECODER}, "head": MAE_HEAD,
        },
        0, None,
    ),
    "MFF": (
        {
            "type": "MFF", "backbone": {"type": "MFFViT", **TINY, "out_indices": [0, 4, 8, 11]},
            "neck": {"type": "MAEPretrainDecoder", **DECODER}, "head": MAE_HEAD,
        },
        0, None,
    ),
    "MaskFeat": (
        {
            "type": "MaskFeat", "backbone": {"type": "MaskFeatViT", **TINY},
            "neck": {"type": "LinearNeck", "in_channels": 192, "out_channels": 108, "gap_dim": 0},
            "head": {"type": "MIMHead", "loss": L2}, "target_generator": {"type": "HOGGenerator"},
        },
        0, (14, 14),
    ),
    "SimMIM": (
        {
            "type": "SimMIM",
            "backbone": {
                "type": "SimMIMSwinTransformer", "img_size": 224,
                "arch": {"embed_dims": 48, "depths": [2, 2, 2, 2], "num_heads": [2, 4, 8, 16]},
            },
            "neck": {"type": "SimMIMLinearDecoder", "in_channels": 384, "encoder_stride": 32},
            "head": {
                "type": "SimMIMHead", "patch_size": 4,
                "loss": {"type": "PixelReconstructionLoss", "criterion": "L1", "channel": 3},
            },
        },
        0, (56, 56),
    ),
    "MixMIM": (
        {
            "type": "MixMIM",
            "backbone": {
                "type": "MixMIMPretrainTransformer", "img_size": 224,
                "arch": {"embed_dims": 48, "depths": [2, 2, 2, 2], "num_heads": [2, 4, 8, 16]},
            },
            "neck": {
                "type": "MixMIMPretrainDecoder", **DECODER, "embed_dim": 384, "num_patches": 49,
                "encoder_stride": 32,
            },
            "head": {"type": "MixMIMPretrainHead", "norm_pix": True, "loss": L2},
        },
        0, None,
    ),
    "BEiT": (
        {
            "type": "BEiT", "backbone": {"type": "BEiTPretrainViT", **TINY, "arch": BEIT},
            "head": {"type": "BEiTV1Head", "embed_dims": 192, "num_embed": 512, "loss": CE},
            "target_generator": DALLE,
        },
        (224, 112), (14, 14),
    ),
    "CAE": (
        {
            "type": "CAE",
            "backbone": {"type": "CAEPretrainViT", **TINY, "arch": BEIT, "layer_scale_init_value": 0.1},
            "neck": {
                "type": "CAENeck", "num_classes": 512, "embed_dims": 192, "regressor_depth": 2,
                "decoder_depth": 2,
                "num_heads": 3, "layer_scale_init_value": 0.1, "mask_tokens_num": 75,
            },
            "head": {"type": "CAEHead", "loss": {"type": "CAELoss", "lambd": 2}}, "target_generator": DALLE,
        },
        (224, 112), (14, 14),
    ),
    "iTPN": (
        {
            "type": "iTPN", "backbone": {"type": "iTPNHiViT", **HIVIT, "reconstruction_type": "pixel"},
            "neck": {
                "type": "iTPNPretrainDecoder", **DECODER, "fpn_dim": 128, "fpn_depth": 1,
                "reconstruction_type": "pixel",
            },
            "head": MAE_HEAD,
        },
        0, None,
    ),
    "SparK": (
        {
            "type": "SparK", "enc_dec_norm_dim": 512,
            "backbone": {"type": "SparseResNet", "depth": 18, "out_indices": (0, 1, 2, 3)},
            "neck": {
                "type": "SparKLightDecoder", "feature_dim": 128, "upsample_ratio": 32,
                "norm_cfg": {"type": "BN"},
            },
            "head": {"type": "SparKPretrainHead", "loss": L2},
        },
        0, None,
    ),
}  # fmt: skip


def measure(names: list[str], batch: int) -> dict[str, float]:
    """Seconds of the processor for a step of each method, in this interpreter."""
    import torch

    torch.set_num_threads(1)
    try:
        from mmengine.registry import init_default_scope

        init_default_scope("mmpretrain")
    except ImportError:
        pass
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS
    from mmpretrain.structures import DataSample

    result = {}
    for name in names:
        cfg, views, mask = json.loads(json.dumps(CASES[name]))
        torch.manual_seed(0)
        model = MODELS.build(cfg)
        model.init_weights()
        model.train()
        images = [torch.randn(batch, 3, size, size) for size in views or (224,)]
        samples = [DataSample() for _ in range(batch)]
        for sample in samples if mask else ():
            hidden = torch.zeros(mask[0] * mask[1])
            hidden[torch.randperm(len(hidden))[: int(0.383 * len(hidden))]] = 1
            sample.set_mask(hidden.view(*mask))
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
        times = []
        for _ in range(4):
            start = time.process_time()
            losses = model(images if views else images[0], samples, mode="loss")
            total, _ = model.parse_losses(losses)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            times.append(time.process_time() - start)
        result[name] = min(times[1:])
    return result


def main() -> None:
    """Take turns with the reference, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reference", help="A Python with MMPretrain 1.2.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--only", nargs="*", default=list(CASES))
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.only, args.batch)))
        return
    pythons = {"ours": sys.executable, **({"reference": args.reference} if args.reference else {})}
    rounds: list[dict[str, dict[str, float]]] = []
    for _ in range(args.rounds):
        rounds.append({})
        for who, python in pythons.items():
            words = [python, __file__, "--measure", "--batch", str(args.batch), "--only", *args.only]
            done = subprocess.run(
                words, capture_output=True, text=True, check=True, cwd=tempfile.gettempdir()
            )
            rounds[-1][who] = json.loads(done.stdout.splitlines()[-1])
    for name in args.only:
        ours = statistics.median(r["ours"][name] for r in rounds)
        line = f"{name:<12} {1000 * ours:8.0f} ms"
        if args.reference:
            ratio = statistics.median(r["reference"][name] / r["ours"][name] for r in rounds)
            line += f"   reference / ours {ratio:.2f}"
        print(line)


if __name__ == "__main__":
    main()
