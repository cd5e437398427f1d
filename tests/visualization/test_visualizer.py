from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.visualization import Visualizer
from tests.visualization.cases import Recorder


def test_two_backends_of_one_name():
    with pytest.raises(ConfigError, match="named 'Recorder'"):
        Visualizer(vis_backends=[Recorder(), Recorder()])


def test_no_display(monkeypatch):
    monkeypatch.setattr("matplotlib.get_backend", lambda: "agg")
    visualizer = Visualizer(image=np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ConfigError, match="there is no display"):
        visualizer.show()
