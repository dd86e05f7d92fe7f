#include "tests/bench/programs.h"

using namespace nascent::test;

TEST_CASE("search_step prints one JSON object with its timing and memory") {
  for (const std::string order : {"first", "second", "exact"}) {
    INFO(order);
    const Outcome outcome =
        run("search_step", {"--batch", "2", "--channels", "2", "--layers", "2", "--image", "8x8x1", "--steps", "2",
                            "--threads", "1", "--order", order, "--quiet", "--json"});
    CHECK(outcome.err.empty());
    REQUIRE(outcome.exit_code == 0);
    const auto result = nlohmann::json::parse(outcome.out);
    for (const char* field : {"median_s", "min_s", "peak_rss_mib", "images_per_s", "pool_peak_mib"}) {
      INFO(field);
      CHECK(result.at(field).get<double>() > 0);
    }
    CHECK(result.at("seconds").size() == 2);
    CHECK(result.at("min_s") <= result.at("median_s"));
    CHECK(result.at("images_per_s").get<double>() == Approx(4 / result.at("median_s").get<double>()));
    CHECK(result.at("pool_peak_mib") < result.at("peak_rss_mib"));
    CHECK(result.at("threads") == 1);
  }
}

TEST_CASE("search_step takes an image as height by width by channels, the programs' way round, or as one side") {
  const auto parameters = [](const std::string& image) {
    const Outcome outcome = run("search_step", {"--batch", "2", "--channels", "2", "--layers", "2", "--image", image,
                                                "--steps", "1", "--quiet", "--json"});
    REQUIRE(outcome.exit_code == 0);
    return nlohmann::json::parse(outcome.out).at("parameters").get<int>();
  };
  const int rgb = parameters("8x8x3");
  CHECK(rgb == parameters("3x8x8"));
  CHECK(rgb == parameters("8"));
  CHECK(rgb > parameters("8x8x1"));
}

TEST_CASE("search_step refuses what is no step") {
  struct Refused {
    Arguments flags;
    std::string reason;
  };
  for (const Refused& c :
       std::vector<Refused>{{{"--batch", "1"}, "option '--batch' expects a whole number from 2"},
                            {{"--steps", "0"}, "option '--steps' expects a whole number from 1"},
                            {{"--order", "third"}, "option '--order' expects first, second or exact"},
                            {{"--image", "32x32"}, "option '--image' expects sizes like 32x32x3, 3x32x32 or 32"},
                            {{"--image", "0"}, "option '--image' expects"},
                            {{"--channels", "-3"}, "option '--channels' expects"},
                            {{"--bacth", "3"}, "did you mean '--batch'?"}}) {
    const Outcome outcome = run("search_step", c.flags);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Catch::StartsWith("search_step: ") && Catch::Contains(c.reason));
  }
}
