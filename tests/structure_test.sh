#!/usr/bin/env bash
# Breaks every rule of structure.sh once in a scratch tree: a check that cannot fail checks nothing.
set -euo pipefail
structure=$(realpath "$(dirname "${BASH_SOURCE[0]}")/structure.sh")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export GIT_CEILING_DIRECTORIES=${root%/*}

holds() { bash "$structure" "$1" "$root" || { echo "rule '$1' fails on a good tree"; exit 1; }; }

# caught RULE FILE TEXT: with TEXT in FILE the rule must fail and name it.
caught() {
  local file=$root/$2 output
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$3" >"$file"
  if output=$(bash "$structure" "$1" "$root"); then
    echo "rule '$1' does not see: $2: $3"
    exit 1
  fi
  grep -qF -- "${4:-$2}" <<<"$output" || { echo "rule '$1' does not name $2, but says: $output"; exit 1; }
  rm "$file"
}

mkdir -p "$root"/{kernels,engine,nas}
echo '#pragma omp parallel' >"$root/kernels/parallel.h"
echo '#include "kernels/parallel.h"' >"$root/engine/good.cpp"
echo '[{"command": "c++ -O3 -ffp-contract=off"}]' >"$root/compile_commands.json"
for rule in floors openmp headers length flags; do holds "$rule"; done
rm "$root/compile_commands.json"
holds top

caught floors kernels/a.cpp '#include "engine/tensor/tensor.h"'
caught floors engine/a.cpp '  #  include "nas/genotype/genotype.h"'
caught floors engine/ops/a.cpp '#include "op.h"'
caught floors nas/a.h '#include "examples/support/cli.h"'
caught openmp engine/a.cpp '#pragma omp parallel for'
caught openmp nas/a.cpp '  #  pragma   omp simd'
caught openmp nas/a.cpp '#include <omp.h>'
caught openmp kernels/isa/a.inl '#pragma omp parallel'
caught headers engine/a.h '#include <nlohmann/json.hpp>'
caught headers nas/a.h '#include <fmt/format.h>'
caught length nas/a.cpp "$(seq 401)"
caught length kernels/isa/a.inl "$(seq 401)"
caught top notes.md 'text'
if command -v clang-format >/dev/null; then
  cp "${structure%/*}/../.clang-format" "$root"
  holds format
  caught format nas/a.cpp 'int  a;'
  caught format kernels/isa/a.inl 'int  a;'
fi
for flag in -ffast-math -Ofast -march=native; do
  caught flags compile_commands.json "[{\"command\": \"c++ $flag a.cpp\"}]" "$flag"
done
echo "every rule sees its breach"
