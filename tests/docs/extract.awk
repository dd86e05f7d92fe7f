# Takes out of a page what it claims: a block that opens with "```cpp run=NAME" becomes OUT/NAME.cpp, one with
# "```sh run=NAME" OUT/NAME.sh, and the "```text" block that follows next OUT/NAME.expected. Prints the names. A cpp
# block without a name, a claim without its output and a block that never closes end it with the page's line.
function fail(line, what) {
  print FILENAME ":" line ": " what > "/dev/stderr"
  failed = 1
  exit 1
}
function expect_answered(line) {
  if (awaited != "") fail(line, awaited " has no output: a ```text block must follow it")
}
/^```/ && !inside {
  inside = 1
  opened = FNR
  file = ""
  if ($2 ~ /^run=/ || $1 == "```cpp") {
    if ($2 !~ /^run=[a-z][a-z_0-9]*$/) fail(FNR, "a program of a page is run: name it, as ```cpp run=example")
    expect_answered(FNR)
    awaited = substr($2, 5)
    if (awaited in seen) fail(FNR, "a second block called " awaited)
    seen[awaited] = 1
    file = out "/" awaited ($1 == "```cpp" ? ".cpp" : ".sh")
    # Errors and traces name lines of the block, as if the reader had saved it under its name.
    if ($1 == "```cpp") print "#line 1 \"" awaited ".cpp\"" > file
  } else if ($1 == "```text" && awaited != "") {
    file = out "/" awaited ".expected"
    printf "" > file
    print awaited
    awaited = ""
  }
  next
}
/^```$/ && inside {
  inside = 0
  if (file != "") close(file)
  next
}
inside && file != "" { print > file }
END {
  if (failed) exit 1
  if (inside) fail(opened, "this block never closes")
  expect_answered(FNR)
}
