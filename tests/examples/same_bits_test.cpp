// The same seed gives the same files, bit for bit, run after run and for any number of threads.
#include <set>

#include "tests/examples/small_runs.h"

using namespace nascent::test;

namespace {

struct Files {
  std::string genotype, weights;
  bool operator==(const Files&) const = default;
};

Files made_by(const std::string& name, const Arguments& flags) {
  const TemporaryFolder folder;
  const Outcome outcome = run(name, flags + Arguments{"--quiet", "--out", folder / "run"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  Files files{contents(folder / "run/genotype.txt"), contents(folder / "run/weights.safetensors")};
  REQUIRE(files.genotype.size() > 10);
  REQUIRE(files.weights.size() > 1000);
  return files;
}

void check_same_bits(const std::string& name, const Arguments& flags) {
  const Files one = made_by(name, flags + Arguments{"--threads", "1"});
  for (const char* threads : {"1", "2", "3"}) {
    INFO(name << " on " << threads << " threads");
    CHECK(made_by(name, flags + Arguments{"--threads", threads}) == one);
  }
  CHECK(made_by(name, flags + Arguments{"--threads", "2", "--seed", "1"}).weights != one.weights);
}

}  // namespace

TEST_CASE("a search gives the same bits on 1, 2 and 3 threads") { check_same_bits("search", small_run + drawn_images); }

TEST_CASE("a training gives the same bits on 1, 2 and 3 threads") {
  check_same_bits("train", small_run + drawn_images +
                               Arguments{"--genotype", genotype_text, "--drop-path", "0.3", "--cutout", "4", "--crop",
                                         "2", "--flip"});
}

TEST_CASE("a training that is told of free processors takes them and gives the same bits") {
  // Long enough for the signal to come before the end.
  const Arguments flags = Arguments{"--channels", "2", "--layers",  "2", "--limit",    "32",         "--epochs", "200",
                                    "--batch",    "8", "--threads", "1", "--genotype", genotype_text} +
                          drawn_images;
  const TemporaryFolder folder;
  const Outcome outcome =
      signalled("USR1", "train", flags + Arguments{"--out", folder / "run"}, folder / "run/config.json");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, Catch::Contains(" threads from here on\n"));
  CHECK(contents(folder / "run/weights.safetensors") == made_by("train", flags).weights);
}

TEST_CASE("a search of the second order gives the same bits on 1, 2 and 3 threads", "[full]") {
  for (const char* order : {"second", "exact"})
    check_same_bits("search", small_run + drawn_images + Arguments{"--order", order});
}

TEST_CASE("all three orders search, and search differently") {
  std::set<std::string> weights;
  for (const char* order : {"first", "second", "exact"})
    weights.insert(made_by("search", {"--order", order, "--channels", "2", "--layers", "1", "--limit", "16", "--epochs",
                                      "1", "--batch", "8", "--data", "synthetic:1x8x8"})
                       .weights);
  CHECK(weights.size() == 3);
}
