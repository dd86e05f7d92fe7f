#include "engine/tensor/random.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

using namespace nascent;

TEST_CASE("philox: the known answers of Random123", "[random]") {
  using Counter = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t ones = 0xffffffff;
  CHECK(philox4x32({ones, ones, ones, ones}, {ones, ones}) == Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("random: a number is a function of seed, purpose, coordinates and index", "[random]") {
  const Random random(5, "init", {1, 2});
  CHECK(random.bits(3) == Random(5, "init", {1, 2}).bits(3));
  const auto differs = [&](const Random& other) {
    int equal = 0;
    for (std::uint64_t i = 0; i < 64; ++i) equal += random.bits(i) == other.bits(i);
    return equal == 0;
  };
  CHECK(differs(Random(6, "init", {1, 2})));
  CHECK(differs(Random(5 + (1ull << 40), "init", {1, 2})));
  CHECK(differs(Random(5, "inis", {1, 2})));
  CHECK(differs(Random(5, "init", {2, 1})));
  CHECK(differs(Random(5, "init", {1})));
  CHECK(differs(Random(5, "init", {1, 2, 0})));
  CHECK(random.bits(0) != random.bits(1ull << 32));
}

TEST_CASE("random: uniform, normal and below have the moments they should", "[random]") {
  const Random random(1, "moments");
  constexpr int n = 100'000;
  double sum = 0, squares = 0, normal = 0, normal_squares = 0;
  std::vector<int> counts(7);
  for (std::uint64_t i = 0; i < n; ++i) {
    const double u = random.uniform(i), z = random.normal(i);
    REQUIRE((u >= 0 && u < 1 && std::isfinite(z)));
    sum += u, squares += u * u, normal += z, normal_squares += z * z;
    ++counts.at(random.below(i, 7));
  }
  // Five standard errors: a fixed seed, so this never flickers.
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
  CHECK(std::abs(normal / n) < 5 / std::sqrt(n));
  CHECK(std::abs(normal_squares / n - 1) < 5 * std::sqrt(2.0 / n));
  for (int count : counts) CHECK(std::abs(count - n / 7.0) < 5 * std::sqrt(n * 6.0 / 49));
}

TEST_CASE("random: a shuffle is a permutation, and every element reaches every place", "[random]") {
  std::vector<std::uint32_t> identity(10);
  std::iota(identity.begin(), identity.end(), 0u);
  std::array<std::array<int, 10>, 10> seen{};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    auto values = identity;
    Random(seed, "shuffle").shuffle(values);
    REQUIRE(std::is_permutation(values.begin(), values.end(), identity.begin()));
    for (std::size_t place = 0; place < 10; ++place) ++seen[place][values[place]];
  }
  for (const auto& place : seen)
    for (int count : place) CHECK(std::abs(count - 50) < 5 * std::sqrt(50.0));
}
