// The Python beside the benchmarks. Whether PyTorch is there is not asked: what it would print is no matter of ours.
#include "tests/bench/programs.h"

using namespace nascent::test;

TEST_CASE("the peers' scripts are valid Python") {
  if (!python_is_here()) return skip("no python3");
  for (const char* name : {"search_step_pytorch.py"}) {
    const Outcome outcome =
        run_command({"python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", script(name)});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
  }
}
