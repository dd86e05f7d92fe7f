#include "examples/support/table.h"

#include <catch2/catch.hpp>
#include <limits>
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

TEST_CASE("numbers are grouped by thousands") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-999) == "-999");
  CHECK(grouped(-1000) == "-1,000");
  CHECK(grouped(55'834) == "55,834");
  CHECK(grouped(4'398'046'511'104) == "4,398,046,511,104");
  CHECK(grouped(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("durations") {
  CHECK(duration(0) == "0.00 s");
  CHECK(duration(0.4249) == "0.42 s");
  CHECK(duration(9.999) == "10.0 s");
  CHECK(duration(12.34) == "12.3 s");
  CHECK(duration(59.96) == "1 min 00 s");
  CHECK(duration(83) == "1 min 23 s");
  CHECK(duration(3599.6) == "1 h 00 min");
  CHECK(duration(2 * 3600 + 5 * 60) == "2 h 05 min");
  CHECK(duration(86'399) == "1 d 00 h");
  CHECK(duration(3 * 86'400 + 4 * 3600) == "3 d 04 h");
  CHECK(duration(-1) == "?");
  CHECK(duration(std::numeric_limits<double>::infinity()) == "?");
}

TEST_CASE("percentages") {
  CHECK(percent(0.9104) == "91.04 %");
  CHECK(percent(1, 0) == "100 %");
  CHECK(percent(std::numeric_limits<double>::quiet_NaN()) == "?");
}

TEST_CASE("how many fewer, or as many") {
  CHECK(times_fewer(72'638, 25'034) == "2.9 times fewer");
  CHECK(times_fewer(20, 10) == "2.0 times fewer");
  CHECK(times_fewer(72'638, 170'202) == "2.3 times as many");
}
