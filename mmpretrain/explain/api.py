"""One call from model and image to an explanation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.apis.image_classification import ImageClassificationInferencer
from mmpretrain.apis.inputs import InputType, is_single
from mmpretrain.errors import ConfigError
from mmpretrain.explain.engine import Engine, augmented, merged
from mmpretrain.explain.explanation import Explanation
from mmpretrain.explain.methods import METHODS, find_method, normalised, resized
from mmpretrain.explain.road import faithfulness
from mmpretrain.explain.trace import scores_of
from mmpretrain.utils.pictures import to_picture
from mmpretrain.utils.suggest import did_you_mean

if TYPE_CHECKING:
    from mmpretrain.models.base import BaseModel

Target = int | str

#: What ``method='auto'`` tries: all that need no more than one pass.
QUICK = tuple(name for name, method in METHODS.items() if method.needs not in ("masked", "ablated"))


def explain(
    model: BaseModel | str | os.PathLike[str],
    image: InputType | Tensor | Sequence[InputType],
    method: str = "gradcam",
    target: Target | Sequence[Target] | None = None,
    *,
    target_layers: Sequence[str] = (),
    eigen_smooth: bool = False,
    aug_smooth: bool = False,
    num_extra_tokens: int | None = None,
    task: str | None = None,
    measure: bool = False,
    batch_size: int = 16,
    device: str | torch.device | None = None,
) -> Any:
    """Show which parts of an image a classifier's score of a class depends on.

    Args:
        model: A classifier, or what :func:`~mmpretrain.apis.open_model` takes: a checkpoint, the folder of a
            run, a name of the zoo.
        image: An image as an inferencer takes it; or a tensor (3, H, W) or (B, 3, H, W), normalised already;
            or a list of images.
        method: A name in :data:`~mmpretrain.explain.METHODS`. ``'auto'`` tries those that need one pass,
            measures how faithful each map is, and keeps the best.
        target: The class, as its number or its name; by default the one that the model predicts. Several for
            several explanations.
        target_layers: Names of layers, whose maps are averaged; by default a layer that fits the backbone.
        eigen_smooth: Take the first principal component of the weighted activations, which has less noise.
        aug_smooth: Take the mean over the image, mirrored and not, with three contrasts.
        num_extra_tokens: Number of tokens before those of the patches; by default what the backbone declares.
        task: The task to explain, in a model of several.
        measure: Measure how faithful the map is, too.
        batch_size: How many images to run at once, where a method needs many.
        device: Where to run, if ``model`` is a name.

    Returns:
        An :class:`~mmpretrain.explain.Explanation`; a list of them for several images or targets, the
        targets of an image one after the other.

    Raises:
        ConfigError: If the model gives no scores, or has no such layer or class.
        DataError: If the image cannot be read.

    Example:
        >>> explain('work_dirs/run', 'cat.jpg', method='auto').save('cat_cam.jpg')
    """
    name = method if method == "auto" else find_method(method)
    prepared = _prepare(model, image, device)
    wanted = [target] if target is None or isinstance(target, (int, str, np.integer)) else list(target)
    targets = [_class_number(item, prepared.classes) for item in wanted]
    engine = Engine(
        prepared.model,
        layers=tuple(target_layers),
        num_extra_tokens=num_extra_tokens,
        task=task,
        batch_size=batch_size,
    )
    results = []
    with _evaluating(prepared.model):
        for inputs, picture in zip(prepared.inputs, prepared.pictures):
            for number in targets:
                request = _Request(name, number, eigen_smooth, aug_smooth, measure)
                results.append(_explain_one(engine, inputs, picture, request, prepared.classes))
    single = prepared.single and len(targets) == 1
    return results[0] if single else results


class _Prepared:
    """A model, and images for it.

    Args:
        model: The classifier.
        inputs: Images (1, 3, H, W), normalised.
        pictures: The same for people, (H, W, 3), RGB.
        classes: Class names.
        single: Whether there is one image, and not a list.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Sequence[Tensor],
        pictures: Sequence[np.ndarray],
        classes: Sequence[str] | None,
        single: bool,
    ) -> None:
        self.model, self.inputs, self.pictures = model, inputs, pictures
        self.classes, self.single = classes, single


class _Request:
    """What is asked about an image."""

    def __init__(
        self, method: str, target: int | None, eigen_smooth: bool, aug_smooth: bool, measure: bool
    ) -> None:
        self.method, self.target = method, target
        self.eigen_smooth, self.aug_smooth, self.measure = eigen_smooth, aug_smooth, measure


def _prepare(model: Any, image: Any, device: str | torch.device | None) -> _Prepared:
    if isinstance(image, Tensor) and image.is_floating_point():
        if image.ndim not in (3, 4):
            raise ConfigError(f"a tensor of shape {tuple(image.shape)} is no image (3, H, W) or (B, 3, H, W)")
        if not isinstance(model, nn.Module):
            model = ImageClassificationInferencer(model, device=device).model
        elif device is not None:
            model = model.to(device)
        batch = image if image.ndim == 4 else image[None]
        where = next((p.device for p in model.parameters()), torch.device("cpu"))
        classes = (getattr(model, "_dataset_meta", None) or {}).get("classes")
        inputs = list(batch.to(where).split(1))
        return _Prepared(model, inputs, [_picture(item[0]) for item in inputs], classes, len(batch) == 1)
    inferencer = ImageClassificationInferencer(model, device=device)
    images: list[Any] = [image] if is_single(image) else list(image)
    inputs, pictures = [], []
    for number, item in enumerate(images):
        packed = inferencer.prepare(item, number)
        batch = {key: [value] for key, value in packed.items()}
        inputs.append(inferencer.model.data_preprocessor(batch, False)["inputs"])
        pictures.append(_as_rgb(packed["inputs"]))
    return _Prepared(inferencer.model, inputs, pictures, inferencer.classes, is_single(image))


def _as_rgb(image: Tensor) -> np.ndarray:
    """A picture (H, W, 3), RGB, of pixels (C, H, W) in BGR, grey, or of many channels."""
    return to_picture(image.permute(1, 2, 0).cpu().numpy())


def _picture(image: Tensor) -> np.ndarray:
    """A picture (H, W, 3) of a normalised image (C, H, W): from its darkest to its brightest value."""
    scaled = normalised(image.detach().float().cpu()[None].flatten(1, 2)).unflatten(1, image.shape[:2])[0]
    array = (255 * scaled).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return np.ascontiguousarray(array if array.shape[2] == 3 else to_picture(array))


def _class_number(target: Target | None, classes: Sequence[str] | None) -> int | None:
    if target is None or not isinstance(target, str):
        return None if target is None else int(target)
    names = list(classes or ())
    if target not in names:
        hint = did_you_mean(target, names) or (
            "Give its number." if names else "The model has no class names: give its number."
        )
        raise ConfigError(f"there is no class {target!r}", hint=hint, key="target")
    return names.index(target)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode with gradients, inside the block."""
    was_training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for module in was_training:
            module.training = True


def _explain_one(
    engine: Engine, inputs: Tensor, picture: np.ndarray, request: _Request, classes: Sequence[str] | None
) -> Explanation:
    inputs = inputs.clone() if inputs.is_inference() else inputs.detach()
    with torch.no_grad():
        scores = scores_of(engine.model, inputs, engine.task)[0]
    predicted = int(scores.argmax())
    target = predicted if request.target is None else request.target
    if not 0 <= target < len(scores):
        raise ConfigError(
            f"there is no class {target}", hint=f"Classes count from 0 to {len(scores) - 1}.", key="target"
        )
    names = [name for name in QUICK if _has(engine, name)] if request.method == "auto" else [request.method]
    # Without a target, each augmented image is explained as it is predicted.
    batch = augmented(inputs) if request.aug_smooth else inputs
    maps = engine.maps(batch, request.target, names, eigen_smooth=request.eigen_smooth)
    size = (inputs.shape[2], inputs.shape[3])
    finished = {
        name: merged(found) if request.aug_smooth else found[0]
        for name, found in ((name, normalised(_mean(parts, size))) for name, parts in maps.items())
    }
    rated: dict[str, float] = {}
    if request.measure or request.method == "auto":
        stacked = torch.stack(list(finished.values()))
        values = faithfulness(
            stacked, inputs, lambda images: engine.confidence(images, target), batch_size=engine.batch_size
        )
        rated = dict(zip(finished, values))
    best = max(rated, key=rated.__getitem__) if rated else names[0]
    return Explanation(
        map=finished[best].cpu().numpy(),
        method=best,
        target=target,
        score=float(engine.confidence(inputs, target)[0]),
        predicted=predicted,
        layers=engine.looked_at(best),
        image=picture,
        faithfulness=rated.pop(best, None),
        others=rated,
        class_name=classes[target] if classes is not None and len(classes) == len(scores) else None,
        kind=engine.kind,
    )


def _has(engine: Engine, name: str) -> bool:
    return METHODS[name].needs != "attention" or engine.looks_like_transformer()


def _mean(maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """The mean over layers of maps (B, h, w), as (B, H, W)."""
    return torch.stack([resized(item, size) for item in maps]).mean(0)
