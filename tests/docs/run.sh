#!/usr/bin/env bash
# run.sh EXPECTED COMMAND...: the command must succeed and print on stdout exactly what the page says.
set -euo pipefail
expected=$1
shift
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
"$@" >"$printed"
diff -u --label "the page" --label "what is printed" "$expected" "$printed"
