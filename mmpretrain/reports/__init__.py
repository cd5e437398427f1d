"""Pages about evaluations: from records to one HTML file that opens offline."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "comparison": ("compare", "compare_values"),
        "comparison_page": ("write_comparison",),
        "page": ("write_report",),
        "parts": ("ImageSource", "no_images"),
        "summary": ("summarize",),
        "values": ("write_value_report",),
    },
)
