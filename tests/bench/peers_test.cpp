// What stands beside our own benchmarks. Of the Python only the syntax is checked where PyTorch may be missing.
#include <filesystem>

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

TEST_CASE("bench_peers holds every kernel of a stage against oneDNN's and names the implementation", "[full]") {
  if (!std::filesystem::exists(program("bench_peers"))) return skip("bench_peers is not built: no oneDNN");
  const Outcome outcome = run("bench_peers", {"--filter", "64x7x7x64", "--samples", "1", "--milliseconds", "0.01",
                                              "--threads", "1", "--quiet", "--json"});
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  const auto result = nlohmann::json::parse(outcome.out);
  CHECK(result.at("rows").size() == 42);  // 2 convolutions and 8 depthwise with 3 faces, 4 pools, norm and relu with 2
  for (const auto& row : result.at("rows")) {
    INFO(row);
    CHECK_FALSE(row.at("onednn_implementation").get<std::string>().empty());
    for (const char* field : {"seconds", "onednn_seconds", "ratio", "share_of_roofline", "gflops", "gbytes_per_s"})
      CHECK(row.at(field).get<double>() > 0);
  }
  std::size_t grouped = 0;
  for (const auto& group : result.at("groups"))
    if (group.at("kind") != "all") grouped += group.at("rows").get<std::size_t>();
  CHECK(grouped == 42);
}

TEST_CASE("bench_peers refuses a filter that leaves nothing") {
  if (!std::filesystem::exists(program("bench_peers"))) return skip("bench_peers is not built: no oneDNN");
  const Outcome outcome = run("bench_peers", {"--filter", "conv 9x9"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, Catch::Contains("no kernel's line holds 'conv 9x9'"));
}
