#!/usr/bin/env bash
# Make an environment with the peers of the benchmarks in .venv-peers: MMPretrain 1.2 with what it needs, and timm.
#   benchmarks/peers.sh [PYTHON]        PYTHON is 3.8 to 3.11; by default the one of .venv
# MMPretrain 1.x is not maintained. With mmcv-lite and an older setuptools it runs on today's torch; the lines below
# change nothing of its code that is measured.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${1:-.venv/bin/python}"
[ -x "$(command -v "$python")" ] || { echo "peers.sh: no Python at $python; name one as argument" >&2; exit 1; }
torch="$("$python" -c 'import torch; print(torch.__version__.partition("+")[0])' 2>/dev/null || true)"
"$python" -m venv .venv-peers
install=(.venv-peers/bin/python -m pip install -qq --disable-pip-version-check)
"${install[@]}" "setuptools<81" wheel
# The torch of the environment that is compared, if there is one. PIP_EXTRA_INDEX_URL chooses another build of it.
"${install[@]}" "torch${torch:+==$torch}" torchvision
"${install[@]}" mmcv-lite==2.2.0 mmengine==0.10.7
# Its requirements name mmcv<2.2, which has no wheel for today's torch.
"${install[@]}" --no-deps mmpretrain==1.2.0
"${install[@]}" einops importlib-metadata mat4py matplotlib modelindex numpy rich timm
cd .venv-peers
if ! bin/python -c "import torchvision" 2>/dev/null; then
    # A build of torchvision for another build of torch. Nothing here uses its operators: leave out their registration.
    bin/python - <<'END'
import importlib.util, pathlib
spec = importlib.util.find_spec("torchvision")
(pathlib.Path(spec.origin).parent / "_meta_registrations.py").write_text("")
END
fi
if ! bin/python -W ignore -c "import mmpretrain.models, timm" 2>error.txt; then
    tail -1 error.txt >&2
    echo "peers.sh: MMPretrain 1.2 does not import; it runs on Python 3.8 to 3.11" >&2
    exit 1
fi
bin/python -W ignore -c "import mmpretrain, timm, torch; print('peers:', 'mmpretrain', mmpretrain.__version__, '/ timm', timm.__version__, '/ torch', torch.__version__)"
