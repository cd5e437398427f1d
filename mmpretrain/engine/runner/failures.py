"""Errors of data and steps, with the batch and the images concerned.

PyTorch brings only the text of an error from a worker to the main process. Here the error itself travels, in
place of its batch: with its fields, its notes, and the traceback of the worker as its cause.
"""

from __future__ import annotations

import pickle
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from torch.utils.data import get_worker_info

from mmpretrain.engine.runner.shared_batches import Post
from mmpretrain.errors import MMPretrainError, TrainingError, add_note
from mmpretrain.utils.brief import said

#: Names of images that a sentence lists before it stops.
SHOWN = 8


class WorkerTraceback(Exception):
    """The traceback of a worker, as the cause of the error in the main process.

    Args:
        text: The traceback.
        files: The files of its frames, the outermost first.
    """

    def __init__(self, text: str, files: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.files = files

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Failure:
    """An error that a worker sends to the main process instead of a batch.

    Args:
        error: The error; one that cannot be pickled becomes a RuntimeError with its text.
    """

    def __init__(self, error: Exception) -> None:
        self.text = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
        self.files = tuple(frame.filename for frame in traceback.extract_tb(error.__traceback__))
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # its constructor takes other arguments, or it holds an open file
            error, lost = RuntimeError(f"{type(error).__name__}: {error}"), error
            for note in getattr(lost, "__notes__", ()):
                add_note(error, note)
        self.error = error

    def throw(self) -> NoReturn:
        """Raise the error in the main process."""
        raise self.error from WorkerTraceback(self.text, self.files)


class Carrying:
    """A collate function that lets failures pass, and names the images that cannot become a batch.

    Args:
        collate: The collate function.

    Attributes:
        post: Takes the batches of the workers that start next to the main process.
    """

    def __init__(self, collate: Callable[[list[Any]], Any]) -> None:
        self.collate = collate
        self.post: Post | None = None

    def __call__(self, samples: list[Any]) -> Any:
        """Return the batch, or the failure."""
        if len(samples) == 1 and isinstance(samples[0], Failure):
            return samples[0]
        try:
            if self.post is not None and get_worker_info() is not None:
                return self.post.send(self.collate, samples)
            return self.collate(samples)
        except Exception as error:
            add_note(error, f"These samples do not make a batch: {listed(samples)}")
            if get_worker_info() is None:
                raise
            return Failure(error)


def load_samples(dataset: Any, keys: Sequence[Any]) -> list[Any]:
    """Load samples; in a worker, return one failure in place of all if one of them cannot be loaded."""
    samples = []
    for key in keys:
        try:
            samples.append(dataset[key])
        except Exception as error:
            if not hasattr(error, "_trail") and not isinstance(error, MMPretrainError):
                add_note(error, f"{type(dataset.dataset).__name__} fails on sample {key.index}")
            if get_worker_info() is None:
                raise
            return [Failure(error)]
    return samples


@contextmanager
def naming_batch(place: str, batch: object) -> Iterator[None]:
    """Note on an error which step it happened in, and on which images."""
    try:
        yield
    except Exception as error:
        explained = name_batch(error, place, batch)
        if explained is None:
            raise
        raise explained from error


def name_batch(error: Exception, place: str, batch: object) -> TrainingError | None:
    """Note on an error which step it happened in, and on which images.

    Returns:
        What to raise in its place, if it says that tensors do not go together.
    """
    images = listed(samples_of(batch))
    note = f"This was {place}{f', with {images}' if images else ''}"
    if type(error) is not RuntimeError or not _OF_SHAPES.search(str(error)):
        add_note(error, note)
        return None
    explained = TrainingError(
        f"The model does not fit its inputs{_shape(batch)}: {said(error).partition(': ')[2]}",
        hint="Compare the size of the images with what the backbone takes, and in_channels and "
        "num_classes of the parts with each other; --debug shows the layer.",
    )
    add_note(explained, note)
    return explained


#: What PyTorch says about tensors of shapes that do not go together.
_OF_SHAPES = re.compile(r"\b(size|sizes|shape|shapes|channels|dimension|kernel|mat1)\b", re.IGNORECASE)


def _shape(batch: object) -> str:
    inputs = batch.get("inputs") if isinstance(batch, Mapping) else None
    first = inputs[0] if isinstance(inputs, (list, tuple)) and inputs else inputs
    shape = getattr(first, "shape", None)
    return f" of shape {tuple(shape)}" if shape is not None else ""


def samples_of(batch: object) -> list[Any]:
    """Return the samples of a batch of any collate function, as far as they can be told apart."""
    if isinstance(batch, Mapping):
        samples = batch.get("data_samples")
        return list(samples) if isinstance(samples, Sequence) else []
    return list(batch) if isinstance(batch, (list, tuple)) else []


def listed(samples: Sequence[Any]) -> str:
    """Return the images of samples, in words."""
    names = [name for sample in samples if (name := _name(sample)) is not None]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _name(sample: object) -> str | None:
    """The path of a sample's image, or its number."""
    if isinstance(sample, Mapping):
        inner = sample.get("data_samples")
        if inner is not None:
            return _name(inner)
        known: Any = sample.get
    else:
        fields = getattr(sample, "metainfo", None)
        known = fields.get if isinstance(fields, Mapping) else lambda _: None
    path = known("img_path")
    if path is None and known("sample_idx") is not None:
        return f"sample {known('sample_idx')}"
    return None if path is None else str(path)
