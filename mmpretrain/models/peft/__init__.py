"""Parameter-efficient fine-tuning."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(__name__, {"lora": ("LoRALinear", "LoRAModel")})
