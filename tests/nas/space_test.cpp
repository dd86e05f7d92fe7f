#include "nas/space/space.h"

#include <catch2/catch.hpp>

#include "engine/tensor/error.h"
#include "nas/space/suggest.h"

using namespace nascent;
using namespace nascent::nas;

TEST_CASE("the DARTS space has 14 edges, grouped by node, and eight operations in DARTS's order") {
  const Space& space = darts_space();
  CHECK(space.operations == std::vector<std::string>{"none", "max_pool_3x3", "avg_pool_3x3", "skip_connect",
                                                     "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"});
  REQUIRE(space.edges.size() == 14);
  CHECK(space.rows_of_node(0) == std::vector<int>{0, 1});
  CHECK(space.rows_of_node(1) == std::vector<int>{2, 3, 4});
  CHECK(space.rows_of_node(3) == std::vector<int>{9, 10, 11, 12, 13});
  for (int node = 0; node < 4; ++node) {
    int source = 0;
    for (int row : space.rows_of_node(node)) CHECK(space.edges[static_cast<std::size_t>(row)].source == source++);
  }
  CHECK(space.alphas() == 224);
  CHECK(space.derivable().size() == 7);
  CHECK(space.index_of("dil_conv_5x5") == 7);
  CHECK(space.index_of("conv") == -1);
}

TEST_CASE("the lecture space is two chains of three edges with an alpha for each") {
  const Space& space = lecture_space();
  CHECK(space.alphas() == 30);
  REQUIRE(space.edges.size() == 3);
  for (int edge = 0; edge < 3; ++edge) {
    CHECK(space.edges[static_cast<std::size_t>(edge)].source == edge);
    CHECK(space.edges[static_cast<std::size_t>(edge)].target == edge + 1);
  }
}

TEST_CASE("architectures are counted exactly") {
  CHECK(assignment_count(darts_space()) == "4,398,046,511,104");  // 8^14
  CHECK(assignment_count(lecture_space()) == "15,625");           // 5^6
  CHECK(derivable_cell_count(darts_space()) == "1,037,664,180");  // 7^8 (2 over 2)(3 over 2)(4 over 2)(5 over 2)
  CHECK(derivable_cell_count(lecture_space()) == "125");
  Space large = darts_space();
  large.edges.resize(30, {0, 2});
  CHECK(assignment_count(large) == "1,237,940,039,285,380,274,899,124,224");  // 2^90
}

TEST_CASE("a space is found by name, and a misspelt one is suggested") {
  CHECK(&space_named("darts") == &darts_space());
  CHECK(&space_named("lecture") == &lecture_space());
  CHECK_THROWS_WITH(space_named("dart"), Catch::Contains("Did you mean 'darts'?"));
  CHECK_THROWS_AS(space_named("nasnet"), UsageError);
}

TEST_CASE("suggestions stay silent when nothing is near, and quoting keeps a message on one line") {
  const std::vector<std::string> words{"skip_connect", "sep_conv_3x3"};
  CHECK(closest_word("sep_conv3x3", words) == "sep_conv_3x3");
  CHECK(closest_word("SKIP_CONNECT", words) == "skip_connect");
  CHECK(closest_word("transformer", words).empty());
  CHECK(closest_word("", words).empty());
  CHECK(printable("a\nb\x1b") == "a?b?");
  CHECK(printable(std::string(100, 'x')) == std::string(40, 'x') + "...");
}
