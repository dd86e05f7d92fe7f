// What search says about memory, before and after.
#include "tests/examples/small_runs.h"

using namespace nascent::test;
using nlohmann::json;

namespace {

const Arguments search_flags = {"--channels", "4",      "--layers", "3", "--limit", "200",
                                "--batch",    "50",     "--epochs", "1", "--data",  "synthetic:1x24x24",
                                "--json",     "--quiet"};

// AddressSanitizer keeps freed memory and its shadow resident: there only the pool's own count can be foretold.
#ifdef __SANITIZE_ADDRESS__
const std::vector<const char*> peaks = {"pool_peak_bytes"};
#else
const std::vector<const char*> peaks = {"peak_rss_bytes", "pool_peak_bytes"};
#endif

void check_same_peaks(const json& left, const json& right) {
  for (const char* key : peaks) {
    INFO(key);
    CHECK(left.at(key).get<double>() == Approx(right.at(key).get<double>()).epsilon(0.05));
  }
}

}  // namespace

TEST_CASE("a dry run foretells what the search then takes, and writes nothing") {
  const TemporaryFolder folder;
  const json foretold = parsed_output(run("search", search_flags + Arguments{"--dry-run", "--out", folder / "run"}));
  CHECK(folder.files() == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
  const Outcome outcome = run("search", search_flags + Arguments{"--out", folder / "run"});
  const json real = parsed_output(outcome);
  check_same_peaks(foretold, real);
  CHECK(real.at("steady_allocations") == 0);
  CHECK(foretold.at("parameters") == real.at("parameters"));
  CHECK(foretold.at("macs_per_step").get<std::int64_t>() == 2 * 50 * real.at("macs").get<std::int64_t>());
  CHECK(foretold.at("steps_per_epoch") == 2);
  CHECK(foretold.at("recomputed_cells") == 0);
  const json epoch = json::parse(contents(folder / "run/history.jsonl"));
  check_same_peaks(epoch, real);
  // The kernel's own count of the process, as its parent sees it.
  CHECK(1024. * outcome.peak_kilobytes == Approx(real.at("peak_rss_bytes").get<double>()).epsilon(0.05));
}

TEST_CASE("a dry run is within 5 % at batch 64, also where the last batch of an epoch is smaller", "[full]") {
  const Arguments common = {"--data", "synthetic:1x28x28", "--epochs", "1", "--json", "--quiet"};
  for (const Arguments& size : {Arguments{"--channels", "8", "--layers", "5", "--limit", "128"},
                                Arguments{"--channels", "4", "--layers", "3", "--limit", "1000"}}) {
    INFO(size.back() << " images");
    const json foretold = parsed_output(run("search", common + size + Arguments{"--dry-run"}));
    check_same_peaks(foretold, parsed_output(run("search", common + size)));
  }
}

TEST_CASE("a search that cannot fit is refused before it starts") {
  const TemporaryFolder folder;
  for (const char* limit : {"30M", "1K"}) {
    INFO(limit);
    const Outcome outcome = run("search", search_flags + Arguments{"--memory-limit", limit, "--out", folder / "run"});
    check_refused(outcome, 1, "search", "this search takes at least ");
    CHECK(folder.files() == 0);
  }
  check_refused(run("search", search_flags + Arguments{"--dry-run", "--memory-limit", "1M"}), 1, "search", "at least ");
}

TEST_CASE("a search short of memory recomputes cells and finds the same, bit by bit", "[full]") {
  const TemporaryFolder folder;
  const Arguments flags = search_flags + Arguments{"--out"};
  const json free = parsed_output(run("search", flags + Arguments{folder / "free"}));
  const json least = parsed_output(run("search", search_flags + Arguments{"--dry-run", "--memory-limit", "1G"}));
  // Between none and all of the cells.
  const auto limit = static_cast<std::int64_t>(0.85 * least.at("peak_rss_bytes").get<double>()) / 1024;
  const Arguments tight = {"--memory-limit", std::to_string(limit) + "K"};
  const json foretold = parsed_output(run("search", search_flags + tight + Arguments{"--dry-run"}));
  CHECK(foretold.at("recomputed_cells") > 0);
  const json short_of = parsed_output(run("search", flags + Arguments{folder / "tight"} + tight));
  CHECK(short_of.at("peak_rss_bytes") <= 1024 * limit);
  CHECK(short_of.at("genotype") == free.at("genotype"));
  CHECK(contents(folder / "tight/weights.safetensors") == contents(folder / "free/weights.safetensors"));
  CHECK(json::parse(contents(folder / "tight/config.json")).at("recomputed_cells") == foretold.at("recomputed_cells"));
}
