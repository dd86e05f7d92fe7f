#include "examples/support/closest.h"

#include <catch2/catch.hpp>

using nascent::examples::did_you_mean;

TEST_CASE("a near miss is named, a far one is not") {
  const std::vector<std::string> known = {"--seed", "--space", "--epochs", "--out"};
  CHECK(did_you_mean("--epoch", known) == "; did you mean '--epochs'?");
  CHECK(did_you_mean("--sapce", known) == "; did you mean '--space'?");
  CHECK(did_you_mean("--sead", known) == "; did you mean '--seed'?");
  CHECK(did_you_mean("--channels", known) == "");
  CHECK(did_you_mean("-x", known) == "");
  CHECK(did_you_mean("", known) == "");
  CHECK(did_you_mean("--epochs", {}) == "");
}
