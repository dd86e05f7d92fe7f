// What all programs have in common.
#include <map>

#include "tests/examples/small_runs.h"

using namespace nascent::test;

namespace {

const std::map<std::string, Arguments> flags_of = {
    {"search",
     {"--space darts|lecture", "--preset tiny|small|darts", "--order first|second|exact",
      "--data DIR|fashion-mnist|synthetic", "--channels N", "--layers N", "--batch N", "--epochs N", "--limit N",
      "--memory-limit SIZE", "--no-fuse", "--dry-run", "--out DIR"}},
    {"train",
     {"--genotype NAME|TEXT|FILE", "--data DIR|fashion-mnist|synthetic", "--channels N", "--layers N", "--batch N",
      "--epochs N", "--limit N", "--auxiliary", "--drop-path X", "--cutout N", "--out DIR"}},
    {"inspect",
     {"--genotype NAME|TEXT|FILE", "--supernet darts|lecture", "--channels N", "--layers N", "--image CxHxW",
      "--classes N"}},
    {"lecture7", {"--plots DIR"}},
    {"verify", {"DIR"}},
    {"report", {"DIR", "--out FILE"}},
};

}  // namespace

TEST_CASE("every program has help with all of its flags") {
  for (const auto& [name, flags] : flags_of) {
    INFO(name);
    const Outcome outcome = run(name, {"--help"});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    CHECK_THAT(outcome.out, Catch::Contains("Usage: " + name));
    for (const std::string& flag : flags + Arguments{"--help", "--seed N", "--threads N", "--quiet", "--json"})
      CHECK_THAT(outcome.out, Catch::Contains(flag));
  }
}

TEST_CASE("every program names an unknown flag and the nearest it has") {
  for (const auto& [name, flags] : flags_of) {
    check_refused(run(name, {"--jsn"}), 2, name, "unknown option '--jsn'; did you mean '--json'?");
    check_refused(run(name, {"--frobnicate=3"}), 2, name, "unknown option '--frobnicate'; see --help");
    const Arguments needed = name == "verify" || name == "report" ? Arguments{"."} : Arguments{};
    check_refused(run(name, {"--threads"}), 2, name, "option '--threads' needs a value");
    check_refused(run(name, needed + Arguments{"--threads", "0"}), 2, name,
                  "option '--threads' expects a whole number from 1");
    check_refused(run(name, needed + Arguments{"--seed", "1", "--seed", "1"}), 2, name,
                  "option '--seed' is given twice");
  }
}

TEST_CASE("results go to stdout, progress to stderr, and --quiet leaves only results") {
  const Arguments search = small_run + drawn_images, train = Arguments{"--genotype", genotype_text} + search;
  for (const auto& [name, flags] : std::map<std::string, Arguments>{{"search", search}, {"train", train}}) {
    INFO(name);
    const Outcome loud = run(name, flags);
    CHECK(loud.exit_code == 0);
    CHECK_THAT(loud.err, Catch::Contains("epoch  1/1  train loss"));
    CHECK(loud.out.find("epoch") == std::string::npos);
    const Outcome quiet = run(name, flags + Arguments{"--quiet"});
    CHECK(quiet.exit_code == 0);
    CHECK(quiet.err.empty());
    // The last word is how long it took.
    CHECK(quiet.out.substr(0, quiet.out.rfind(" for ")) == loud.out.substr(0, loud.out.rfind(" for ")));
  }
}

TEST_CASE("a preset says on stderr what it means") {
  for (const char* preset : {"tiny", "small", "darts"}) {
    const Outcome outcome = run("search", small_run + drawn_images + Arguments{"--preset", preset});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.err, Catch::StartsWith("preset " + std::string(preset) + ": ") &&
                                Catch::Contains("space darts, 2 channels, 2 layers, first order") &&
                                Catch::Contains("1 epoch, batch 8, 32 training images") &&
                                Catch::Contains("weights: SGD 0.025 to 0.001") && Catch::Contains("alphas: Adam ") &&
                                Catch::Contains("augmentation: "));
  }
}
