#!/usr/bin/env bash
# commands.sh SOURCE PROGRAMS PAGE...: every command in a ```sh block is a script of this repository, one of its
# programs or a known command, and every flag it gives a program is in that program's --help. The same for the flags in
# a table row that opens with a program's name.
set -euo pipefail
source=$1 programs=$2
shift 2
known='apt|cmake|ctest|export'
failed=0

breach() { echo "$1"; failed=1; }

check_flags() {  # WHERE PROGRAM TEXT
  local help flag
  help=$("$programs/$2" --help)
  while read -r flag; do
    grep -qE -- "(^|[ ,])$flag([ ,=]|$)" <<<"$help" || breach "$1: $2 has no $flag"
  done < <(grep -oE -- '--[a-z][a-z-]*' <<<"$3")
}

check_command() {  # WHERE COMMAND
  local word
  for word in $2; do [[ $word == *=* || $word == sudo ]] || break; done
  if [[ -f $source/examples/$(basename "$word").cpp && ($word == build/release/examples/* || $word != */*) ]]; then
    check_flags "$1" "$(basename "$word")" "$2"
  elif [[ $word == */* ]]; then
    case $word in
      build/release/bench/*) grep -q "add_executable($(basename "$word") " "$source/bench/CMakeLists.txt" ;;
      build/release/tests/test_*) [[ -d $source/tests/${word##*/test_} ]] ;;
      *) [[ -x $source/$word ]] ;;
    esac || breach "$1: $word does not exist"
  elif [[ ! $word =~ ^($known)$ ]]; then
    breach "$1: $word is no known command"
  elif [[ $2 =~ --preset\ ([a-z-]+) ]]; then
    grep -q "\"name\": \"${BASH_REMATCH[1]}\"" "$source/CMakePresets.json" || breach "$1: no preset ${BASH_REMATCH[1]}"
  fi
}

for page in "$@"; do
  while IFS=$'\t' read -r line kind text; do
    if [[ $kind == sh ]]; then check_command "$page:$line" "$text"; else check_flags "$page:$line" "$kind" "$text"; fi
  done < <(awk '
    /^```/ { inside = inside == "" ? $1 : ""; next }
    inside == "```sh" {
      sub(/(^| )#.*/, "")
      if (whole == "") first = FNR
      if (sub(/\\$/, "")) { whole = whole $0; next }
      whole = whole $0
      if (whole ~ /[^ ]/) print first "\tsh\t" whole
      whole = ""
    }
    inside == "" && /^\| `[a-z0-9_]+` \|/ { name = $2; gsub(/`/, "", name); print FNR "\t" name "\t" $0 }
  ' "$page")
done
exit $failed
