#include "nas/report/report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/io/image.h"
#include "engine/tensor/error.h"
#include "nas/derive/random_architecture.h"
#include "nas/report/html.h"
#include "nas/report/png_image.h"
#include "nas/report/sections.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

AlphaHistory uniform_alphas(const Space& space, int epochs) {
  AlphaHistory alphas{space.cells[0], edge_labels(space), space.operations, {}, {}};
  const AlphaMatrix matrix(space.edges.size(), std::vector<double>(space.operations.size(),
                                                                   1.0 / static_cast<double>(space.operations.size())));
  for (int epoch = 0; epoch < epochs; ++epoch) {
    alphas.epochs.push_back(epoch);
    alphas.weights.push_back(matrix);
  }
  return alphas;
}

ReportData whole_run(int epochs) {
  ReportData data;
  data.title = "A run";
  data.facts = {{"data", "synthetic"}};
  data.provenance = {{"command", "search --seed 1"}};
  data.results = {{"derived", 0.9187, 34626, 5072192, 61}, {"random", 0.9103, 41234, 6123456, 59}};
  History history{"Search", {}};
  for (int epoch = 0; epoch < epochs; ++epoch) {
    EpochRecord record;
    record.epoch = epoch;
    record.train_loss = 1.0 / (1 + epoch);
    record.entropy = 2;
    history.epochs.push_back(record);
  }
  data.histories.push_back(history);
  data.alphas.push_back(uniform_alphas(darts_space(), epochs));
  data.genotypes.push_back({"Derived", {random_genotype(1), {}, {}}});
  data.confusion = {{"cat", "dog"}, {{9, 1}, {3, 7}}};
  data.mistakes.push_back({std::vector<std::uint8_t>(27 * 29 * 2, 100), 27, 29, 2, "cat", "dog", 0.995});
  return data;
}

nlohmann::json island(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"report-data\">";
  const std::size_t start = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
}

bool has_section(const std::string& page, const std::string& id) {
  return page.find("<section id=\"" + id + "\"") != std::string::npos;
}

std::string message_of(const ReportData& data) {
  try {
    render_report(data);
  } catch (const ContractError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a whole run has every section, in order, on one page that asks for nothing") {
  const std::string page = render_report(whole_run(5));
  std::size_t before = 0;
  for (const char* id : {"verdict", "results", "curves", "alphas", "cells", "confusion", "mistakes", "run", "again"}) {
    const std::size_t at = page.find("<section id=\"" + std::string(id) + "\"");
    INFO(id);
    REQUIRE(at != std::string::npos);
    CHECK(at > before);
    before = at;
  }
  CHECK_THAT(page, Catch::Contains("default-src 'none'"));
  CHECK_THAT(page, Catch::Contains("0.84 points above <strong>random</strong>"));
  CHECK_THAT(page, Catch::Contains(to_text(random_genotype(1)).substr(0, 9)));
  CHECK_THAT(page, Catch::Contains("Permission is hereby granted"));  // the licence of the library inside
  CHECK_THAT(page, Catch::Contains("src=\"data:image/png;base64,"));
  const std::string ours =
      page.substr(0, page.find("<!-- dygraphs"));  // the library may speak of URLs; the policy forbids them
  for (const char* request : {"<link", "src=\"http", "@import", "url(", "fetch(", "{{"})
    CHECK(ours.find(request) == std::string::npos);
}

TEST_CASE("the data island holds the curves and the alphas") {
  const nlohmann::json data = island(render_report(whole_run(5)));
  CHECK(data["histories"][0]["epoch"] == nlohmann::json({0, 1, 2, 3, 4}));
  CHECK(data["histories"][0]["train_loss"][3] == 0.25);
  CHECK(data["histories"][0]["validation_loss"] == nlohmann::json({nullptr, nullptr, nullptr, nullptr, nullptr}));
  CHECK(data["alphas"][0]["weights"].size() == 5);
  CHECK(data["alphas"][0]["weights"][4].size() == 14);
  CHECK(data["alphas"][0]["weights"][4][13] == std::vector<double>(8, 0.125));
  CHECK(data["alphas"][0]["edges"][0] == "c_{k-2} → 0");
}

TEST_CASE("what is not a number becomes null, a gap and a warning") {
  ReportData data = whole_run(4);
  data.histories[0].epochs[2].train_loss = std::nan("");
  data.histories[0].epochs[3].train_loss = INFINITY;
  data.alphas[0].weights[3][0][0] = std::nan("");
  const std::string page = render_report(data);
  CHECK(island(page)["histories"][0]["train_loss"] == nlohmann::json({1.0, 0.5, nullptr, nullptr}));
  CHECK(island(page)["alphas"][0]["weights"][3][0][0] == nullptr);
  CHECK_THAT(page, Catch::Contains("the train loss of epoch 2 is not a number"));
  const std::size_t script = page.find("id=\"report-data\"");
  for (const char* word : {">nan<", ">inf<", ">-nan<"}) CHECK(page.substr(0, script).find(word) == std::string::npos);
}

TEST_CASE("text of a person cannot become markup or end the data") {
  const std::string evil = "</script><img src=x onerror=alert(1)> \"'& {{data}}";
  ReportData data = whole_run(2);
  data.title = data.confusion.classes[0] = data.mistakes[0].truth = data.results[0].name = evil;
  data.histories[0].title = data.alphas[0].cell = data.alphas[0].edges[0] = data.facts[0].second = evil;
  data.genotypes[0].title = data.provenance[0].first = evil;
  const std::string page = render_report(data);
  CHECK(page.find("<img src=x") == std::string::npos);
  CHECK(page.find("</script><img") == std::string::npos);
  CHECK_THAT(page, Catch::Contains("&lt;/script&gt;&lt;img src=x"));
  CHECK(island(page)["title"] == evil);
  data.title = "bad utf-8 \xff";
  CHECK(island(render_report(data))["title"] == "bad utf-8 \xEF\xBF\xBD");
}

TEST_CASE("what a run does not have is left out or said") {
  const std::string empty = render_report({});
  CHECK_THAT(empty, Catch::Contains("No network was tested in this run."));
  for (const char* id : {"results", "curves", "alphas", "cells", "confusion", "mistakes", "run", "again"})
    CHECK_FALSE(has_section(empty, id));
  const std::string none = render_report(whole_run(0));
  CHECK(has_section(none, "curves"));
  CHECK_FALSE(has_section(none, "alphas"));
  CHECK_THAT(none, Catch::Contains("No epoch was finished"));
  const std::string one = render_report(whole_run(1));
  CHECK(has_section(one, "alphas"));
  CHECK(one.find("id=\"play\"") == std::string::npos);
  CHECK_THAT(render_report(whole_run(2)), Catch::Contains("id=\"play\""));
  ReportData worse = whole_run(1);
  worse.results[0].test_accuracy = 0.9;
  CHECK_THAT(render_report(worse), Catch::Contains("1.03 points below <strong>random</strong>"));
}

TEST_CASE("a chain is shown in place of cells") {
  ReportData data;
  data.alphas.push_back(uniform_alphas(lecture_space(), 3));
  data.chain = derive_chain({2, AlphaMatrix(3, std::vector<double>(5, 0.0))});
  const std::string page = render_report(data);
  CHECK(has_section(page, "cells"));
  CHECK_THAT(page, Catch::Contains("ChainArchitecture(cells=") && Catch::Contains("edge 2"));
  CHECK(page.find("(<code>none</code> left out)") == std::string::npos);
}

TEST_CASE("parts that do not fit together are refused") {
  ReportData data = whole_run(2);
  data.confusion.counts[1].pop_back();
  CHECK_THAT(message_of(data), Catch::Contains("expected 2 columns of the confusion matrix, got 1"));
  data = whole_run(2);
  data.alphas[0].weights[1].pop_back();
  CHECK_THAT(message_of(data), Catch::Contains("expected 14 rows of alphas"));
  data = whole_run(2);
  data.mistakes[0].width = 28;
  CHECK_THAT(message_of(data), Catch::Contains("expected 27 x 28 x 2 pixels"));
}

TEST_CASE("a long run with large images stays below 1.5 MB") {
  ReportData data = whole_run(5000);
  data.alphas.push_back(uniform_alphas(darts_space(), 5000));
  std::vector<std::uint8_t> noise(224 * 224 * 3);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
  data.mistakes.assign(100, {noise, 224, 224, 3, "cat", "dog", 0.9});
  data.confusion.classes.assign(100, "class");
  data.confusion.counts.assign(100, std::vector<std::int64_t>(100, 1));
  const std::string page = render_report(data);
  CHECK(page.size() < 1'500'000);
  CHECK(island(page)["histories"][0]["epoch"].back() == 4999);
  CHECK(island(page)["alphas"][1]["epochs"].back() == 4999);
}

TEST_CASE("thinning keeps the ends and the order") {
  CHECK(thinned(0, 5).empty());
  CHECK(thinned(3, 5) == std::vector<std::size_t>{0, 1, 2});
  CHECK(thinned(1000, 3) == std::vector<std::size_t>{0, 499, 999});
  CHECK(thinned(9, 1) == std::vector<std::size_t>{8});
}

TEST_CASE("an image becomes a PNG that decodes to its pixels") {
  const std::vector<std::uint8_t> pixels{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 255};
  const int channels = GENERATE(1, 2, 3);
  const int width = 6 / channels;
  const std::string uri = png_data_uri(pixels, 3, width, channels);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string file;
  std::uint32_t word = 0;
  int bits = 0;
  for (char c : uri.substr(uri.find(',') + 1)) {
    if (c == '=') break;
    word = word << 6 | static_cast<std::uint32_t>(digits.find(c));
    if ((bits += 6) >= 8) file += static_cast<char>(word >> (bits -= 8) & 255);
  }
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  const Image image = decode_png(bytes, "page.png");
  CHECK(image.width == width);
  CHECK(image.height == 3);
  std::vector<std::uint8_t> expected;
  for (std::size_t i = 0; i < pixels.size(); i += static_cast<std::size_t>(channels))
    for (std::size_t c = 0; c < (channels == 3 ? 3u : 1u); ++c) expected.push_back(pixels[i + c]);
  CHECK(image.pixels == expected);
}

TEST_CASE("text is fit for a page") { CHECK(escape("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"); }
