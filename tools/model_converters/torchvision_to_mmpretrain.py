"""The old name of ``mmpretrain convert --from torchvision``; the family after both paths is not needed."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["convert", "--from", "torchvision", *sys.argv[1:3]])
