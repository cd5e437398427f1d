#!/usr/bin/env bash
# Tries the README's commands (install, demo) on each Python that the package claims to support and this machine has.
#
#   tools/try_pythons.sh              every one from 3.10 to 3.14, as found on PATH, by pyenv or by uv
#   tools/try_pythons.sh 3.10 3.13    these
#   tools/try_pythons.sh --ends       the oldest and the newest that are there
#
# The environments live in a temporary folder. Prints a line per Python; fails if one of them fails.
set -uo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

find_python() {  # the path of an interpreter of that version, if there is one that works
    local candidate
    for candidate in $(command -v "python$1") "$HOME/.pyenv/versions/$1".*/bin/python \
        $(command -v uv >/dev/null && uv python find --no-python-downloads "$1" 2>/dev/null); do
        if [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ]; then
            echo "$candidate"
            return
        fi
    done
}

versions=()
ends=false
for argument in "$@"; do
    case $argument in
        --ends) ends=true ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit ;;
        *) versions+=("$argument") ;;
    esac
done
[ ${#versions[@]} -gt 0 ] || versions=(3.10 3.11 3.12 3.13 3.14)

present=()
for version in "${versions[@]}"; do
    if [ -n "$(find_python "$version")" ]; then present+=("$version"); else echo "$version  not on this machine"; fi
done
if $ends && [ ${#present[@]} -gt 2 ]; then present=("${present[0]}" "${present[-1]}"); fi

failed=0
for version in "${present[@]}"; do
    start=$SECONDS
    folder=$scratch/$version
    if "$(find_python "$version")" -m venv "$folder" >"$scratch/log" 2>&1 &&
        "$folder/bin/python" -m pip install --quiet -c constraints.txt . >>"$scratch/log" 2>&1 &&
        (cd "$scratch" && rm -rf work_dirs && "$folder/bin/mmpretrain" demo) >>"$scratch/log" 2>&1; then
        echo "$version  ok, $((SECONDS - start)) s: $(grep -a 'accuracy  ' "$scratch/log" | tail -n 1 | tr -s ' ')"
    else
        echo "$version  FAILED after $((SECONDS - start)) s:"
        tail -n 15 "$scratch/log" | sed 's/^/    /'
        failed=1
    fi
    rm -rf "$folder"
done
exit $failed
