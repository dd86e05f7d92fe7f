#!/usr/bin/env bash
# links.sh PAGE...: every link to a file of this repository leads to one, and to a heading that it has.
set -euo pipefail
failed=0
# What a heading is called in a link: in small letters, blanks as dashes, without other signs.
headings() { sed -nE '/^```/,/^```/d; s/^#+ //p' "$1" | sed -E 's/.*/\L&/; s/[^[:alnum:] _-]//g; s/ /-/g'; }
for page in "$@"; do
  while IFS=: read -r line target; do
    [[ $target =~ ^(https?:|mailto:) ]] && continue
    file=$(dirname "$page")/${target%%#*} heading=${target#*#}
    [[ $target == \#* ]] && file=$page
    [[ -e $file ]] && { [[ $target != *#* ]] || headings "$file" | grep -xF -- "$heading" >/dev/null; } && continue
    echo "$page:$line: $target leads nowhere"
    failed=1
  done < <(grep -noE '\]\([^) ]+\)' "$page" | sed -E 's/\]\((.*)\)$/\1/')
done
exit $failed
