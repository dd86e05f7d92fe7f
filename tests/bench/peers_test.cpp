// What stands beside our own benchmarks. Of the Python only the syntax is checked where PyTorch may be missing.
#include <filesystem>

#include "tests/bench/programs.h"
#include "tests/engine/io/temporary_folder.h"

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
  // 2 convolutions and 8 depthwise with 3 faces, 4 pools, norm, relu and 4 blocks with 2; and 2 mixes, for which oneDNN
  // has nothing
  constexpr std::size_t beside = 50, alone = 4;
  CHECK(result.at("rows").size() == beside + alone);
  std::size_t without = 0;
  for (const auto& row : result.at("rows")) {
    INFO(row);
    for (const char* field : {"seconds", "share_of_roofline", "share_of_plain_pass", "gflops", "gbytes_per_s"})
      CHECK(row.at(field).get<double>() > 0);
    if (row.at("kind").get<std::string>().starts_with("mix")) {
      CHECK_FALSE(row.contains("ratio"));
      ++without;
      continue;
    }
    CHECK_FALSE(row.at("onednn_implementation").get<std::string>().empty());
    for (const char* field : {"onednn_seconds", "ratio"}) CHECK(row.at(field).get<double>() > 0);
  }
  CHECK(without == alone);
  std::size_t grouped = 0;
  for (const auto& group : result.at("groups"))
    if (group.at("kind") != "all") grouped += group.at("rows").get<std::size_t>();
  CHECK(grouped == beside);
}

TEST_CASE("bench_peers refuses a filter that leaves nothing") {
  if (!std::filesystem::exists(program("bench_peers"))) return skip("bench_peers is not built: no oneDNN");
  const Outcome outcome = run("bench_peers", {"--filter", "conv 9x9"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, Catch::Contains("no kernel's line holds 'conv 9x9'"));
}

TEST_CASE("compare.py runs both sides in turn and picks PyTorch's best mode") {
  if (!python_is_here()) return skip("no python3");
  // An interpreter that runs nothing and prints what the PyTorch script would: two seconds with channels last, else
  // four.
  const TemporaryFolder folder;
  const auto fake = folder.write("python", R"(#!/bin/sh
case "$*" in *--no-channels-last*) t=4 ;; *) t=2 ;; esac
echo "{\"median_s\": $t, \"min_s\": $t, \"seconds\": [$t], \"peak_rss_mib\": 1e6, \"images_per_s\": 1,
       \"parameters\": 7, \"torch\": \"none\"}"
)");
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  const Outcome outcome = run_command({"python3",  script("compare.py"),
                                       "--binary", program("search_step"),
                                       "--python", fake,
                                       "--rounds", "2",
                                       "--steps",  "1",
                                       "--modes",  "eager,eager-channels-last",
                                       "--json",   "--batch",
                                       "2",        "--channels",
                                       "2",        "--layers",
                                       "1",        "--image",
                                       "8x8x1"});
  CHECK(outcome.exit_code == 1);  // its 7 parameters are not ours
  const auto found = nlohmann::json::parse(outcome.out);
  CHECK(found.at("best_mode") == "eager-channels-last");
  CHECK(found.at("same_parameters") == false);
  const auto& results = found.at("results");
  CHECK(results.at("eager").size() == 1);
  CHECK(results.at("eager-channels-last").size() == 2);
  REQUIRE(results.at("nascent").size() == 2);
  std::vector<double> ours;
  for (const auto& result : results.at("nascent")) ours.push_back(result.at("median_s"));
  CHECK(found.at("ratio").get<double>() == Approx(2 / ((ours[0] + ours[1]) / 2)));
  CHECK(found.at("ratio_least") <= found.at("ratio"));
  CHECK(found.at("ratio_most") >= found.at("ratio"));
  CHECK(found.at("memory_ratio") > 1);
}
