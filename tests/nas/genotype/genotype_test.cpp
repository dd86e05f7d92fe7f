#include "nas/genotype/genotype.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/tensor/error.h"
#include "nas/derive/random_architecture.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

const std::string darts_v2_text =
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))";

// A genotype of one node a cell whose normal genes are `genes`.
std::string with_normal(const std::string& genes, const std::string& concat = "[2]") {
  return "Genotype(normal=" + genes + ", normal_concat=" + concat +
         ", reduce=[('skip_connect', 0), ('skip_connect', 1)], reduce_concat=[2])";
}

std::string message_of(const std::string& text) {
  try {
    parse_genotype(text);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a published genotype prints as DARTS prints it, and reads back from text and JSON") {
  CHECK(to_text(published_genotype("DARTS_V2").value()) == darts_v2_text);
  REQUIRE(published_names().size() == 7);
  for (const std::string& name : published_names()) {
    const Genotype genotype = published_genotype(name).value();
    CHECK(genotype.normal.size() == 8);
    CHECK(genotype.reduce.size() == 8);
    CHECK(parse_genotype(to_text(genotype)) == genotype);
    CHECK(parse_genotype(to_json(genotype)) == genotype);
  }
  CHECK_FALSE(published_genotype("DARTS_V3").has_value());
}

TEST_CASE("what a genotype prints, it reads, for random architectures") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Genotype genotype = random_genotype(seed);
    CHECK(parse_genotype(to_text(genotype)) == genotype);
    CHECK(parse_genotype(to_json(genotype)) == genotype);
  }
}

TEST_CASE("fields in any order, lists for ranges, either quote, any white space, trailing commas") {
  const Genotype expected = published_genotype("DARTS_V2").value();
  std::string spread;
  for (char c : darts_v2_text)
    spread += c == '(' || c == ',' || c == '=' || c == '[' ? std::string(1, c) + "\n\t " : std::string(1, c);
  CHECK(parse_genotype(spread) == expected);
  std::string double_quotes = darts_v2_text;
  std::replace(double_quotes.begin(), double_quotes.end(), '\'', '"');
  CHECK(parse_genotype(" " + double_quotes + "\r\n") == expected);
  const Genotype small = parse_genotype(
      "Genotype(reduce_concat=[2,], reduce=[('max_pool_3x3',0),('skip_connect',1),], normal_concat = [ 3, 2 ], "
      "normal=[('skip_connect',1),('skip_connect',1),('dil_conv_5x5',0),('dil_conv_5x5',2)],)");
  CHECK(small.normal ==
        std::vector<Gene>{{"skip_connect", 1}, {"skip_connect", 1}, {"dil_conv_5x5", 0}, {"dil_conv_5x5", 2}});
  CHECK(small.normal_concat == std::vector<int>{3, 2});
  CHECK(small.reduce_concat == std::vector<int>{2});
  CHECK(parse_genotype(to_text(small)) == small);
  CHECK_THAT(to_text(small), Catch::Contains("normal_concat=[3, 2]") && Catch::Contains("reduce_concat=range(2, 3)"));
}

TEST_CASE("what is malformed is refused in one line that says what and where") {
  const std::string pair = "[('skip_connect', 0), ('skip_connect', 1)]";
  REQUIRE(message_of(with_normal(pair)).empty());
  const auto [text, part] = GENERATE_COPY(table<std::string, std::string>({
      {"", "empty"},
      {" \n", "empty"},
      {std::string(70000, ' '), "too long"},
      {"genotype(", "expected 'Genotype(' or JSON at character 0"},
      {"Genotype", "expected '(' after 'Genotype', got the end"},
      {"Genotype(", "expected a field"},
      {"Genotype()", "the field 'normal' is missing"},
      {with_normal("[('sep_conv_3', 0), ('skip_connect', 1)]"), "did you mean 'sep_conv_3x3'?"},
      {with_normal("[('sep_conv_3', 0), ('skip_connect', 1)]"), "at character 18."},
      {with_normal("[('warp', 0), ('skip_connect', 1)]"), "the operations are max_pool_3x3, avg_pool_3x3"},
      {with_normal("[('none', 0), ('skip_connect', 1)]"), "'none' is only for the search"},
      {with_normal("[('skip_connect', 0), ('skip_connect', 2)]"), "node 0 can read states 0 to 1, got 2"},
      {with_normal("[('skip_connect', -1), ('skip_connect', 1)]"), "got -1"},
      {with_normal("[('skip_connect', 99999999999), ('skip_connect', 1)]"), "too large"},
      {with_normal("[('skip_connect', 0)]"), "normal has 1 gene; expected two for each node"},
      {with_normal("[('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0)]", "[2, 3]"), "normal has 3 genes"},
      {with_normal("[]"), "normal has 0 genes"},
      {with_normal("[skip_connect, 1]"), "expected a gene such as"},
      {with_normal("[(skip_connect, 1)]"), "expected an operation in quotes"},
      {with_normal("[('skip_connect)]"), "expected letters, digits"},
      {with_normal("[('skip_connect', one)]"), "as a whole number, got 'o'"},
      {with_normal("[('skip_connect' 0)]"), "expected ',' after the operation"},
      {with_normal("[('skip_connect', 0) ('skip_connect', 1)]"), "expected ',' after a gene, got '('"},
      {with_normal(pair, "[3]"), "normal_concat names state 3; expected nodes of the cell, states 2 to 2"},
      {with_normal(pair, "[1]"), "normal_concat names state 1"},
      {with_normal(pair, "[2, 2]"), "names state 2 twice"},
      {with_normal(pair, "[]"), "normal_concat names no node"},
      {with_normal(pair, "range(2, 6)"), "names state 3"},
      {with_normal(pair, "range(6, 2)"), "names no usable states"},
      {with_normal(pair, "range(0, 2000000000)"), "names no usable states"},
      {with_normal(pair, "range(2)"), "expected ',' after the first state"},
      {with_normal(pair, "tuple(2, 3)"), "expected range(2, 6) or a list"},
      {with_normal(pair) + " x", "expected nothing after the closing ')', got 'x'"},
      {with_normal(pair + ", normal=" + pair), "the field 'normal' is given twice"},
      {with_normal(pair + ", width=" + pair), "unknown field 'width'"},
      {with_normal(pair).substr(0, 60), "at character 60"},
      {"Genotype(normal=[('skip_connect', 0", "got the end"},
      {"Genotype(normal=[('skip_connect", "never closed"},
      {"Genotype(normal=\xff", "byte 0xff"},
  }));
  INFO(text.substr(0, 200));
  const std::string message = message_of(text);
  CHECK_THAT(message, Catch::StartsWith("genotype: ") && Catch::Contains(part));
  CHECK(message.find('\n') == std::string::npos);
}

TEST_CASE("every cut of a genotype, and every change of a character, is refused or reads as a genotype") {
  for (std::size_t length = 0; length < darts_v2_text.size(); ++length)
    CHECK_THROWS_AS(parse_genotype(darts_v2_text.substr(0, length)), DataError);
  for (std::size_t at = 0; at < darts_v2_text.size(); ++at) {
    std::string changed = darts_v2_text;
    changed[at] = '9';
    std::optional<Genotype> read;
    try {
      read = parse_genotype(changed);
    } catch (const DataError&) {
    }
    if (read) CHECK(parse_genotype(to_text(*read)) == *read);
  }
}

TEST_CASE("JSON that is not a genotype is refused") {
  const std::string good = to_json(published_genotype("DARTS_V1").value());
  CHECK(nlohmann::json::parse(good)["normal"][0] == nlohmann::json::array({"sep_conv_3x3", 1}));
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& part) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    CHECK_THAT(message_of(text), Catch::Contains(part));
    CHECK(message_of(text).find('\n') == std::string::npos);
  };
  refused("\"darts\"", "\"lecture\"", "expected \"space\": \"darts\"");
  refused("sep_conv_3x3", "sep_conv_3x4", "Did you mean 'sep_conv_3x3'?");
  refused("sep_conv_3x3", "a\\nb", "unknown operation 'a?b'");
  refused("sep_conv_3x3", "none", "only the search uses");
  refused("[\"sep_conv_3x3\",1]", "[\"sep_conv_3x3\"]", "normal[0] should be a pair");
  refused("[\"sep_conv_3x3\",1]", "[\"sep_conv_3x3\",1.5]", "normal[0][1] should be a state's number");
  refused("[\"sep_conv_3x3\",1]", "[\"sep_conv_3x3\",1e300]", "normal[0][1] should be a state's number");
  refused("[\"sep_conv_3x3\",1],", "", "normal has 7 genes");
  refused("\"reduce\"", "\"normal\"", "given twice");
  refused("\"reduce\"", "\"shrink\"", "unknown field 'shrink'");
  refused("\"space\"", "\"sp\\nace\"", "unknown field 'sp?ace'");
  refused("[2,3,4,5]", "[2,3,4,6]", "names state 6");
  refused("[2,3,4,5]", "4", "expected an array as 'normal_concat'");
  refused("[2,3,4,5]", "[[[[[[2]]]]]]", "nested deeper");
  refused("}", "} x", "not well-formed JSON");
  CHECK_THAT(message_of("{"), Catch::Contains("not well-formed JSON"));
  CHECK_THAT(message_of("{}"), Catch::Contains("expected an array as 'normal'"));
  CHECK_THAT(message_of("{\"normal\": " + std::string(20000, '[')), Catch::Contains("nested deeper"));
}

TEST_CASE("a chain space has no genotype") {
  CHECK_THROWS_AS(check_genotype(published_genotype("DARTS_V1").value(), lecture_space()), DataError);
}
