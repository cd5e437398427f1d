"""The command ``mim`` of OpenMMLab, as far as it is about this package."""
