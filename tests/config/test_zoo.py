"""Every config of the zoo resolves to the values that it had in MMPretrain 1.2."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mmpretrain.config import Config
from mmpretrain.config.validate import validate

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "configs"
FACTS = json.loads(gzip.decompress((ROOT / "tests" / "facts" / "resolved_configs.json.gz").read_bytes()))
FILES = {path.relative_to(ZOO).as_posix(): path for path in ZOO.rglob("*.py")}

#: Configs that the index names and that the facts do not have, with what tells them apart.
ADDED = {
    "swin_transformer_v2/swinv2-base-w12_8xb128_in21k-192px.py": ("base", 1024),
    "swin_transformer_v2/swinv2-large-w12_8xb128_in21k-192px.py": ("large", 1536),
}

#: EfficientNet-Lite, which the original does not have: config -> arch, and side of the images.
LITE = {
    f"efficientnet/efficientnet-lite{n}_8xb32_in1k.py": (f"lite{n}", size)
    for n, size in enumerate((224, 240, 260, 280, 300))
}

#: Upstream's mistakes that are corrected: config -> key path -> value here.
NO_VALIDATION = {"val_cfg": None, "test_cfg": None}
CORRECTED: dict[str, dict[str, Any]] = {
    # There are no data to validate on.
    "convnext/convnext-base_32xb128_in21k.py": NO_VALIDATION,
    "resnet/resnet50_8xb128_coslr-90e_in21k.py": NO_VALIDATION,
    # The same, and the model is the base one.
    "convnext/convnext-large_64xb64_in21k.py": {
        **NO_VALIDATION, "model.backbone.arch": "large", "model.head.in_channels": 1536
    },
    "convnext/convnext-xlarge_64xb64_in21k.py": {
        **NO_VALIDATION, "model.backbone.arch": "xlarge", "model.head.in_channels": 2048
    },
    # There are data to validate on, and no loop.
    **{
        f"resnest/resnest{depth}_in1k.py": {"val_cfg": {}, "test_cfg": {}}
        for depth in ("50_32xb64", "101_32xb64", "200_64xb32", "269_64xb32")
    },
    # Features of CLIP are no classes: cross entropy with them is negative and has no lower bound.
    **{
        f"itpn/itpn-clip-b_hivit-base-p16_8xb256-amp-coslr-{epochs}e_in1k.py": {
            "model.head.loss": {"type": "CosineSimilarityLoss", "shift_factor": 1.0}
        }
        for epochs in (300, 800)
    },
    # Other configs to be completed by the user have an empty path.
    "mff/benchmarks/vit-base-p16_8xb2048-linear-coslr-90e_in1k.py": {
        "model.backbone.init_cfg.checkpoint": ""
    },
    # Half of it is in the language of 0.x, which nothing reads.
    "vision_transformer/vit-base-p16_4xb544-ipu_in1k.py": {
        "optim_wrapper": {
            "optimizer": {"type": "SGD", "lr": 0.08, "momentum": 0.9, "weight_decay": 1e-5},
            "paramwise_cfg": {
                "custom_keys": {".cls_token": {"decay_mult": 0.0}, ".pos_embed": {"decay_mult": 0.0}}
            },
        },
        "train_cfg": {"by_epoch": False, "max_iters": 5000},
        "val_cfg": {},
        "test_cfg": {},
    },
}  # fmt: skip


def plain(value: Any) -> Any:
    """Tuples and lists are the same here; the facts have tuples as ``{'__tuple__': [...]}``."""
    if isinstance(value, dict):
        if set(value) == {"__tuple__"}:
            return plain(value["__tuple__"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def test_the_zoo_is_there():
    assert len(FILES.keys() & FACTS.keys()) > 500


@pytest.mark.parametrize("family", sorted({name.rpartition("/")[0] for name in FILES.keys() & FACTS.keys()}))
def test_resolved_values(family):
    for name in sorted(FILES.keys() & FACTS.keys()):
        if name.rpartition("/")[0] == family:
            cfg = Config.fromfile(FILES[name], import_custom_modules=False)
            assert plain(cfg.to_dict()) == corrected(name), name


def corrected(name: str) -> Any:
    """What a config must resolve to."""
    expected = plain(FACTS[name])
    for path, value in CORRECTED.get(name, {}).items():
        *parents, key = path.split(".")
        node = expected
        for parent in parents:
            node = node[parent]
        assert node.get(key, "nothing") != value, f"{name}: {path} needs no correction"
        node[key] = value
    return expected


@pytest.mark.parametrize("name", ADDED)
def test_added(name):
    assert name not in FACTS
    cfg = Config.fromfile(FILES[name], import_custom_modules=False)
    backbone, head = cfg.model.backbone, cfg.model.head
    assert (backbone.arch, head.in_channels) == ADDED[name]
    assert (backbone.img_size, list(backbone.window_size)) == (192, [12, 12, 12, 6])
    assert (head.num_classes, cfg.data_preprocessor.num_classes) == (21841, 21841)
    assert validate(cfg, files=False) == []


@pytest.mark.parametrize("name", LITE)
def test_lite(name):
    assert name not in FACTS
    cfg = Config.fromfile(FILES[name], import_custom_modules=False)
    arch, size = LITE[name]
    assert (cfg.model.backbone.arch, cfg.model.head.in_channels) == (arch, 1280)
    assert cfg.test_dataloader.dataset.pipeline[1].crop_size == size
    assert cfg.train_dataloader.dataset.pipeline[1].scale == size
    assert (list(cfg.data_preprocessor.mean), list(cfg.data_preprocessor.std)) == ([127] * 3, [128] * 3)
    assert validate(cfg, files=False) == []


def test_every_leaf_knows_its_line():
    for name in sorted(FILES)[::25]:
        cfg = Config.fromfile(FILES[name], import_custom_modules=False)
        leaves = list(_leaves(cfg))
        assert leaves, name
        for node, key in leaves:
            source = node.source(key)
            assert source is not None, (name, key)
            lines = Path(source.file).read_text(encoding="utf-8").splitlines()
            assert source.line is not None
            assert source.line <= len(lines), (name, source)


def _leaves(node: Any):
    for key, value in dict.items(node):
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield node, key
            for item in value if isinstance(value, (list, tuple)) else ():
                if isinstance(item, dict):
                    yield from _leaves(item)


def test_dumps_of_the_zoo_come_back():
    for name in sorted(FILES)[::40]:
        cfg = Config.fromfile(FILES[name], import_custom_modules=False)
        assert Config.fromstring(cfg.pretty_text, ".py") == cfg, name


def test_corrections_are_listed():
    """In COMPAT.md too, by name."""
    text = (ROOT / "COMPAT.md").read_text(encoding="utf-8")
    assert [name for name in CORRECTED if Path(name).stem not in text] == []


#: What the check of a config may say: a component is still to come, or its package is not installed.
ABSENT = ("is not a registered", "is a transform of torchvision")


@pytest.mark.parametrize(
    "family", sorted({name.rpartition("/")[0] for name in FILES if "_base_" not in name})
)
def test_configs_of_the_zoo_have_no_problems(family):
    for name in sorted(FILES):
        if name.rpartition("/")[0] == family and "_base_" not in name:
            problems = validate(Config.fromfile(FILES[name], import_custom_modules=False), files=False)
            assert [p for p in problems if not any(text in str(p) for text in ABSENT)] == [], name


@pytest.mark.parametrize(
    "name", ["resnet/resnet50_8xb32_in1k.py", "swin_transformer/swin-tiny_16xb64_in1k.py"]
)
def test_nothing_is_absent_from_the_usual_configs(name):
    assert validate(Config.fromfile(FILES[name]), files=False) == []
