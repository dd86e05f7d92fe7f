// A search cannot see a test image: not by its types, and not by any file its sources reach.
#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <type_traits>

#include "engine/data/load_test.h"
#include "nas/network/train.h"
#include "nas/search/search.h"

using namespace nascent;
namespace fs = std::filesystem;

static_assert(std::is_invocable_v<decltype(nas::search), const TrainingData&, const nas::SearchOptions&,
                                  const nas::SearchObserver&>);
static_assert(!std::is_invocable_v<decltype(nas::search), const TestData&, const nas::SearchOptions&,
                                   const nas::SearchObserver&>);
static_assert(
    !std::is_invocable_v<decltype(nas::search), const Dataset&, const nas::SearchOptions&, const nas::SearchObserver&>);
static_assert(std::is_invocable_v<decltype(nas::train), nas::Network&, const TrainingData&, const Normalization&,
                                  const nas::TrainOptions&, const nas::TrainObserver&>);
static_assert(!std::is_invocable_v<decltype(nas::train), nas::Network&, const TestData&, const Normalization&,
                                   const nas::TrainOptions&, const nas::TrainObserver&>);
static_assert(!std::is_convertible_v<TestData, TrainingData> && !std::is_constructible_v<TrainingData, TestData>);

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every source of the repository that these reach: through includes, and from a header to the .cpp beside it.
std::set<std::string> reached_from(std::deque<std::string> waiting) {
  const fs::path root = NASCENT_SOURCE_DIR;
  const std::regex include("#include \"([^\"]+)\"");
  std::set<std::string> reached;
  while (!waiting.empty()) {
    const std::string path = waiting.front();
    waiting.pop_front();
    if (!fs::exists(root / path) || !reached.insert(path).second) continue;
    if (path.ends_with(".h")) waiting.push_back(path.substr(0, path.size() - 2) + ".cpp");
    const std::string text = text_of(root / path);
    for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) waiting.push_back((*it)[1]);
  }
  return reached;
}

}  // namespace

TEST_CASE("no source a search reaches can open a test split") {
  std::deque<std::string> start;
  for (const char* folder : {"nas/search", "nas/supernet"})
    for (const auto& entry : fs::directory_iterator(fs::path(NASCENT_SOURCE_DIR) / folder))
      start.push_back(std::string(folder) + "/" + entry.path().filename().string());
  REQUIRE(start.size() >= 10);
  const std::set<std::string> reached = reached_from(start);
  CHECK(reached.contains("engine/data/load_training.cpp"));  // the walk does get that far
  for (const std::string& path : reached) {
    INFO(path);
    CHECK(path.find("engine/data/load_test") == std::string::npos);
    CHECK(text_of(fs::path(NASCENT_SOURCE_DIR) / path).find("load_test(") == std::string::npos);
  }
  for (const std::string& path : start)
    CHECK(text_of(fs::path(NASCENT_SOURCE_DIR) / path).find("TestData") == std::string::npos);
  CHECK(reached_from({"engine/data/load_test.h"}).contains("engine/data/load_test.cpp"));
}
