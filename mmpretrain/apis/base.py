"""Base class of the inferencers: open a model, prepare inputs, run batches, draw, return plain results."""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch

from mmpretrain.apis.ahead import Done, run_ahead, usual_workers
from mmpretrain.apis.folded import Folded
from mmpretrain.apis.index import list_models
from mmpretrain.apis.inputs import InputType, as_images, is_single
from mmpretrain.apis.model import open_model
from mmpretrain.apis.prepare import Preparation
from mmpretrain.engine.runner.failures import naming_batch
from mmpretrain.errors import ConfigError, DataError, MissingFileError, MMPretrainError
from mmpretrain.registry import VISUALIZERS

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.models.base import BaseModel

logger = logging.getLogger(__name__)

OnError = Literal["keep", "raise"]


@dataclass(frozen=True)
class Answer:
    """What an inferencer says about one input.

    Args:
        number: The number of the input, from 0.
        input: The input.
        result: The plain result, or the data sample; None if there is an error.
        error: Why there is no result.
    """

    number: int
    input: Any
    result: Any = None
    error: MMPretrainError | None = None


class BaseInferencer(ABC):
    """Runs a trained model on images.

    Args:
        model: A model built by :func:`~mmpretrain.apis.init_model`, or anything that
            :func:`~mmpretrain.apis.open_model` takes: a checkpoint, the folder of a run, a config, a name.
        pretrained: Weights, where ``model`` is a config or a name: a path or an address; True for those that
            belong to ``model``; False for none.
        device: Where to run; by default an accelerator if there is one.
        trust: Run the config inside of a checkpoint as code; otherwise it is data.
        device_map: How to spread the model over devices, see :func:`mmpretrain.apis.placement.place`.
        offload_folder: Where parts that it puts on disk are kept.
        **kwargs: Changes to the config of the model, such as ``backbone=dict(out_indices=(0, 1))``.
    """

    #: The task of the models that :meth:`list_models` names.
    task: ClassVar[str | None] = None

    def __init__(
        self,
        model: BaseModel | str | os.PathLike[str],
        pretrained: bool | str | os.PathLike[str] | None = True,
        device: str | torch.device | None = None,
        *,
        trust: bool = False,
        device_map: str | Mapping[str, Any] | None = None,
        offload_folder: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(model, torch.nn.Module):
            if kwargs:
                raise ConfigError(
                    f"a model that is built already cannot be changed: {', '.join(kwargs)}",
                    hint="Give its name or its config.",
                )
            self.model: Any = model if device is None else model.to(device)
        else:
            self.model = open_model(
                model,
                pretrained,
                device,
                trust=trust,
                changes=kwargs,
                device_map=device_map,
                offload_folder=offload_folder,
            )
        self.model.eval()
        config = getattr(self.model, "_config", None)
        if config is None:
            raise ConfigError(
                "this model does not know its config, which says how images are prepared",
                hint="Build it with mmpretrain.init_model.",
            )
        if getattr(self.model, "_weights_missing", False):
            logger.warning("The model has random weights, so its predictions mean nothing.")
        self.config: Config = config
        self.prepare = Preparation(config)
        self.folded = Folded(self.model)
        self.visualizer: Any = None

    def __call__(
        self,
        inputs: InputType | Iterable[InputType],
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        on_error: OnError = "keep",
        workers: int | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Predict.

        Args:
            inputs: One image or several: a list, an iterator, a batch (B, H, W, 3), or a folder.
            return_datasamples: Return data samples instead of plain results.
            batch_size: How many images to run at once.
            on_error: What happens if one of several inputs is unusable: with ``'keep'``, its result is a
                dict with the ``error``, and the others are as if it was not there; with ``'raise'``, the
                error is raised. The error of a single input is raised in any case.
            workers: How many threads decode images ahead of the model; 0 for none.
            **kwargs: ``show``, ``show_dir``, ``names`` of the pictures and others, see :meth:`visualize`
                and :meth:`forward`.

        Returns:
            One result per image.
        """
        if is_single(inputs):
            on_error, workers = "raise", 0
        answers = list(
            self.stream(inputs, return_datasamples, batch_size, on_error=on_error, workers=workers, **kwargs)
        )
        bad = [answer.error for answer in answers if answer.error is not None]
        if bad and len(bad) == len(answers):
            raise bad[0]
        if bad:
            logger.warning(
                "%d of %d inputs cannot be used; their results say why. The first: %s",
                len(bad),
                len(answers),
                bad[0],
            )
        return [answer.result if answer.error is None else {"error": answer.error} for answer in answers]

    def stream(
        self,
        inputs: InputType | Iterable[InputType],
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        on_error: OnError = "keep",
        workers: int | None = None,
        **kwargs: Any,
    ) -> Iterator[Answer]:
        """Predict, and yield answers in the order of the inputs, as they are there.

        However many inputs there are, two batches are in memory. Arguments as for a call.

        Yields:
            An answer for each input; one that is unusable has an error.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, got {batch_size!r}", key="batch_size")
        drawing = {key: kwargs.pop(key) for key in list(kwargs) if key in DRAWING}
        self._check_options(kwargs)
        pictures = Pictures(drawing.pop("names", None))
        workers = usual_workers() if workers is None else workers
        prepared = run_ahead(as_images(inputs), self.prepare, workers, ahead=batch_size + workers)
        for chunk in _chunks(prepared, batch_size, on_error):
            good = [done for done in chunk if done.error is None]
            outcomes: dict[int, Any] = self._run(good, on_error, kwargs)
            whole = [done for done in good if not isinstance(outcomes[done.number], MMPretrainError)]
            samples = [outcomes[done.number] for done in whole]
            names = [pictures.name(done.item, done.number) for done in chunk]
            if drawing and whole:
                by_number = {done.number: name for done, name in zip(chunk, names)}
                self.visualize(
                    [done.item for done in whole],
                    samples,
                    names=[by_number[done.number] for done in whole],
                    **drawing,
                )
            options = {key: value for key, value in kwargs.items() if key in self.postprocess_options}
            results = samples if return_datasamples else self.postprocess(samples, **options)
            finished = dict(zip((done.number for done in whole), results))
            for done in chunk:
                error = done.error or outcomes[done.number]
                error = error if isinstance(error, MMPretrainError) else None
                yield Answer(done.number, done.item, finished.get(done.number), error)

    def _run(
        self, good: Sequence[Done[Any, dict[str, Any]]], on_error: OnError, kwargs: Mapping[str, Any]
    ) -> dict[int, Any]:
        """Run the model on prepared images; return a sample or an error for each number."""
        if not good:
            return {}
        packed = [done.result or {} for done in good]
        batch = {key: [item[key] for item in packed] for key in packed[0]}
        try:
            with naming_batch("prediction", batch), torch.inference_mode():
                options = {key: value for key, value in kwargs.items() if key in self.forward_options}
                samples = self.forward(batch, **options)
        except (DataError, MissingFileError) as error:
            if on_error == "raise":
                raise
            if len(good) == 1:
                return {good[0].number: error}
            outcomes = {}
            for done in good:
                outcomes.update(self._run([done], on_error, kwargs))
            return outcomes
        return {done.number: sample for done, sample in zip(good, samples)}

    @property
    def pipeline(self) -> Any:
        """The transforms for images in memory, ``{'img': array}``, as 1.x calls them."""
        return self.prepare.for_arrays

    #: Further arguments of a call that :meth:`forward` or :meth:`postprocess` take.
    forward_options: ClassVar[frozenset[str]] = frozenset()
    postprocess_options: ClassVar[frozenset[str]] = frozenset()

    def _check_options(self, options: Iterable[str]) -> None:
        known = self.forward_options | self.postprocess_options
        unknown = sorted(set(options) - known)
        if unknown:
            raise ConfigError(
                f"{type(self).__name__} takes no {', '.join(unknown)}",
                hint=f"It takes {', '.join(sorted(known | DRAWING))}.",
            )

    def forward(self, batch: dict[str, list[Any]], **kwargs: Any) -> Sequence[Any]:
        """Run the model on a batch of prepared images; return one sample for each."""
        return self.folded.for_batch(batch).test_step(batch)

    @abstractmethod
    def postprocess(self, samples: Sequence[Any], **kwargs: Any) -> list[Any]:
        """Turn data samples into plain results."""

    def visualize(
        self, images: Sequence[InputType], samples: Sequence[Any], names: Sequence[str], **kwargs: Any
    ) -> list[np.ndarray]:
        """Draw results."""
        raise ConfigError(f"{type(self).__name__} draws nothing", hint="Leave out show and show_dir.")

    @classmethod
    def list_models(cls, pattern: str | None = None) -> list[str]:
        """Return names of models that this inferencer is for, see :func:`mmpretrain.list_models`."""
        return list_models(pattern, task=cls.task)

    def _draw(
        self,
        method: str,
        images: Sequence[InputType],
        samples: Sequence[Any],
        names: Sequence[str],
        show_dir: str | os.PathLike[str] | None,
        **kwargs: Any,
    ) -> list[np.ndarray]:
        """Draw each image with a method of the visualizer, which also saves and shows it."""
        if self.visualizer is None:
            settings = {"type": "UniversalVisualizer", **(self.config.get("visualizer") or {})}
            settings["vis_backends"] = None
            self.visualizer = VISUALIZERS.build(settings)
            self.visualizer.dataset_meta = dict(getattr(self.model, "_dataset_meta", None) or {})
        draw = getattr(self.visualizer, method)
        files = (None if show_dir is None else Path(show_dir, name) for name in names)
        return [
            draw(self.prepare.picture(image), sample, out_file=file, name=Path(name).stem, **kwargs)
            for image, sample, name, file in zip(images, samples, names, files)
        ]


#: Arguments of a call that are about pictures.
DRAWING = frozenset(
    {"show", "show_dir", "names", "wait_time", "draw_score", "resize", "rescale_factor", "draw_topk"}
)


def _chunks(
    items: Iterator[Done[Any, dict[str, Any]]], size: int, on_error: OnError
) -> Iterator[list[Done[Any, dict[str, Any]]]]:
    """Group items so that each group has ``size`` usable ones, and the last one what is left."""
    chunk: list[Done[Any, dict[str, Any]]] = []
    count = 0
    for done in items:
        if done.error is not None and on_error == "raise":
            raise done.error
        chunk.append(done)
        count += done.error is None
        if count == size or len(chunk) >= 4 * size:
            yield chunk
            chunk, count = [], 0
    if chunk:
        yield chunk


class Pictures:
    """Names of the pictures of images; images of one name get different ones.

    Args:
        given: Names to use instead.
    """

    def __init__(self, given: Sequence[str] | None = None) -> None:
        self.given = given
        self.seen: Counter[str] = Counter()

    def name(self, image: InputType, number: int) -> str:
        """Return the file name for the picture of an image."""
        if self.given is not None:
            return self.given[number]
        stem = Path(image).stem if isinstance(image, (str, os.PathLike)) else f"{number:06d}"
        self.seen[stem] += 1
        return f"{stem}.png" if self.seen[stem] == 1 else f"{stem}-{self.seen[stem]}.png"


def picture_names(images: Iterable[InputType]) -> list[str]:
    """Return a file name for the picture of each image; images of one name get different ones."""
    pictures = Pictures()
    return [pictures.name(image, number) for number, image in enumerate(images)]
