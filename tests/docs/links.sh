#!/usr/bin/env bash
# links.sh PAGE...: every link to a file of this repository leads to one.
set -euo pipefail
failed=0
for page in "$@"; do
  while IFS=: read -r line target; do
    [[ $target =~ ^(https?:|mailto:|#) ]] && continue
    [[ -e $(dirname "$page")/${target%%#*} ]] && continue
    echo "$page:$line: $target leads nowhere"
    failed=1
  done < <(grep -noE '\]\([^) ]+\)' "$page" | sed -E 's/\]\((.*)\)$/\1/')
done
exit $failed
