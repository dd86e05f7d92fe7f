#include "nas/report/numbers.h"

#include <catch2/catch.hpp>
#include <limits>

namespace nascent::nas {
namespace {

TEST_CASE("what is counted is one thing or several") {
  CHECK(counted(0, "cell") == "0 cells");
  CHECK(counted(1, "cell") == "1 cell");
  CHECK(counted(1000, "epoch") == "1,000 epochs");
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
  CHECK(duration(-1) == "–");
  CHECK(duration(std::numeric_limits<double>::infinity()) == "–");
}

TEST_CASE("counts that were not measured are a dash") {
  CHECK(measured_count(1930618) == "1,930,618");
  CHECK(measured_count(0) == "0");
  CHECK(measured_count(-1) == "–");
}

TEST_CASE("rounded numbers") {
  CHECK(rounded(0.31254, 4) == "0.3125");
  CHECK(rounded(std::numeric_limits<double>::quiet_NaN(), 4) == "–");
}

TEST_CASE("percentages") {
  CHECK(percent(0.9104) == "91.04 %");
  CHECK(percent(1, 0) == "100 %");
  CHECK(percent(std::numeric_limits<double>::quiet_NaN()) == "–");
}

}  // namespace
}  // namespace nascent::nas
