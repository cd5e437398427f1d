"""Deterministic weights and input behind facts/fingerprints.json.gz.

model.eval()
with torch.no_grad():
    for key, value in model.state_dict().items():
        fill(key, value)
    feat = model.extract_feat(image(input_size))          # last element, if a tuple
    logits = model.head(model.extract_feat(image(input_size)))
"""

import zlib

import numpy as np
import torch


def fill(key: str, tensor: torch.Tensor) -> None:
    """Overwrite ``tensor`` with values that depend on its key and shape only; integer buffers stay."""
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return
    n = tensor.numel()
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    u = torch.from_numpy(rng.random(n, dtype=np.float32) * 2 - 1).reshape(tensor.shape)
    if tensor.ndim <= 1:
        if key.endswith("running_var"):
            value = 1 + 0.5 * u.abs()
        elif key.endswith(("bias", "running_mean")):
            value = 0.1 * u
        else:
            value = 1 + 0.2 * u
    elif tensor.shape[0] == 1:  # tokens, position embeddings
        value = 0.1 * u
    else:
        value = u * (3.0 / (n / tensor.shape[0])) ** 0.5
    tensor.copy_(value.to(tensor.dtype))


def image(size: int, seed: int = 0, channels: int = 3) -> torch.Tensor:
    """A (2, channels, size, size) batch in [-1, 1]; LeNet-5 takes the first channel at size 32."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return torch.from_numpy(rng.random((2, 3, size, size), dtype=np.float32) * 2 - 1)[:, :channels]


def fingerprint(t: torch.Tensor) -> dict:
    t = t.detach().double()
    flat = t.flatten()
    return {
        "shape": list(t.shape),
        "mean": t.mean().item(),
        "std": t.std().item(),
        "absmax": t.abs().max().item(),
        "head": flat[:16].tolist(),
        "tail": flat[-8:].tolist(),
    }
