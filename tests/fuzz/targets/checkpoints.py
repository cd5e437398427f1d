"""Checkpoint files: small ones of each layout, mutated, and opened as a model, to be resumed, or verified."""

from __future__ import annotations

import io
import os
import pickletools
import zipfile
from functools import cache
from random import Random

import torch
from torch import nn

from mmpretrain.apis.model import open_model
from mmpretrain.checkpoints.serialization import load, verify
from mmpretrain.registry import MODELS
from tests.checkpoints import attacks
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import mutate_bytes, mutate_text

_CONFIG = """model = dict(type='ImageClassifier', backbone=dict(type='LeNet5'), head=dict(type='ClsHead'))
test_dataloader = dict(dataset=dict(type='CustomDataset', pipeline=[dict(type='PackInputs')]))
custom_imports = dict(imports=['os'], allow_failed_imports=False)
"""


@cache
def _weights() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        model = MODELS.build({"type": "ImageClassifier", "backbone": {"type": "LeNet5"}})
    return {key: value for key, value in model.state_dict().items() if value.numel() < 3000}


def _content(config: str) -> dict:
    weights = _weights()
    return {
        "meta": {"cfg": config, "epoch": 1, "dataset_meta": {"classes": ("a", "b")}},
        "state_dict": weights,
        "optimizer": torch.optim.Adam([nn.Parameter(torch.ones(2))]).state_dict(),
        "message_hub": {"log": torch.arange(3).numpy()},
    }


def _saved(content: object, zipped: bool) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@cache
def _corpus() -> list[tuple[str, bytes]]:
    content = _content(_CONFIG)
    from safetensors.torch import save

    programs = list(attacks.REFUSED.values())
    small = [attacks.archive(program) for program in programs if len(program) < 2000]
    files = [make() for name, make in attacks.FILES.items()]
    return [
        ("a.pth", _saved(content, True)),
        ("a.pth", _saved(content, False)),
        ("a.safetensors", save(content["state_dict"], {"format": "pt"})),
        *[("a.pth", data) for data in small],
        *[(file, data) for file, data in files if len(data) < 20_000],
    ]


@cache
def _parts() -> tuple[bytes, ...]:
    """The pickle of a checkpoint, instruction by instruction."""
    with zipfile.ZipFile(io.BytesIO(_corpus()[0][1])) as archive:
        data = archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
    places = [place for _, _, place in pickletools.genops(data) if place is not None]
    return tuple(data[a:b] for a, b in zip(places, [*places[1:], len(data)]))


def _shuffled(rng: Random) -> bytes:
    """A pickle with some instructions repeated, left out, or replaced by those of attacks."""
    parts = list(_parts())
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(parts))
        change = rng.randrange(4)
        if change == 0:
            del parts[place]
        elif change == 1:
            parts.insert(place, rng.choice(parts))
        elif change == 2:
            parts[place] = rng.choice(list(attacks.REFUSED.values()))[:5000]
        else:
            parts[place] = mutate_bytes(parts[place], rng, times=1)
    return b"".join(parts)


def _with_pickle(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_corpus()[0][1])) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name.endswith("data.pkl") else old.read(name))
    return file.getvalue()


def make(rng: Random, number: int) -> Case:
    """Mutate bytes of a file, instructions of a pickle, or letters of the config."""
    way = number % 3
    if way == 0:
        file, data = rng.choice(_corpus())
        return Case(f"bytes of {file}", {file: mutate_bytes(data, rng, rng.choice(_corpus())[1])})
    if way == 1:
        return Case("instructions", {"a.pth": _with_pickle(_shuffled(rng))})
    return Case("config", {"a.pth": _saved(_content(mutate_text(_CONFIG, rng)), True)})


def run(case: Case) -> None:
    """Read, verify and open the file."""
    (file,) = case.files
    load(file)
    verify(file)
    before = os.listdir()
    open_model(file, device="cpu")
    assert os.listdir() == before, "opening a checkpoint wrote a file"


TARGET = Target("checkpoints", make, run, seconds=60, quick=60)
