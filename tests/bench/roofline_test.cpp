#include <cmath>
#include <numbers>
#include <regex>
#include <set>

#include "bench/roofline/labels.h"
#include "bench/roofline/picture.h"
#include "tests/bench/programs.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent::bench;
using namespace nascent::test;

TEST_CASE("a label lies in the frame, near its point, on nothing else") {
  const Box frame{0, 0, 200, 200};
  LabelPlaces places(frame);
  std::vector<Box> labels;
  for (int i = 0; i < 12; ++i) labels.push_back(places.place(100, 95, 105, 60, 16));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i].inside(frame));
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(labels[i].meets(labels[j]));
  }
  CHECK(labels[0].bottom <= 95);
}

TEST_CASE("the picture has a roof a level, a mark a kernel and a label a kind") {
  const Machine machine{.processor = "a processor",
                        .isa = "avx2",
                        .threads = 1,
                        .flops = 100e9,
                        .levels = {{"L2", 1 << 20, 80e9, 80e9}, {"DRAM", 1 << 30, 20e9, 20e9}}};
  std::vector<Measured> points;
  for (const KernelCase& kernel : cases_with("search 32x32, depthwise 3x3, ")) points.push_back({kernel, 1e-4});
  points.resize(3);  // the three faces of the first stage
  const std::string svg = roofline_svg(machine, points, "a title");
  const auto count = [&](const std::string& part) {
    int found = 0;
    for (auto at = svg.find(part); at != std::string::npos; at = svg.find(part, at + 1)) ++found;
    return found;
  };
  CHECK(count("<title>a title</title>") == 1);
  CHECK(count(">L2 80 GB/s<") == 1);
  CHECK(count(">DRAM 20 GB/s<") == 1);
  CHECK(count(">peak 100 GFLOP/s<") == 1);
  CHECK(count("class='kind'") == 1);
  CHECK(count("<circle") == 2);  // and one in the legend
  CHECK(count("<polygon") == 3);
  CHECK(count("nan") == 0);
}

TEST_CASE("a roof's name moves aside for a mark") {
  const Machine machine{.processor = "a processor",
                        .isa = "avx2",
                        .threads = 1,
                        .flops = 100e9,
                        .levels = {{"DRAM", 1 << 30, 20e9, 20e9}}};
  const KernelCase relu = cases_with("search 32x32, relu, forward").front();
  const std::regex name(R"(translate\((\S+) (\S+)\) rotate\((\S+)\)' class='roof'>DRAM 20 GB/s)");
  const std::regex mark("<circle cx='(\\S+)' cy='(\\S+)'");
  const auto match = [](const std::string& svg, const std::regex& what) {
    std::smatch found;
    REQUIRE(std::regex_search(svg, found, what));
    std::vector<double> numbers;
    for (std::size_t i = 1; i < found.size(); ++i) numbers.push_back(std::stod(found[i]));
    return numbers;
  };
  std::set<double> places;
  for (double gflops = 1; gflops < 16; gflops *= 1.05) {
    const std::string svg = roofline_svg(machine, {{relu, relu.flop / (gflops * 1e9)}}, "a title");
    const std::vector<double> words = match(svg, name), at = match(svg, mark);
    const double direction = -words[2] * std::numbers::pi / 180;
    double nearest = 1e9;
    for (double t = 0; t < 84; t += 2)
      nearest = std::min(nearest, std::hypot(words[0] + t * std::cos(direction) - at[0],
                                             words[1] - t * std::sin(direction) - 4 - at[1]));
    CHECK(nearest > 9);
    places.insert(words[0]);
  }
  CHECK(places.size() > 1);
}

TEST_CASE("roofline writes a picture and a table", "[full]") {
  const TemporaryFolder out;
  const Outcome outcome =
      run("roofline", {"--out", out / "new/roof", "--filter", "search 28x28, relu, forward, 64x7x7x64", "--samples",
                       "1", "--threads", "2", "--quiet", "--json"});
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  const auto result = nlohmann::json::parse(outcome.out);
  REQUIRE(result.at("machines").size() == 2);
  CHECK(result.at("machines")[0].at("threads") == 1);
  CHECK(result.at("machines")[1].at("threads") == 2);
  for (const auto& level : result.at("machines")[0].at("levels")) CHECK(level.at("copy_gbytes_per_s") > 0);
  REQUIRE(result.at("kernels").size() == 1);
  CHECK(result.at("kernels")[0].at("share_of_roofline") > 0);
  CHECK_THAT(contents(out / "new/roof/roofline.svg"), Catch::StartsWith("<svg") && Catch::EndsWith("</svg>\n"));
  CHECK_THAT(contents(out / "new/roof/roofline.md"), Catch::Contains("| relu, forward, 64x7x7x64 |"));
}

TEST_CASE("roofline refuses what it cannot do before it measures") {
  const Outcome no_folder = run("roofline", {});
  CHECK(no_folder.exit_code == 2);
  CHECK_THAT(no_folder.err, Catch::Contains("give a folder: --out DIR"));
  const TemporaryFolder out;
  const Outcome nothing = run("roofline", {"--out", out / "roof", "--filter", "conv 9x9"});
  CHECK(nothing.exit_code == 2);
  CHECK_THAT(nothing.err, Catch::Contains("no kernel's line holds 'conv 9x9'"));
  CHECK(out.files() == 0);
  const Outcome file = run("roofline", {"--out", out.write("file", "") / "roof"});
  CHECK(file.exit_code == 4);
}
