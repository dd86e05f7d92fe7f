#include "engine/tensor/shape.h"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

namespace nascent {

TEST_CASE("a shape counts, prints and compares") {
  const Shape s = {64, 32, 32, 16};
  CHECK(s.rank() == 4);
  CHECK(s.elements() == 64 * 32 * 32 * 16);
  CHECK(s[-1] == 16);
  CHECK(s[-4] == 64);
  CHECK(s.text() == "[64, 32, 32, 16]");
  CHECK(Shape{}.elements() == 1);
  CHECK(Shape{}.text() == "[]");
  CHECK(Shape{3, 0}.elements() == 0);
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2} != Shape{2, 1});
  CHECK(Shape{} == Shape{});
  const std::vector<std::int64_t> six(6, 1);
  CHECK_THROWS_AS(Shape(six), std::length_error);
}

TEST_CASE("shapes broadcast by NumPy's rule, in either order") {
  struct Case {
    Shape a, b, result;
  };
  for (const Case& c : {Case{{2, 3}, {3}, {2, 3}}, Case{{2, 1, 4}, {3, 1}, {2, 3, 4}}, Case{{}, {5}, {5}},
                        Case{{}, {}, {}}, Case{{0, 3}, {1}, {0, 3}}}) {
    Shape result;
    CHECK(broadcast_shape(c.a, c.b, result));
    CHECK(result == c.result);
    CHECK(broadcast_shape(c.b, c.a, result));
    CHECK(result == c.result);
  }
  Shape result;
  CHECK_FALSE(broadcast_shape({2, 3}, {2}, result));
  CHECK_FALSE(broadcast_shape({4, 3}, {2, 3}, result));
}

}  // namespace nascent
