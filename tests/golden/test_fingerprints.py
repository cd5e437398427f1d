"""The same weights and the same image give the same numbers as MMPretrain 1.2."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from . import facts
from .fingerprint import fill, fingerprint, image

FINGERPRINTS = facts.load("fingerprints")
STATE_DICTS = facts.load("state_dicts")


def one_per_arch() -> list[Any]:
    """The cheapest config of each kind of backbone; the costly ones are marked as slow."""
    chosen: dict[str, str] = {}
    for name in sorted(facts.buildable(list(FINGERPRINTS)), key=cost):
        chosen.setdefault(backbone_key(name), name)
    return [
        pytest.param(n, marks=pytest.mark.slow if cost(n) > 35e6 else ()) for n in sorted(chosen.values())
    ]


def cost(name: str) -> float:
    return STATE_DICTS[name]["params"] * max(1.0, FINGERPRINTS[name]["input_size"] / 224) ** 2


def backbone_key(name: str) -> str:
    """What tells backbones apart: type, arch, and what else changes the computation."""
    model = facts.model_config(name)
    backbone = {k: v for k, v in model.get("backbone", model).items() if k not in SIZES}
    return str(sorted(backbone.items(), key=str))


#: Arguments that change no code path.
SIZES = {"drop_path_rate", "drop_rate", "img_size", "init_cfg", "num_classes", "widen_factor"}


@pytest.fixture
def two_threads():
    """Compute with two threads, as when the numbers were recorded.

    How sums are split decides which of nearly equal neighbours Vision GNN chooses.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", one_per_arch())
def test_forward(name, two_threads):
    expected = FINGERPRINTS[name]
    model = facts.build(name).eval()
    grey = facts.model_config(name)["backbone"]["type"] == "LeNet5"
    with torch.no_grad():
        for key, value in model.state_dict().items():
            fill(key, value)
        feats = model.extract_feat(image(expected["input_size"], channels=1 if grey else 3))
        check(last(feats), expected["feat"])
        if expected.get("logits") and model.head is not None:
            check(last(model.head(feats)), expected["logits"])


def last(x: Any) -> torch.Tensor:
    return last(x[-1]) if isinstance(x, (tuple, list)) else x


def check(tensor: torch.Tensor, expected: dict[str, Any]) -> None:
    got = fingerprint(tensor)
    assert got["shape"] == expected["shape"]
    values = [[f["mean"], f["std"], f["absmax"], *f["head"], *f["tail"]] for f in (got, expected)]
    torch.testing.assert_close(*map(torch.tensor, values), rtol=0, atol=2e-4 * max(1, expected["absmax"]))
