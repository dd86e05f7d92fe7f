// Catch2's own main returns the number of failed assertions, so that four of them would look like a skipped test.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/support/skip.h"

namespace nascent::test {

namespace {
bool skipped = false;
}

void skip(const std::string& reason) {
  std::cout << "skipped: " << reason << std::endl;
  skipped = true;
}

}  // namespace nascent::test

int main(int argc, char** argv) {
  constexpr int failed = 1, skipped_code = 4;  // SKIP_RETURN_CODE in tests/CMakeLists.txt
  if (Catch::Session().run(argc, argv) != 0) return failed;
  return nascent::test::skipped ? skipped_code : 0;
}
