#include "nas/genotype/chain.h"

#include <catch2/catch.hpp>

#include "engine/tensor/error.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

const ChainArchitecture sample{{{{"conv3x3", 0.1 + 0.2}, {"conv5x5", 1.0 / 3}, {"skip", 0.2}},
                                {{"max_pool", 1}, {"sep_conv3x3", 1e-9}, {"skip", 0}}}};

std::string message_of(const std::string& text) {
  try {
    parse_chain(text);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a chain reads back from text and JSON to the bit") {
  CHECK(parse_chain(to_text(sample)) == sample);
  CHECK(parse_chain(to_json(sample)) == sample);
  CHECK_THAT(to_text(sample), Catch::StartsWith("ChainArchitecture(cells=[[('conv3x3', 0.3"));
}

TEST_CASE("a malformed chain is refused with the place") {
  const std::string text = to_text(sample), json = to_json(sample);
  for (std::size_t length = 0; length < text.size(); ++length)
    CHECK_THROWS_AS(parse_chain(text.substr(0, length)), DataError);
  for (std::size_t length = 0; length < json.size(); ++length)
    CHECK_THROWS_AS(parse_chain(json.substr(0, length)), DataError);
  const auto replaced = [](std::string in, const std::string& from, const std::string& to) {
    return in.replace(in.find(from), from.size(), to);
  };
  CHECK_THAT(message_of(replaced(text, "conv3x3", "conv_3x3")), Catch::Contains("Did you mean 'conv3x3'?"));
  CHECK_THAT(message_of(replaced(text, "('skip', 0.2)", "('skip', 2)")), Catch::Contains("from 0 to 1"));
  CHECK_THAT(message_of(replaced(text, "('skip', 0.2)", "('skip', nan)")), Catch::Contains("as a number"));
  CHECK_THAT(message_of(replaced(text, ", ('skip', 0.2)", "")), Catch::Contains("expected 3 edges in cell 0, got 2"));
  CHECK_THAT(message_of(text + "!"), Catch::Contains("expected nothing after"));
  CHECK_THAT(message_of("ChainArchitecture(cells=[])"), Catch::Contains("expected 2 cells, got 0"));
  CHECK_THAT(message_of("{\"cells\":[[1]]}"), Catch::Contains("cells[0][0] should be"));
  CHECK_THAT(message_of("{\"cells\":[1]}"), Catch::Contains("array of edges"));
}
