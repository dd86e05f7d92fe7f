// The Python beside the benchmarks. Whether PyTorch is there is not asked: what it would print is no matter of ours.
#include "tests/bench/programs.h"

using namespace nascent::test;

TEST_CASE("the peers' scripts are valid Python") {
  if (!python_is_here()) return skip("no python3");
  for (const char* name : {"search_step_pytorch.py", "compare.py"}) {
    const Outcome outcome =
        run_command({"python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", script(name)});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
  }
}

TEST_CASE("compare.py refuses what it cannot run") {
  if (!python_is_here()) return skip("no python3");
  const auto refused = [](Arguments flags, const std::string& reason) {
    flags.insert(flags.begin(), {"python3", script("compare.py"), "--binary", program("search_step")});
    const Outcome outcome = run_command(flags);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Catch::Contains(reason));
  };
  refused({"--modes", "eager,lazy"}, "unknown mode 'lazy'");
  refused({"--rounds", "0"}, "--rounds and --steps start at 1");
  refused({"--binary", "/nowhere/search_step"}, "no search_step; build it");
}
