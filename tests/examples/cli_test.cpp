#include <catch2/catch.hpp>

#include "tests/examples/run_command.h"

using namespace nascent::test;

namespace {

Outcome sample(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), NASCENT_SAMPLE_PROGRAM);
  return run_command(arguments, environment);
}

struct Refused {
  std::vector<std::string> arguments;
  std::string message;
};

}  // namespace

TEST_CASE("defaults, results on stdout and messages on stderr") {
  const Outcome outcome = sample({}, {"OMP_NUM_THREADS=5"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "epochs 50 batch preset rate 0.025 space darts data  out runs/sample seed 0 threads 5 json 0\n");
  CHECK(outcome.err == "one line an epoch\n");
}

TEST_CASE("every kind of flag reaches the program") {
  const Outcome outcome =
      sample({"--epochs", "3", "--batch=64", "--rate", "1e-3", "--space", "lecture", "--data", "Genotype(a=[('x', 1)])",
              "--out=[a,b]", "--seed", "18446744073709551615", "--threads", "2", "--quiet", "--json"});
  CHECK(outcome.err ==
        "sample: option '--seed' expects a whole number from 0 to 9,223,372,036,854,775,807, got "
        "'18446744073709551615'\n");
  const Outcome good =
      sample({"--epochs", "3", "--batch=64", "--rate", "1e-3", "--space", "lecture", "--data", "Genotype(a=[('x', 1)])",
              "--out=[a,b]", "--seed", "9223372036854775807", "--threads", "2", "--quiet", "--json"});
  CHECK(good.exit_code == 0);
  CHECK(good.out ==
        "epochs 3 batch 64 rate 0.001 space lecture data Genotype(a=[('x', 1)]) out [a,b] seed 9223372036854775807 "
        "threads 2 json 1\n");
  CHECK(good.err == "");
}

TEST_CASE("a wrong command line is one plain line and exit code 2") {
  const std::string whole = "a whole number from 1 to 10,000";
  const std::vector<Refused> cases = {
      {{"--epoch", "3"}, "unknown option '--epoch'; did you mean '--epochs'?"},
      {{"--epoch=3"}, "unknown option '--epoch'; did you mean '--epochs'?"},
      {{"--sed", "3"}, "unknown option '--sed'; did you mean '--seed'?"},
      {{"--frobnicate"}, "unknown option '--frobnicate'; see --help"},
      {{"-x"}, "unknown option '-x'; see --help"},
      {{"cat.png"}, "unexpected argument 'cat.png'"},
      {{""}, "unexpected argument ''"},
      {{"--", "cat.png"}, "unexpected argument 'cat.png'"},
      {{"--epochs"}, "option '--epochs' needs a value: " + whole},
      {{"--epochs", "--quiet"}, "option '--epochs' expects " + whole + ", got '--quiet'"},
      {{"--epochs", "three"}, "option '--epochs' expects " + whole + ", got 'three'"},
      {{"--epochs", "3x"}, "option '--epochs' expects " + whole + ", got '3x'"},
      {{"--epochs", "3.5"}, "option '--epochs' expects " + whole + ", got '3.5'"},
      {{"--epochs", "1e3"}, "option '--epochs' expects " + whole + ", got '1e3'"},
      {{"--epochs", ""}, "option '--epochs' expects " + whole + ", got ''"},
      {{"--epochs="}, "option '--epochs' needs a value: " + whole},
      {{"--epochs", "-3"}, "option '--epochs' expects " + whole + ", got '-3'"},
      {{"--epochs", "0"}, "option '--epochs' expects " + whole + ", got '0'"},
      {{"--epochs", "10001"}, "option '--epochs' expects " + whole + ", got '10001'"},
      {{"--epochs", "99999999999999999999"}, "option '--epochs' expects " + whole + ", got '99999999999999999999'"},
      {{"--epochs", "3", "--epochs", "4"}, "option '--epochs' is given twice"},
      {{"--rate", "nan"}, "option '--rate' expects a number from 0 to 10, got 'nan'"},
      {{"--rate", "inf"}, "option '--rate' expects a number from 0 to 10, got 'inf'"},
      {{"--rate", "-0.1"}, "option '--rate' expects a number from 0 to 10, got '-0.1'"},
      {{"--seed", "-1"}, "option '--seed' expects a whole number from 0 to 9,223,372,036,854,775,807, got '-1'"},
      {{"--threads", "0"}, "option '--threads' expects a whole number from 1 to 1,024, got '0'"},
      {{"--space", "dart"}, "option '--space' expects darts or lecture, got 'dart'; did you mean 'darts'?"},
      {{"--space", "mnasnet"}, "option '--space' expects darts or lecture, got 'mnasnet'"},
      {{"--out", "--quiet"}, "option '--out' expects DIR, got '--quiet'"},
      {{"--out", ""}, "option '--out' expects DIR, got ''"},
      {{"--out"}, "option '--out' needs a value: DIR"},
      {{"--quiet=3"}, "option '--quiet' takes no value"},
      {{"--space", "a\nb\x1b[31m"}, "option '--space' expects darts or lecture, got 'a?b?[31m'"},
      {{"--space", std::string(1000, 'y')},
       "option '--space' expects darts or lecture, got '" + std::string(60, 'y') + "...'"},
  };
  for (const Refused& refused : cases) {
    const Outcome outcome = sample(refused.arguments);
    CHECK(outcome.err == "sample: " + refused.message + "\n");
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out == "");
  }
}

TEST_CASE("help goes to stdout and names every flag") {
  for (const char* flag : {"--help", "-h"}) {
    const Outcome outcome = sample({"--epochs", "3", flag});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err == "");
    for (const char* text :
         {"Shows what every program has in common.", "--epochs N", "[50]", "--batch N", "--space darts|lecture",
          "--seed N", "--threads N", "--quiet", "--json", "--help", "# three epochs\n  sample --epochs 3\n"}) {
      CHECK_THAT(outcome.out, Catch::Contains(text));
    }
  }
}

TEST_CASE("a failure is one line on stderr and has its exit code") {
  struct Case {
    std::string how, message;
    int exit_code;
  };
  const std::vector<Case> cases = {
      {"usage", "that cannot be", 2},
      {"data", "a.gz: file is empty. Get it again.", 3},
      {"file", "b.txt: No such file or directory.", 4},
      {"filesystem", "/proc/nowhere: No such file or directory", 4},
      {"nan", "the loss is not a number", 5},
      {"exception", "something broke", 1},
      {"memory", "out of memory. A smaller batch, fewer channels or fewer layers need less.", 1},
      {"interrupt", "stopped by SIGINT", 130},
      {"terminate", "stopped by SIGTERM", 143},
  };
  for (const Case& c : cases) {
    const Outcome outcome = sample({"--quiet", "--fail", c.how});
    CHECK(outcome.err == "sample: " + c.message + "\n");
    CHECK(outcome.exit_code == c.exit_code);
  }
}

TEST_CASE("a second interrupt does not wait for the program") {
  const Outcome outcome = sample({"--quiet", "--fail", "impatient"});
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.err == "");
  CHECK(outcome.out == "");
}

TEST_CASE("a reader that leaves early is no failure, a full disk is") {
  const std::string sample_program = NASCENT_SAMPLE_PROGRAM;
  const Outcome closed_pipe = run_shell("{ sleep 0.3; \"$0\" --quiet; echo $? >&2; } | true", {sample_program});
  CHECK(closed_pipe.err == "0\n");
  const Outcome full = run_shell("\"$0\" --quiet > /dev/full", {sample_program});
  CHECK(full.exit_code == 4);
  CHECK(full.err == "sample: cannot write the results to standard output: is the disk full?\n");
  const Outcome closed = run_shell("\"$0\" --quiet >&-", {sample_program});
  CHECK(closed.exit_code == 4);
}

TEST_CASE("a bar only on a terminal that can redraw it") {
  const auto on_terminal = [](const std::string& settings, const std::string& flags = "") {
    return run_shell("script -qec \"" + settings + " '$0' " + flags + "\" /dev/null", {NASCENT_SAMPLE_PROGRAM}).out;
  };
  CHECK_THAT(on_terminal("env TERM=xterm NO_COLOR="), Catch::Contains("\r") && Catch::Contains("\x1b[32m====="));
  CHECK_THAT(on_terminal("env TERM=xterm NO_COLOR=1"), Catch::Contains("[=====") && !Catch::Contains("\x1b[32m"));
  CHECK_THAT(on_terminal("env TERM=dumb"), !Catch::Contains("====") && Catch::Contains("one line an epoch"));
  CHECK_THAT(on_terminal("env TERM=xterm", "--quiet"), !Catch::Contains("====") && !Catch::Contains("one line"));
}
