"""Packing for TorchServe has been replaced; see docs/commands.md."""

import sys

if __name__ == "__main__":
    sys.exit(
        "error: packing for TorchServe has been replaced: TorchServe is archived and gets no more fixes. "
        "docs/commands.md, section TorchServe, shows a server of a few lines."
    )
