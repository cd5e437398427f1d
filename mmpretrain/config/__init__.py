"""Config files: one language with several spellings."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "config": ("Config",),
        "lazy": ("LazyObject",),
        "node": ("ConfigDict",),
        "options": ("DictAction", "parse_options"),
        "python": ("read_base",),
        "source": ("Source",),
    },
)
