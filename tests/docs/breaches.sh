#!/usr/bin/env bash
# breaches.sh SOURCE PROGRAMS: the checks of the pages see a page that is wrong, and say where.
set -euo pipefail
source=$1 programs=$2
here=$(dirname "${BASH_SOURCE[0]}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
page=$folder/page.md

sees() {  # MESSAGE CHECK...: with the page on stdin, the check must fail and say so
  local message=$1 said
  shift
  cat >"$page"
  if said=$("$@" 2>&1) || ! grep -qF -- "$message" <<<"$said"; then
    printf 'expected "%s" of\n%s\nand was told: %s\n' "$message" "$(cat "$page")" "$said"
    return 1  # ends the script: the pipeline has failed
  fi
}
extract() { awk -v out="$folder" -f "$here/extract.awk" "$page"; }
links() { bash "$here/links.sh" "$page"; }
tables() { bash "$here/tables.sh" "$page"; }
commands() { bash "$here/commands.sh" "$source" "$programs" "$page"; }
block() { printf '```%s\n%s\n```\n' "$1" "$2"; }

block cpp 'int main() {}' | sees ':1: a program of a page is run: name it' extract
block 'cpp run=a' 'int main() {}' | sees 'a has no output' extract
{ block 'cpp run=a' ''; block 'sh run=b' ''; } | sees ':4: a has no output' extract
{ block 'sh run=a' ''; block text ''; block 'sh run=a' ''; } | sees ':7: a second block called a' extract
printf 'x\n```text\n' | sees ':2: this block never closes' extract
printf 'x\n[a](nowhere.md)\n' | sees 'page.md:2: nowhere.md leads nowhere' links
printf '# B a, c\n[a](page.md#b-a-c) [b](#nowhere)\n' | sees 'page.md:2: #nowhere leads nowhere' links
printf '# A\n[a](page.md#b)\n' | sees 'page.md:2: page.md#b leads nowhere' links
printf '| a | b |\n|---|---|\n| 1 | 2 | 3 |\n' | sees 'page.md:3: 3 cells, 2 in the head' tables
printf '| a |\n|---|\n\nb\n' | sees 'page.md:3: a table without a row' tables
printf '| a |\n|---|\n| 1 |\nb\n' | sees 'page.md:4: this line stands in a table' tables
block sh 'examples/nothing.sh' | sees 'page.md:2: examples/nothing.sh does not exist' commands
block sh 'inspect --genotype a --nothing' | sees 'page.md:2: inspect has no --nothing' commands
block sh 'build/release/examples/inspect --nothing' | sees 'inspect has no --nothing' commands
block sh $'inspect --genotype a \\\n  --nothing' | sees 'page.md:2: inspect has no --nothing' commands
block sh 'sudo nothing' | sees 'nothing is no known command' commands
block sh 'cmake --preset nothing' | sees 'no preset nothing' commands
echo '| `inspect` | counts | `--classes --nothing` |' | sees 'page.md:1: inspect has no --nothing' commands
