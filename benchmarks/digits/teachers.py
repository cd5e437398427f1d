"""Small stand-ins for the networks from which some methods get their targets, trained on the same pictures.

No labels are used. CLIP: a vision tower of CLIP's class, trained as SimCLR trains. DALL-E's tokenizer: its
encoder, trained as a discrete autoencoder (https://arxiv.org/abs/2102.12092). VQKD: trained with its own loss
to reconstruct the features of the stand-in for CLIP (https://arxiv.org/abs/2208.06366).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits.networks import ADAMW, CE, GRID, PATCH, SIDE, Ask, Cfg, Method, Network, mlp
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.models.selfsup.clip_generator import ClipVisual
from mmpretrain.registry import MODELS

TOKENS, CODE_DIMS, CLIP_DIMS = 64, 16, 32
#: DALL-E's encoder reduces pictures 8-fold, so that a patch of the model has one token.
PICTURE_SIDE = 8 * GRID

TOKENIZER: Cfg = {
    "type": "DALL-E", "group_count": 4, "n_hid": 16, "n_blk_per_group": 1, "vocab_size": TOKENS,
    "input_channels": 1,
}  # fmt: skip
ENCODER: Cfg = {
    "arch": {"embed_dims": 64, "num_layers": 2, "num_heads": 4, "feedforward_channels": 128},
    "img_size": SIDE, "patch_size": PATCH, "out_type": "featmap", "use_abs_pos_emb": True,
    "use_rel_pos_bias": False, "layer_scale_init_value": 0.0,
}  # fmt: skip
VQKD: Cfg = {"type": "VQKD", "encoder_config": ENCODER, "num_embed": TOKENS, "embed_dims": CODE_DIMS}


@MODELS.register_module(force=True)
class ClipTower(ClipVisual):
    """CLIP's vision tower as a backbone: the mean of its class token and of its patches, (B, D)."""

    def __init__(self) -> None:
        super().__init__(64, 2, PATCH, GRID, CLIP_DIMS)
        nn.init.normal_(self.class_embedding, std=0.1)
        nn.init.normal_(self.positional_embedding, std=0.1)
        nn.init.normal_(self.proj, std=64**-0.5)

    def forward(self, x: Tensor) -> Any:
        """Return features of images (B, 3, H, W)."""
        tokens, _ = super().forward(x)
        return (tokens[:, 0] + tokens[:, 1:].mean(dim=1),)


@MODELS.register_module(force=True)
class DiscreteAutoencoder(BaseSelfSupervisor):
    """DALL-E's tokenizer: tokens are drawn with Gumbel noise, and a decoder makes the picture from them."""

    def __init__(self, temperature: float = 1.0, **kwargs: Any) -> None:
        super().__init__(backbone={**TOKENIZER, "requires_grad": True}, **kwargs)
        self.temperature = temperature
        self.decoder = nn.Sequential(nn.Conv2d(TOKENS, 64, 1))
        for width in (64, 32, 16):
            self.decoder += nn.Sequential(
                nn.ReLU(), nn.Upsample(scale_factor=2), nn.LazyConv2d(width, 3, padding=1)
            )
        self.decoder += nn.Sequential(nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the loss of images (B, 1, H, W)."""
        scores = self.backbone(inputs)
        drawn = F.gumbel_softmax(scores, self.temperature, dim=1)
        usage = scores.softmax(dim=1).mean(dim=(0, 2, 3))
        return {
            "pixel_loss": F.mse_loss(self.decoder(drawn), inputs),
            "usage_loss": 0.01 * (usage * (usage * TOKENS).clamp_min(1e-9).log()).sum(),
        }


@MODELS.register_module(force=True)
class CodebookDistillation(BaseSelfSupervisor):
    """VQKD's training: a small transformer predicts features of CLIP from the codes."""

    def __init__(self, clip: str, **kwargs: Any) -> None:
        generator = {"type": "CLIPGenerator", "tokenizer_path": clip}
        neck = {**ENCODER, "type": "BEiTViT", "img_size": GRID, "patch_size": 1, "in_channels": CODE_DIMS}
        super().__init__(backbone=VQKD, neck=neck, target_generator=generator, **kwargs)
        self.predict = nn.Conv2d(64, CLIP_DIMS, 1)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the loss of images (B, 3, H, W)."""
        codes, _, code_loss = self.backbone.encode(inputs)
        predicted = self.predict(self.neck(codes)[0]).flatten(2).transpose(1, 2)
        target, _ = self.target_generator(inputs)
        return {
            "feature_loss": 1 - F.cosine_similarity(predicted, target[:, 1:], dim=-1).mean(),
            "code_loss": code_loss,
        }


def clip(net: Network, ask: Ask) -> Cfg:
    """SimCLR with CLIP's tower."""
    head = {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}
    return {"type": "SimCLR", "backbone": {"type": "ClipTower"}, "neck": mlp(CLIP_DIMS), "head": head}


def tokenizer(net: Network, ask: Ask) -> Cfg:
    """DALL-E's tokenizer with a decoder."""
    return {"type": "DiscreteAutoencoder"}


def vqkd(net: Network, ask: Ask) -> Cfg:
    """VQKD with a decoder."""
    return {"type": "CodebookDistillation", "clip": ask("clip")}


def clip_weights(model: Any) -> dict[str, Tensor]:
    """The weights in OpenAI's layout, beside a tower for texts of which no weight is used."""
    text = {
        "positional_embedding": (1, 1), "token_embedding.weight": (1, 1), "text_projection": (1, CLIP_DIMS),
        "ln_final.weight": (1,), "ln_final.bias": (1,), "logit_scale": (),
    }  # fmt: skip
    seen = {f"visual.{key}": value for key, value in model.backbone.state_dict().items()}
    return {**{key: torch.zeros(shape) for key, shape in text.items()}, **seen}


def backbone_weights(model: Any) -> dict[str, Tensor]:
    """The weights of what was trained as the backbone."""
    return model.backbone.state_dict()


def all_weights(model: Any) -> dict[str, Tensor]:
    """The weights of the whole model."""
    return model.state_dict()


#: Name -> how it is trained, and what is kept of it. ``mae`` is the method of that name.
TEACHERS = {
    "clip": (Method(clip, "pair", ADAMW, channels=3), clip_weights),
    "tokenizer": (Method(tokenizer, "image", ADAMW, side=PICTURE_SIDE, batch=16), backbone_weights),
    "vqkd": (Method(vqkd, "image", ADAMW, channels=3, batch=16), backbone_weights),
}
