"""Tests of :mod:`mmpretrain.visualization.backends.local`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import IMAGE, NUMBERS, config, feed


def test_local(tmp_path):
    backend = VISBACKENDS.build(dict(type="LocalVisBackend", save_dir=str(tmp_path)))
    assert backend.experiment is backend
    feed(backend, tmp_path)
    backend.add_scalars({"a": 1, "step": 7}, file_path="more.json")
    lines = [json.loads(line) for line in (tmp_path / "scalars.json").read_text().splitlines()]
    assert lines == [{"one": 1.5, "step": 3}, {**NUMBERS, "step": 4}, {"a": 1, "step": 7}]
    assert json.loads((tmp_path / "more.json").read_text()) == {"a": 1, "step": 7}
    assert np.array_equal(np.array(Image.open(tmp_path / "vis_image" / "picture_2.png")), IMAGE)
    assert Config.fromfile(str(tmp_path / "config.py")) == config(tmp_path)
    with pytest.raises(ConfigError, match=r"must differ from 'scalars\.json'"):
        backend.add_scalars({"a": 1}, file_path="scalars.json")
    with pytest.raises(ConfigError, match=r"must end in '\.json'"):
        backend.add_scalars({"a": 1}, file_path="more.txt")
    with pytest.raises(TypeError, match="uint8"):
        backend.add_image("a", IMAGE.astype(float))
    with pytest.raises(ConfigError, match=r"must end in '\.py'"):
        VISBACKENDS.build(dict(type="LocalVisBackend", save_dir="a", config_save_file="config.json"))
