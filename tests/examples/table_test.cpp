#include "examples/support/table.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "examples/support/numbers.h"

using namespace nascent::examples;

TEST_CASE("a table aligns by what a terminal shows, not by bytes") {
  Table table({{"edge"}, {"operation"}, {"confidence", Align::right}});
  table.row({"0 → 2", "sep_conv_3x3", "31.20 %"});
  table.row({"日本", "skip", "9.00 %"});
  table.row({"e\u0301", "", "100.00 %"});
  CHECK(table.text() ==
        "edge   operation     confidence\n"
        "-----  ------------  ----------\n"
        "0 → 2  sep_conv_3x3     31.20 %\n"
        "日本   skip              9.00 %\n"
        "e\u0301                      100.00 %\n");
}

TEST_CASE("a table refuses a row with missing cells") {
  Table table({{"a"}, {"b"}});
  CHECK_THROWS_WITH(table.row({"1"}), "[table] expected 2 cells a row, got 1");
  CHECK(table.text() == "a  b\n-  -\n");
}

TEST_CASE("display width of text that is no UTF-8") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(display_width("\xe2\x86") == 2);
  CHECK(display_width(std::string_view("a\0b", 3)) == 3);
}

TEST_CASE("how many fewer, or as many") {
  CHECK(times_fewer(72'638, 25'034) == "2.9 times fewer");
  CHECK(times_fewer(20, 10) == "2.0 times fewer");
  CHECK(times_fewer(72'638, 170'202) == "2.3 times as many");
}
