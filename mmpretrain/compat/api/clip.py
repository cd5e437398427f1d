"""How 1.x makes the CLIP model whose features are targets."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mmpretrain.errors import ArgumentError
from mmpretrain.models.selfsup.clip_generator import Clip, clip_from


def build_clip_model(
    state_dict: Mapping[str, Tensor], finetune: bool = False, average_targets: int = 1
) -> Clip:
    """Make the CLIP model that OpenAI's weights are of.

    Args:
        state_dict: The weights.
        finetune: Must be False: other values are for scripts outside of MMPretrain.
        average_targets: Must be 1, for the same reason.

    Raises:
        CheckpointError: If the weights are not those of a CLIP model with a vision transformer.
    """
    if finetune or average_targets != 1:
        raise ArgumentError(
            f"build_clip_model makes targets only, got finetune={finetune!r}, "
            f"average_targets={average_targets!r}",
            hint="Fine-tune CLIP's vision transformer as a VisionTransformer backbone.",
            key="finetune" if finetune else "average_targets",
        )
    return clip_from(state_dict)
