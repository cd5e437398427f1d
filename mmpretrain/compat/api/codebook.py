"""The codebook of BEiT v2 as 1.x constructs it."""

from __future__ import annotations

from mmpretrain.checkpoints.serialization import read_tensor
from mmpretrain.errors import CheckpointError
from mmpretrain.models.layers.quantizer import Codebook


class EmbeddingEMA(Codebook):
    """The codes, unit vectors, perhaps from a file.

    Args:
        num_tokens: Number of codes.
        codebook_dim: Number of channels.
        kmeans_init: Take the codes from the first batch.
        codebook_init_path: File with the codes, a tensor (num_tokens, codebook_dim).

    Raises:
        CheckpointError: If the file does not hold such a tensor.
    """

    def __init__(
        self,
        num_tokens: int,
        codebook_dim: int,
        kmeans_init: bool = True,
        codebook_init_path: str | None = None,
    ) -> None:
        super().__init__(num_tokens, codebook_dim, kmeans_init and codebook_init_path is None)
        if codebook_init_path is None:
            return
        codes = read_tensor(codebook_init_path)
        if codes.shape != self.weight.shape:
            raise CheckpointError(
                f"{codebook_init_path} holds a tensor of the shape {tuple(codes.shape)}, and not "
                f"{num_tokens} codes with {codebook_dim} channels",
                hint="Let num_tokens and codebook_dim fit the file of codebook_init_path.",
            )
        self.weight.data.copy_(codes)
