"""From labelled images to a config that fine-tunes a model on them."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "config": ("finetuning_config",),
        "defaults": ("Choices", "choose"),
        "facts": ("DataFacts",),
        "lists": ("write_lists",),
        "start": ("Start", "find_start"),
        "timing": ("epochs_within",),
    },
)
