#!/usr/bin/env bash
# The rules of the house that a compiler does not check. `structure.sh RULE [ROOT]` prints each breach and fails.
set -euo pipefail
rule=$1
cd "${2:-$(dirname "${BASH_SOURCE[0]}")/..}"

# Git knows what is ours; an unpacked archive holds nothing else.
tracked() {
  git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -printf '%P\n'
}
sources() { tracked | grep -E '\.(h|cpp|inl)$' | while read -r file; do [[ ! -f $file ]] || echo "$file"; done; }

# Prints breaches from stdin under a heading; fails when there are any.
no_breach() {
  local breaches
  breaches=$(cat)
  [[ -z $breaches ]] && return
  printf '%s:\n%s\n' "$1" "$breaches"
  return 1
}

matches() { xargs -r grep -nHE -- "$1" || (($? == 123)); }  # xargs' word for grep's "nothing found"

includes_outside() {  # FLOOR ALLOWED...
  local allowed
  allowed=$(IFS='|'; echo "${*:2}")
  sources | { grep "^$1/" || true; } | matches '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
    { grep -vE "\"($allowed)/" || true; }
}

case $rule in
  floors)
    {
      includes_outside kernels kernels
      includes_outside engine engine kernels
      includes_outside nas nas engine kernels
      includes_outside examples examples nas engine kernels
      includes_outside bench bench examples/support tests/op_table nas engine kernels
    } | no_breach "a floor includes only itself and what is below it, by its path from the top"
    ;;
  openmp)
    sources | { grep -vx 'kernels/parallel\.h' || true; } | matches '#[[:space:]]*pragma[[:space:]]+omp|_Pragma\("omp|<omp\.h>' |
      no_breach "OpenMP stands in kernels/parallel.h alone"
    ;;
  headers)
    sources | { grep -E '^(kernels|engine|nas)/.*\.h$' || true; } |
      matches '#include[[:space:]]*[<"](nlohmann|fmt|CLI|zlib|png)' |
      no_breach "libraries that users need not have stay out of headers"
    ;;
  length)
    tracked | { grep -E '\.(h|cpp|inl|sh|cmake|js|css)$|CMakeLists\.txt$' || true; } | while read -r file; do
      [[ ! -f $file ]] || awk -v file="$file" 'END { if (NR > 400) print file ": " NR " lines" }' "$file"
    done | no_breach "no file is longer than 400 lines"
    ;;
  top)
    tracked | cut -d/ -f1 | sort -u |
      { grep -vxE 'kernels|engine|nas|bench|tests|examples|docs|CMakeLists\.txt|CMakePresets\.json|README\.md|LICENSE|\..*' || true; } |
      no_breach "the top level holds the seven folders, CMakeLists.txt, CMakePresets.json, README.md, LICENSE"
    ;;
  format)
    command -v clang-format >/dev/null || { echo "no clang-format here" && exit 77; }
    {
      sources | { grep -v '\.inl$' || true; } | { xargs -r clang-format --dry-run -Werror 2>&1 || true; } |
        { grep -E ': error: ' || true; }
      sources | { grep '\.inl$' || true; } | while read -r file; do # which it does not know as C++ by name
        clang-format --assume-filename=source.cpp <"$file" | cmp -s - "$file" || echo "$file"
      done
    } | no_breach "clang-format, by .clang-format, would change"
    ;;
  flags) # ROOT is a build folder here
    [[ -f compile_commands.json ]] || { echo "no compile_commands.json in $PWD" && exit 1; }
    { grep -oE -- '-ffast-math|-Ofast|-m(arch|tune)=native|-funsafe-math[a-z-]*|-ffinite-math-only|-fassociative-math' \
      compile_commands.json || true; } | sort | uniq -c |
      no_breach "compile_commands.json has flags that change bits, or tie them to one machine"
    ;;
  *)
    echo "structure.sh: unknown rule '$rule'" >&2
    exit 2
    ;;
esac
