"""What the tests of backends share."""

from __future__ import annotations

import numpy as np
import torch

from mmpretrain.config import Config

IMAGE = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)

SCALARS = {"loss": torch.tensor(0.5), "acc": np.float64(80.0), "lr": 0.1}

NUMBERS = {"loss": 0.5, "acc": 80.0, "lr": 0.1}


def config(folder):
    hooks = [dict(type="A", x=1), dict(type="B")]
    return Config(dict(work_dir=str(folder), model=dict(type="M", size=[1, 2]), hooks=hooks))


def feed(backend, folder):
    """One of each."""
    backend.add_config(config(folder))
    backend.add_graph(torch.nn.Linear(1, 1), None)
    backend.add_image("picture", IMAGE, step=2)
    backend.add_scalar("one", torch.tensor([1.5]), step=3)
    backend.add_scalars(SCALARS, step=4)
    backend.close()


class Recorder:
    """Remembers every call on it and on what its calls and items return."""

    def __init__(self, calls, name=""):
        self._calls, self._name = calls, name

    def __getattr__(self, name):
        return Recorder(self._calls, f"{self._name}.{name}".lstrip("."))

    def __getitem__(self, key):
        return Recorder(self._calls, f"{self._name}[{key}]")

    def __setitem__(self, key, value):
        self._calls.append((f"{self._name}[{key}]=", (value,), {}))

    def __call__(self, *args, **kwargs):
        self._calls.append((self._name, args, kwargs))
        return Recorder(self._calls, f"{self._name}()")
