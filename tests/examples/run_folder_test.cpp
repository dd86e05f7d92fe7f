// What search and train leave behind, and that other programs can read it.
#include "engine/io/safetensors.h"
#include "tests/examples/small_runs.h"

using namespace nascent;
using namespace nascent::test;
using nlohmann::json;

namespace {

std::vector<json> history(const std::filesystem::path& run) {
  std::vector<json> epochs;
  std::istringstream text(contents(run / "history.jsonl"));
  for (std::string line; std::getline(text, line);) epochs.push_back(json::parse(line));
  return epochs;
}

void check_page(const std::filesystem::path& run) {
  const std::string page = contents(run / "report.html");
  CHECK_THAT(page, Catch::StartsWith("<!doctype html>", Catch::CaseSensitive::No) && Catch::Contains("</html>"));
  for (const char* elsewhere : {" src=\"http", "@import", "<link "}) CHECK(page.find(elsewhere) == std::string::npos);
}

json counts_of(const std::filesystem::path& genotype) {
  return parsed_output(run("inspect", {"--genotype", genotype, "--channels", "2", "--layers", "2", "--json"}));
}

}  // namespace

TEST_CASE("a search leaves a run folder that train, inspect and report read") {
  const TemporaryFolder folder;
  const auto found = folder / "found", network = folder / "network", page = folder / "page.html";
  const auto result =
      parsed_output(run("search", Arguments{"--channels", "2", "--layers", "2", "--limit", "32", "--batch", "8",
                                            "--epochs", "2", "--seed", "7", "--quiet", "--json", "--out", found} +
                                      drawn_images));
  CHECK(result.at("epochs") == 2);
  CHECK(contents(found / "genotype.txt") == result.at("genotype").get<std::string>() + "\n");

  const json config = json::parse(contents(found / "config.json"));
  CHECK(config.at("program") == "search");
  CHECK(config.at("seed") == 7);
  CHECK(config.at("data") == "synthetic:1x12x12");
  CHECK(config.at("channels") == 2);
  CHECK(config.at("order") == "first");
  CHECK_THAT(config.at("command").get<std::string>(), Catch::Contains("--seed 7"));

  const std::vector<json> epochs = history(found);
  REQUIRE(epochs.size() == 2);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    CHECK(epochs[i].at("epoch") == i);
    for (const char* key : {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "mean_entropy",
                            "learning_rate", "images_per_second"})
      CHECK(epochs[i].at(key).is_number());
    CHECK(epochs[i].at("alphas").at("normal").size() == 14);
    CHECK(epochs[i].at("alphas").at("reduce").size() == 14);
  }
  CHECK(epochs[1].at("mean_entropy") == result.at("mean_entropy"));
  CHECK(counts_of(found / "genotype.txt") == counts_of(found / "genotype.json"));
  const SafetensorsFile weights = SafetensorsFile::read(found / "weights.safetensors");
  CHECK(weights.shape("alpha.0") == Shape{14, 8});
  CHECK(weights.shape("stem.0.weight")[0] == 6);
  check_page(found);

  const auto trained = parsed_output(
      run("train", small_run + drawn_images +
                       Arguments{"--genotype", found / "genotype.txt", "--quiet", "--json", "--out", network}));
  CHECK(trained.at("genotype") == result.at("genotype"));
  CHECK(trained.at("parameters").get<int>() < result.at("parameters").get<int>());
  CHECK(contents(network / "genotype.txt") == contents(found / "genotype.txt"));
  CHECK(contents(network / "genotype.json") == contents(found / "genotype.json"));
  CHECK(history(network).size() == 1);
  CHECK(json::parse(contents(network / "config.json")).at("program") == "train");
  check_page(network);

  const auto report = parsed_output(run("report", {found, network, "--out", page, "--json", "--quiet"}));
  CHECK(report.at("results").size() == 2);
  CHECK(report.at("results")[0].at("test_accuracy") == trained.at("test_accuracy"));
  CHECK(report.at("results")[1].at("name") == "supernet");
  CHECK_THAT(contents(page), Catch::Contains("</html>"));
}

TEST_CASE("a second run in the same folder replaces the first") {
  const TemporaryFolder folder;
  const auto found = folder / "found";
  const auto search = [&](const std::string& epochs) {
    return run("search", {"--channels", "2", "--layers", "1", "--limit", "16", "--batch", "8", "--epochs", epochs,
                          "--data", "synthetic:1x12x12", "--quiet", "--out", found});
  };
  REQUIRE(search("3").exit_code == 0);
  CHECK(history(found).size() == 3);
  REQUIRE(search("1").exit_code == 0);
  CHECK(history(found).size() == 1);
  for (const auto& entry : std::filesystem::directory_iterator(found))
    CHECK(entry.path().string().find(".tmp") == std::string::npos);
}

TEST_CASE("the lecture space is searched, too") {
  const TemporaryFolder folder;
  const auto found = folder / "found";
  const auto result = parsed_output(
      run("search", small_run + drawn_images + Arguments{"--space", "lecture", "--quiet", "--json", "--out", found}));
  CHECK_THAT(result.at("genotype").get<std::string>(), Catch::StartsWith("ChainArchitecture(cells=[["));
  CHECK(contents(found / "genotype.txt") == result.at("genotype").get<std::string>() + "\n");
  CHECK(json::parse(contents(found / "genotype.json")).at("space") == "lecture");
  CHECK(history(found).size() == 1);
  check_page(found);
  check_refused(run("inspect", {"--genotype", found / "genotype.txt"}), 3, "inspect",
                (found / "genotype.txt").string() + ": an architecture of the lecture space");
}
