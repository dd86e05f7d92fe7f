#include "tests/kernels/avx2_tiles.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "kernels/dispatch.h"
#include "tests/support/integers.h"
#include "tests/support/skip.h"

using namespace nascent::test;

namespace {

std::vector<EightsCase> eights_cases() {
  std::vector<EightsCase> cases;
  for (const std::int64_t count : {1, 3}) {
    for (std::int64_t rows = 4; rows <= 6; ++rows) {
      for (const std::int64_t k : {16, 32, 64})
        for (const std::int64_t c_row : {16, 21}) cases.push_back({2, rows, k, k, c_row, count});
      for (const std::int64_t k : {8, 9, 15, 24, 36, 64})
        for (const std::int64_t a_stride : {64, 71}) cases.push_back({2, rows, k, a_stride, 16, count});
    }
    for (std::int64_t rows = 4; rows <= 12; ++rows) cases.push_back({1, rows, 8, 8, 8, count});
  }
  return cases;
}

void same_bits(const EightsCase& t, const std::vector<float>& a, const std::vector<float>& b) {
  INFO(t.count << " tiles of " << t.rows << " rows and " << t.vectors << " vectors, " << t.k << " steps, rows "
               << t.a_stride << " and " << t.c_row << " apart");
  const auto before = reals<float>(t.rows * t.count * t.c_row, 3);
  auto steps = before, eights = before;
  tile_by_steps(t, a.data(), b.data(), steps.data());
  tile_by_eights(t, a.data(), b.data(), eights.data());
  CHECK(std::memcmp(eights.data(), steps.data(), steps.size() * sizeof(float)) == 0);
  CHECK(steps != before);
}

}  // namespace

TEST_CASE("a tile by eights has the bits of one by steps") {
  if (!nascent::kernels::find_kernel_table("avx2")) return skip("no AVX2");
  for (const EightsCase& t : eights_cases())
    same_bits(t, reals<float>(t.rows * t.count * t.a_stride, 1), reals<float>(t.k * 8 * t.vectors, 2));
}

TEST_CASE("a tile by eights has the signs of zeros that one by steps has") {
  if (!nascent::kernels::find_kernel_table("avx2")) return skip("no AVX2");
  for (const EightsCase& t : eights_cases())
    same_bits(t, std::vector<float>(static_cast<std::size_t>(t.rows * t.count * t.a_stride), 0.f),
              std::vector<float>(static_cast<std::size_t>(t.k * 8 * t.vectors), -1.f));
}
