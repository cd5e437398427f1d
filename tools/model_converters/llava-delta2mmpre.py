"""Weights of LLaVA are not converted, as the model is not there yet; see docs/zoo.md."""

import sys

if __name__ == "__main__":
    sys.exit(
        "error: LLaVA is not implemented here yet: nothing takes its weights. "
        "docs/zoo.md lists the families that are there."
    )
