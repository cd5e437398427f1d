"""The old name of ``mmpretrain merge-lora``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["merge-lora", *sys.argv[1:]])
