"""Errors of data and steps name batch and images, also out of workers."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import Dataset

from mmpretrain.engine.runner.failures import SHOWN, Failure, listed, naming_batch, samples_of
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.errors import ConfigError, DataError, TransformError, notes_of
from mmpretrain.structures import DataSample


class OfTheUser(Exception):
    """Cannot be made from its text alone."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("cannot travel")
        self.function = lambda: None


ERRORS = {
    "ours": DataError("bad", where="a.jpg", hint="Mend it.", key="img_path"),
    "transform": TransformError("bad"),
    "builtin": KeyError("mask"),
    "missing": FileNotFoundError("a.jpg"),
}


class Failing(Dataset):
    """Fails on its sixth sample."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        if index == 5:
            raise self.error
        return {"inputs": torch.zeros(1), "data_samples": DataSample(metainfo=dict(img_path=f"{index}.jpg"))}


def load(error: Exception, workers: int, **more) -> Exception:
    config = dict(dataset=Failing(error), batch_size=2, num_workers=workers, **more)
    loader = build_dataloader(config | dict(sampler=dict(type="DefaultSampler", shuffle=False)))
    seen = []
    with pytest.raises(type(error) if not isinstance(error, Unpicklable) else Exception) as caught:
        seen.extend(loader)
    assert len(seen) == 2
    return caught.value


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", ERRORS)
def test_errors_keep_their_fields(name, workers):
    error = load(ERRORS[name], workers)
    assert str(error) == str(ERRORS[name])
    for field in ("message", "where", "hint", "key"):
        assert getattr(error, field, None) == getattr(ERRORS[name], field, None)
    assert notes_of(error)[-1] == "This was batch 3 of 4"
    if not isinstance(error, DataError):
        assert notes_of(error)[0] == "Failing fails on sample 5"


def test_the_traceback_of_the_worker_is_the_cause():
    error = load(KeyError("mask"), 1)
    text = str(error.__cause__)
    assert "in __getitem__" in text
    assert "raise self.error" in text


def test_what_cannot_be_pickled_arrives_as_text():
    for error in (OfTheUser(3, "odd"), Unpicklable()):
        failure = Failure(error)
        with pytest.raises(RuntimeError, match=f"{type(error).__name__}: {error}"):
            failure.throw()


def test_samples_that_do_not_make_a_batch():
    def refuse(samples):
        raise ValueError("no")

    for workers in (0, 1):
        loader = build_dataloader(
            dict(dataset=Failing(KeyError()), batch_size=2, num_workers=workers, collate_fn=refuse,
                 sampler=dict(type="DefaultSampler", shuffle=False))
        )  # fmt: skip
        with pytest.raises(ValueError, match="no") as caught:
            next(iter(loader))
        assert notes_of(caught.value) == [
            "These samples do not make a batch: 0.jpg, 1.jpg", "This was batch 1 of 4"
        ]  # fmt: skip


def sample(**fields) -> DataSample:
    return DataSample(metainfo=fields)


@pytest.mark.parametrize(
    ("batch", "images"),
    [
        (dict(inputs=0, data_samples=[sample(img_path="a.jpg"), sample(img_path="b.jpg")]), "a.jpg, b.jpg"),
        ([dict(data_samples=sample(img_path="a.jpg")), dict(img_path="c.jpg")], "a.jpg, c.jpg"),
        (dict(data_samples=[sample(sample_idx=4)]), "sample 4"),
        (dict(data_samples=[sample(img_path=str(i)) for i in range(12)]),
         ", ".join(map(str, range(SHOWN))) + f" and {12 - SHOWN} more"),
        (dict(inputs=0), ""),
        (dict(data_samples=None), ""),
        (torch.zeros(3), ""),
        (None, ""),
    ],
)  # fmt: skip
def test_the_images_of_a_batch(batch, images):
    assert listed(samples_of(batch)) == images


def test_a_failing_step_names_the_images():
    with (
        pytest.raises(ZeroDivisionError) as caught,
        naming_batch("training iteration 3", dict(data_samples=[sample(img_path="a.jpg")])),
    ):
        raise ZeroDivisionError
    assert notes_of(caught.value) == ["This was training iteration 3, with a.jpg"]


@pytest.mark.parametrize("mode", ["train", "val"])
def test_a_failing_step_of_a_run(make_runner, mode):
    runner = make_runner()

    def fail(*args, **kwargs):
        raise ConfigError("it does not fit")

    setattr(runner.model, f"{mode}_step", fail)
    with pytest.raises(ConfigError) as caught:
        runner.train()
    assert notes_of(caught.value)[0].startswith(
        "This was training iteration 1" if mode == "train" else "This was val iteration 1"
    )
