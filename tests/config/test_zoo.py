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
            assert plain(cfg.to_dict()) == plain(FACTS[name]), name


@pytest.mark.parametrize("name", ADDED)
def test_added(name):
    assert name not in FACTS
    cfg = Config.fromfile(FILES[name], import_custom_modules=False)
    backbone, head = cfg.model.backbone, cfg.model.head
    assert (backbone.arch, head.in_channels) == ADDED[name]
    assert (backbone.img_size, list(backbone.window_size)) == (192, [12, 12, 12, 6])
    assert (head.num_classes, cfg.data_preprocessor.num_classes) == (21841, 21841)
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


@pytest.mark.parametrize(
    "name",
    [
        "resnet/resnet50_8xb32_in1k.py",
        "resnet/resnet50_8xb16-mixup_cifar10.py",
        "swin_transformer/swin-tiny_16xb64_in1k.py",
        "vision_transformer/vit-base-p16_64xb64_in1k-384px.py",
        "efficientnet/efficientnet-b0_8xb32_in1k.py",
        "mobilenet_v3/mobilenet-v3-large_8xb128_in1k.py",
        "csra/resnet101-csra_1xb16_voc07-448px.py",
        "arcface/resnet50-arcface_8xb32_inshop.py",
    ],
)
def test_configs_of_the_zoo_have_no_problems(name):
    assert validate(Config.fromfile(FILES[name]), files=False) == []
