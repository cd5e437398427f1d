"""The plain network of what a method trains has its weights, and computes the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from mmpretrain.apis.pretraining.plain import PLAIN, plain_backbone
from mmpretrain.config import Config
from mmpretrain.registry import MODELS

CONFIGS = Path(__file__).parents[3] / "configs"
#: What only a classifier has, and what only the method needs.
OF_USE = r"(ln2|norm3)\.(weight|bias)"
OF_METHOD = r"mask_token|proj_weights|proj_layers\..*|ln1\.(weight|bias)"
FOLDERS = (
    *("beit", "beitv2", "cae", "ibot", "ijepa", "itpn", "mae", "maskfeat", "mff", "milan", "mixmim"),
    *("mocov3", "simmim", "spark"),
)


def backbones():
    """The backbones of the methods in configs/, each once, with the config where it is first."""
    found = {}
    for path in sorted(path for folder in FOLDERS for path in (CONFIGS / folder).glob("*.py")):
        model = Config.fromfile(path).modern().model
        if getattr(MODELS.get(model.type), "unsupervised", False):
            found.setdefault(repr(model.backbone), (path.stem, dict(model.backbone)))
    return dict(found.values())


def test_every_config_of_a_method_has_a_plain_network_with_its_weights():
    seen = set()
    for name, cfg in backbones().items():
        seen.add(cfg["type"])
        with torch.device("meta"):
            trained = MODELS.build({**cfg, "init_cfg": None}).state_dict()
            plain = MODELS.build(plain_backbone(cfg)).state_dict()
        lacking = {
            key for key, value in plain.items() if key not in trained or value.shape != trained[key].shape
        }
        assert all(re.fullmatch(OF_USE, key) for key in lacking), name
        assert all(re.fullmatch(OF_METHOD, key) for key in trained.keys() - plain.keys()), name
    assert set(PLAIN) <= seen


def test_defaults_of_the_trained_type_are_kept():
    """HiViT's norms have another epsilon when they are trained, and CAE's positions are of another kind."""
    hivit = plain_backbone({"type": "MAEHiViT", "arch": "tiny"})
    assert hivit["norm_cfg"] == {"type": "LN", "eps": 1e-6}
    cae = plain_backbone({"type": "CAEPretrainViT"})
    assert (cae["use_abs_pos_emb"], cae["use_rel_pos_bias"]) == (True, False)
    assert plain_backbone({"type": "CAEPretrainViT", "use_abs_pos_emb": False})["use_abs_pos_emb"] is False
    assert plain_backbone({"type": "SparseConvNeXt"})["arch"] == "small"
    assert plain_backbone({"type": "ResNet", "depth": 18}) == {"type": "ResNet", "depth": 18}


def test_an_arch_that_only_the_trained_type_knows():
    small = plain_backbone({"type": "MoCoV3ViT", "arch": "MoCoV3-Small"})
    assert small["arch"]["num_heads"] == 12
    assert plain_backbone({"type": "MoCoV3ViT", "arch": "base"})["arch"] == "base"
    assert plain_backbone({"type": "MAEViT", "arch": "huuge"})["arch"] == "huuge", "whose error names it"


ONES = {"embed_dims": 8, "depths": [1] * 4, "num_heads": [1] * 4}
WINDOWS = {"block_cfgs": {"window_size": 2}}
HIVIT = {"embed_dims": 64, "depths": [1, 1, 2], "num_heads": 2}


@pytest.mark.parametrize(
    ("kind", "settings", "masks"),
    [
        ("MAEHiViT", {"arch": HIVIT, "img_size": 64}, {"mask": False}),
        ("SimMIMSwinTransformer", {"arch": ONES, "img_size": 64, "stage_cfgs": WINDOWS}, {}),
        (
            "MixMIMPretrainTransformer",
            {"arch": ONES, "img_size": 64, "window_size": [4, 4, 2, 1]},
            {"mask": False},
        ),
        ("SparseResNet", {"depth": 18, "out_indices": [0, 1, 2, 3]}, {}),
    ],
)
def test_maps_are_those_of_the_trained_network(kind, settings, masks):
    torch.manual_seed(0)
    cfg = {"type": kind, **settings}
    trained = MODELS.build(cfg).eval()
    for parameter in trained.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    plain = MODELS.build(plain_backbone(cfg)).eval()
    plain.load_state_dict({k: v for k, v in trained.state_dict().items() if k in plain.state_dict()}, False)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        wanted = trained(images, **masks)[-1]
        torch.testing.assert_close(plain(images)[-1], wanted, atol=1e-6, rtol=1e-5)
