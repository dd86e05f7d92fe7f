#include "tests/op_table/ops_page.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace nascent {

TEST_CASE("docs/ops.md is what the op table says") {
  const std::string path = NASCENT_SOURCE_DIR "/docs/ops.md";
  if (std::getenv("NASCENT_UPDATE_DOCS")) std::ofstream(path) << ops_page();
  std::stringstream page;
  page << std::ifstream(path).rdbuf();
  INFO("to write it anew: NASCENT_UPDATE_DOCS=1 tests/test_engine \"docs/ops.md*\"");
  CHECK((page.str() == ops_page()));
}

}  // namespace nascent
