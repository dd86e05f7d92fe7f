#include "nas/report/cell_svg.h"

#include <catch2/catch.hpp>
#include <regex>

#include "nas/derive/random_architecture.h"

using namespace nascent::nas;

namespace {

struct Box {
  int x, y, width, height;
  bool meets(const Box& other) const {
    return x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height;
  }
};

std::vector<Box> boxes(const std::string& svg, const std::string& kind) {
  const std::regex pattern("<rect class=\"" + kind + "\" x=\"(\\d+)\" y=\"(\\d+)\" width=\"(\\d+)\" height=\"(\\d+)\"");
  std::vector<Box> found;
  for (std::sregex_iterator m(svg.begin(), svg.end(), pattern), end; m != end; ++m)
    found.push_back({std::stoi((*m)[1]), std::stoi((*m)[2]), std::stoi((*m)[3]), std::stoi((*m)[4])});
  return found;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// All boxes inside the picture, no two labels on one another or on a state.
void check_layout(const std::string& svg) {
  std::smatch size;
  REQUIRE(std::regex_search(svg, size, std::regex("viewBox=\"0 0 (\\d+) (\\d+)\"")));
  std::vector<Box> all = boxes(svg, "operation");
  for (const Box& state : boxes(svg, "state [a-z]+")) all.push_back(state);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].x >= 0);
    CHECK(all[i].y >= 0);
    CHECK(all[i].x + all[i].width <= std::stoi(size[1]));
    CHECK(all[i].y + all[i].height <= std::stoi(size[2]));
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(all[i].meets(all[j]));
  }
}

}  // namespace

TEST_CASE("a cell shows its states, an arrow and a label for every gene, and its concatenation") {
  const Genotype genotype = published_genotype("DARTS_V2").value();
  const std::string svg = cell_svg(genotype.normal, genotype.normal_concat, "a <cell>");
  CHECK(count(svg, "class=\"state input\"") == 2);
  CHECK(count(svg, "class=\"state node\"") == 4);
  CHECK(count(svg, "class=\"state output\"") == 1);
  CHECK(count(svg, "class=\"arrow\"") == 8);
  CHECK(count(svg, "class=\"wire\"") == 8);
  CHECK(count(svg, "class=\"operation\"") == 8);
  CHECK(count(svg, "class=\"concat\"") == 4);
  CHECK(count(svg, ">sep_conv_3x3</text>") == 5);
  CHECK(count(svg, ">dil_conv_3x3</text>") == 1);
  CHECK_THAT(svg, Catch::StartsWith("<svg ") && Catch::EndsWith("</svg>\n") && Catch::Contains("a &lt;cell&gt;"));
  CHECK_THAT(svg, Catch::Contains("c_{k-2} to 3: skip_connect"));
  check_layout(svg);
}

TEST_CASE("labels never collide, whatever the cell") {
  for (std::uint64_t seed = 0; seed < 60; ++seed)
    check_layout(cell_svg(random_genotype(seed).normal, {2, 3, 4, 5}, "random"));
  std::vector<Gene> same_source, parallel;
  for (int node = 0; node < 8; ++node)
    for (int k = 0; k < 2; ++k) {
      same_source.push_back({"sep_conv_5x5", 0});
      parallel.push_back({"max_pool_3x3", node + 1});
    }
  check_layout(cell_svg(same_source, {2, 9}, "everything reads one state"));
  check_layout(cell_svg(parallel, {9}, "two genes between the same states"));
  check_layout(cell_svg({{"skip_connect", 0}, {"skip_connect", 1}}, {2}, "one node"));
}

TEST_CASE("two wires never run in the same lane of the same gap") {
  // A horizontal run is "H x" after a corner at (x, y); runs at the same height must not overlap.
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::string svg = cell_svg(random_genotype(seed).reduce, {2, 3, 4, 5}, "random");
    const std::regex pattern("class=\"wire\" d=\"M\\d+,\\d+ V\\d+ Q\\d+,(\\d+) (\\d+),\\d+ H(\\d+)");
    std::vector<Box> runs;
    for (std::sregex_iterator m(svg.begin(), svg.end(), pattern), end; m != end; ++m)
      runs.push_back({std::stoi((*m)[2]), std::stoi((*m)[1]), std::stoi((*m)[3]) - std::stoi((*m)[2]), 1});
    CHECK(runs.size() >= 4);  // an axis holds four wires at most
    for (std::size_t i = 0; i < runs.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(runs[i].meets(runs[j]));
  }
}

TEST_CASE("a chain shows its edges and the way around each") {
  const std::string svg = chain_svg({{"conv3x3", 0.3}, {"skip", 0.25}, {"max_pool", 0.4}}, "cell 0");
  CHECK(count(svg, "class=\"operation\"") == 3);
  CHECK(count(svg, "class=\"arrow\"") == 6);
  CHECK(count(svg, "class=\"state") == 4);
  check_layout(svg);
}
