// Ctrl-C: exit code 130, and what was found so far is in the run folder.
#include "engine/io/safetensors.h"
#include "tests/examples/small_runs.h"

using namespace nascent;
using namespace nascent::test;

namespace {

void check_whole(const Outcome& outcome, const std::string& name, const std::filesystem::path& run_folder) {
  INFO(outcome.err);
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.err == name + ": stopped by SIGINT\n");
  const auto result = nlohmann::json::parse(outcome.out);
  CHECK(contents(run_folder / "genotype.txt") == result.at("genotype").get<std::string>() + "\n");
  const std::string history = contents(run_folder / "history.jsonl");
  CHECK(lines(history) == result.at("epochs"));
  std::istringstream text(history);
  for (std::string line; std::getline(text, line);) CHECK(nlohmann::json::parse(line).is_object());
  CHECK(nlohmann::json::parse(contents(run_folder / "config.json")).at("epochs") == 100000);
  CHECK(SafetensorsFile::read(run_folder / "weights.safetensors").names().size() > 10);
  CHECK_THAT(contents(run_folder / "report.html"), Catch::Contains("</html>"));
  CHECK(run("report", {run_folder}).exit_code == 0);
  for (const auto& entry : std::filesystem::directory_iterator(run_folder))
    CHECK(entry.path().string().find(".tmp") == std::string::npos);
}

const Arguments endless = {"--channels", "2",        "--layers", "2",      "--limit",           "32",      "--batch",
                           "8",          "--epochs", "100000",   "--data", "synthetic:1x12x12", "--quiet", "--json"};

}  // namespace

TEST_CASE("an interrupted search keeps what it found") {
  const TemporaryFolder folder;
  const auto found = folder / "found";
  check_whole(signalled("INT", "search", endless + Arguments{"--out", found}, found / "history.jsonl"), "search",
              found);
}

TEST_CASE("a search interrupted before its first epoch ends is whole, too") {
  const TemporaryFolder folder;
  const auto found = folder / "found";
  check_whole(
      signalled("INT", "search", endless + Arguments{"--order", "exact", "--out", found}, found / "config.json"),
      "search", found);
}

TEST_CASE("an interrupted training keeps its weights") {
  const TemporaryFolder folder;
  const auto network = folder / "network";
  check_whole(signalled("INT", "train", endless + Arguments{"--genotype", genotype_text, "--out", network},
                        network / "history.jsonl"),
              "train", network);
}
