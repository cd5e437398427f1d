"""What the tests of self-supervised methods share."""

from __future__ import annotations

import torch

from tests.models.selfsup.facts import build, recorded


def model_of(name: str, **changes) -> torch.nn.Module:
    return build({**recorded("algorithms")[name]["case"]["model"], **changes})
