"""The old name of ``mmpretrain convert``; ``--l2`` takes the averaged weights of TensorFlow's checkpoints."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--l2"]
    averages = ["--from", "tensorflow-averages"] if len(words) < len(sys.argv) - 1 else []
    entry_point(["convert", *averages, *words])
