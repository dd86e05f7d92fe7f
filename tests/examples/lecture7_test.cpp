#include <catch2/catch.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/examples/run_command.h"

using namespace nascent::test;

TEST_CASE("lecture7 prints every part of the demo and leaves its pictures", "[full]") {
  const ScratchFolder scratch;
  const auto plots = scratch.path() / "plots";
  const Outcome result = run_command({program("lecture7"), "--plots", plots.string()});
  REQUIRE(result.exit_code == 0);
  const auto printed = [&](const std::string& text) { return result.out.find(text) != std::string::npos; };
  for (const char* text :
       {"1. A mixed operation", "2. The supernet", "3. The bi-level loop", "4. Derivation", "5. The discovered network",
        "6. Comparison", "7. Pictures", "8^14 = 4,398,046,511,104", "30 architecture and 55,834 weight parameters",
        "epoch  0: train loss", "epoch  5:", "epoch 10:", "epoch 15:", "epoch 20:", "epoch 25:", "epoch 29:"}) {
    CAPTURE(text);
    CHECK(printed(text));
  }
  for (const char* file : {"lecture7.html", "cell-0.svg", "cell-1.svg"}) CHECK(std::filesystem::exists(plots / file));
}

TEST_CASE("lecture7 --json prints one object and nothing else", "[full]") {
  const Outcome result = run_command({program("lecture7"), "--json"});
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  const auto printed = nlohmann::json::parse(result.out);
  CHECK(printed.at("architecture_parameters") == 30);
  CHECK(printed.at("weight_parameters") == 55834);
  CHECK(printed.at("history").size() == 30);
  CHECK(printed.at("results").size() == 3);
  CHECK(printed.at("pictures").empty());
}
