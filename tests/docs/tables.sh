#!/usr/bin/env bash
# tables.sh PAGE...: a table has rows, each of as many cells as its head has, and an empty line below them.
set -euo pipefail
awk '
  function breach(what) { print FILENAME ":" FNR ": " what; failed = 1 }
  FNR == 1 { lines = 0 }
  /^```/ { fenced = !fenced }
  fenced { next }
  /^\|/ {
    bars = $0
    gsub(/\\\|/, "", bars)
    cells = gsub(/\|/, "", bars) - 1
    if (++lines == 1) head = cells
    if (cells != head) breach(cells " cells, " head " in the head of the table")
    next
  }
  lines > 0 {
    if (NF > 0) breach("this line stands in a table")
    if (lines < 3) breach("a table without a row ends here")
    lines = 0
  }
  END { exit failed }
' "$@"
