#include <catch2/catch.hpp>
#include <vector>

#include "kernels/dispatch.h"
#include "tests/kernels/avx512_tiles.h"
#include "tests/support/integers.h"
#include "tests/support/skip.h"

using namespace nascent::test;

namespace {

std::vector<TileCase> tile_cases() {
  std::vector<TileCase> cases;
  for (const bool add : {false, true})
    for (const std::int64_t columns : {9, 15, 16})
      for (const std::int64_t outer : {1, 3}) {
        for (const std::int64_t k : {1, 5, 160}) cases.push_back({true, 16, columns, outer, k, 1, add});
        for (const std::int64_t k : {16, 48})
          for (std::int64_t rows = 8; rows <= 16; ++rows)
            for (const std::int64_t count : {1, 3}) cases.push_back({false, rows, columns, outer, k, count, add});
      }
  return cases;
}

}  // namespace

TEST_CASE("a tile by shuffles has the bits of a plain one") {
  if (!nascent::kernels::find_kernel_table("avx512")) return skip("no AVX-512");
  for (const TileCase& t : tile_cases()) {
    INFO("along rows " << t.along_rows << ": " << t.rows << " x " << t.columns << ", " << t.outer << " x " << t.k
                       << " steps, " << t.count << " tiles, added " << t.add);
    const std::int64_t steps = t.outer * t.k, rows = t.rows * t.count;
    const auto a = reals<float>(steps * rows, 1), b = reals<float>(steps * (t.along_rows ? t.columns : 16), 2);
    const auto before = reals<float>(rows * t.columns, 3);
    auto plain = before, shuffled = before;
    plain_tile(t, a.data(), b.data(), plain.data());
    shuffled_tile(t, a.data(), b.data(), shuffled.data());
    CHECK(shuffled == plain);
    CHECK(plain != before);
  }
}

TEST_CASE("a tile of pairs has the bits of a plain one") {
  if (!nascent::kernels::find_kernel_table("avx512")) return skip("no AVX-512");
  for (std::int64_t rows = 2; rows <= 16; rows += 2)
    for (const std::int64_t count : {1, 3}) {
      INFO(count << " tiles of " << rows << " rows");
      const auto a = reals<float>(rows * count * 8, 1), b = reals<float>(8 * 8, 2);
      const auto before = reals<float>(rows * count * 8, 3);
      auto plain = before, paired = before;
      plain_tile_of_eight(rows, count, a.data(), b.data(), plain.data());
      paired_tile(rows, count, a.data(), b.data(), paired.data());
      CHECK(paired == plain);
      CHECK(plain != before);
    }
}
