"""The rules of the collapse doctor: symptoms and their causes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

#: What one look at a run measured, by name.
Measures = Mapping[str, float]


class Symptom(NamedTuple):
    """Something that is wrong with a run.

    Attributes:
        name: Its name.
        present: Whether the measures show it.
        text: What to say of it, with the measures in braces.
        at_once: It is wrong at any time. Otherwise a new network may look like that, and the doctor waits
            unless the run has looked better before.
    """

    name: str
    present: Callable[[Measures], bool]
    text: str
    at_once: bool = False


def _below(name: str, limit: float) -> Callable[[Measures], bool]:
    return lambda m: name in m and m[name] < limit


def _above(name: str, limit: float) -> Callable[[Measures], bool]:
    return lambda m: name in m and m[name] > limit


#: In the order in which they are reported.
SYMPTOMS = (
    Symptom(
        "same_views", lambda m: m.get("view_distance", 1.0) == 0, "the views of an image are identical", True
    ),
    Symptom(
        "flat_images", _below("image_std", 0.01),
        "the prepared images are all alike (standard deviation {image_std:.2g})", True,
    ),
    Symptom(
        "huge_images", _above("image_std", 25.0),
        "the prepared images are not normalised (standard deviation {image_std:.3g})", True,
    ),
    Symptom(
        "no_gradient", lambda m: m.get("backbone_grad_norm", 1.0) == 0,
        "no gradient reaches the backbone", True,
    ),
    Symptom(
        "no_predictor", lambda m: m.get("predictor_size", 1.0) == 0,
        "the projection itself is compared with the target", True,
    ),
    Symptom("weights_still", lambda m: m.get("weights_moved", 1.0) == 0, "the weights do not change", True),
    Symptom(
        "teacher_still", lambda m: m.get("teacher_moved", 1.0) == 0,
        "the weights of the momentum encoder do not change", True,
    ),
    Symptom(
        "exploded", _above("grad_growth", 1000.0),
        "the gradients have grown {grad_growth:.0f}-fold, to a norm of {grad_norm:.3g}", True,
    ),
    Symptom(
        "leaping", lambda m: m.get("longest_step", 0.0) > 0.03 and m.get("weight_growth", 1.0) > 1.1,
        "a step changed the backbone's weights by {longest_step:.1%} of their length, and they are "
        "{weight_growth:.2f} times as long as at first", True,
    ),
    Symptom(
        "one_prototype", _below("prototype_entropy", 0.35),
        "nearly all images have the same prototype (entropy of the mean target {prototype_entropy:.2f} of 1, "
        "{prototypes_dead:.0%} of the prototypes are dead)",
    ),
    Symptom(
        "uniform_teacher", _above("teacher_entropy", 0.985),
        "the targets do not tell images apart (entropy {teacher_entropy:.3f} of 1)",
    ),
    Symptom(
        "collapsed", _below("projection_spread", 0.1),
        "the representations have collapsed to rank {projection_rank:.1f} (spread {projection_spread:.3f})",
    ),
    Symptom(
        "shrunk", _below("projection_scale", 0.05),
        "the projections have shrunk to {projection_scale:.1%} of their first size", True,
    ),
    Symptom(
        "same_features", _below("feature_spread", 0.01),
        "the backbone's features are the same for all images (spread {feature_spread:.3f})",
    ),
    Symptom(
        "low_rank", _below("projection_rank", 1.6),
        "the representations have collapsed to rank {projection_rank:.1f}",
    ),
)  # fmt: skip


def causes(model: object, symptom: str, live_target: bool, lr: float) -> list[str]:
    """Return possible causes of a symptom, the most certain first."""
    return list(dict.fromkeys(_causes(model, symptom, live_target, lr)))


def _causes(model: object, symptom: str, live_target: bool, lr: float) -> Iterator[str]:
    head, neck = getattr(model, "head", None), getattr(model, "neck", None)
    if symptom in _DIRECT:
        yield from _DIRECT[symptom]
        return
    if live_target and hasattr(head, "predictor"):
        yield "no stop-gradient: a gradient flows into the target of the prediction"
    yield from _temperatures(head)
    loss = getattr(head, "loss_module", None)
    if not getattr(head, "sinkhorn_iterations", getattr(loss, "sinkhorn_iterations", 1)):
        yield "sinkhorn_iterations=0 lets one prototype take all images"
    for name in ("std_coeff", "cov_coeff", "lambd"):
        if getattr(loss, name, 1) == 0:
            yield f"{name}=0 in the loss, which keeps the channels apart"
    if isinstance(neck, nn.Module) and not _has_norm(neck):
        yield "batch norm missing in the projector"
    yield f"learning rate too high (it is {lr:.3g}: try a tenth)"


#: Symptoms with a known cause.
_DIRECT = {
    "same_views": ("the pipelines of MultiView have no random transforms, or draw the same numbers",),
    "flat_images": ("mean and std of the data preprocessor, or an image that is the same in all files",),
    "huge_images": ("mean and std of the data preprocessor are for pixels from 0 to 1",),
    "no_gradient": ("the backbone is frozen, or its output is detached",),
    "no_predictor": ("the predictor has no weights",),
    "weights_still": ("the learning rate is 0, or the optimizer has no parameters of the backbone",),
    "teacher_still": ("the momentum (weight of the new value) is 0, or update_parameters() is not called",),
    "leaping": ("learning rate too high: try a tenth", "no clip_grad or warm-up"),
    "exploded": ("learning rate too high: try a tenth", "no clip_grad or warm-up"),
}


def _temperatures(head: object) -> Iterator[str]:
    student, teacher = getattr(head, "student_temp", None), getattr(head, "teacher_temp", None)
    if getattr(head, "centering", None) == "none":
        yield "no centring of the teacher's scores"
    if student is not None and teacher is not None and teacher >= student:
        yield f"teacher_temp={teacher} is not below student_temp={student}"
    own = getattr(head, "temperature", getattr(getattr(head, "loss_module", None), "temperature", None))
    if isinstance(own, float) and own < 0.02:
        yield f"temperature too low ({own})"
    elif isinstance(own, float) and own > 1.5:
        yield f"temperature too high ({own})"


def _has_norm(module: nn.Module) -> bool:
    return any(isinstance(part, (_BatchNorm, nn.LayerNorm, nn.GroupNorm)) for part in module.modules())
