"""Data sets, their wrappers, and how samples become batches."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base_dataset": ("BaseDataset",),
        "collate": ("default_collate", "pseudo_collate"),
        "custom": ("CustomDataset",),
        "digits": ("Digits",),
    },
    reexports=["samplers", "transforms"],
)
