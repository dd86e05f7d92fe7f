// Compiled like the avx512 unit, and as there with no containers: their code would run on processors without it.
#include "tests/kernels/avx512_tiles.h"

#define NASCENT_ISA avx512_tiles
#include "kernels/isa/tile_by_shuffles.inl"
#include "kernels/isa/tile_of_pairs.inl"

namespace nascent::test {
namespace {

using namespace kernels::avx512_tiles;

Tile tile_of(const TileCase& t, const float* a, const float* b, float* c) {
  const std::int64_t b_step = t.along_rows ? t.columns : 16;
  return {.a = a,
          .a_stride = t.along_rows ? 16 : t.outer * t.k,
          .outer = t.outer,
          .k = t.k,
          .a_outer = t.along_rows ? t.k * 16 : t.k,
          .b = b,
          .b_step = b_step,
          .b_outer = t.k * b_step,
          .c = c,
          .c_row = t.columns,
          .columns = t.columns,
          .count = t.count,
          .add = t.add};
}

template <class Body>
void with_rows(std::int64_t rows, const Body& body) {
  unrolled<9>([&](auto i) {
    if (rows == 8 + i.value) body(Constant<8 + i.value>{});
  });
}

Tile tile_of_eight(std::int64_t count, const float* a, const float* b, float* c) {
  return {.a = a, .a_stride = 8, .k = 8, .b = b, .b_step = 8, .c = c, .c_row = 8, .columns = 8, .count = count};
}
template <class Body>
void with_even_rows(std::int64_t rows, const Body& body) {
  unrolled<8>([&](auto i) {
    if (rows == 2 + 2 * i.value) body(Constant<2 + 2 * i.value>{});
  });
}

}  // namespace

void plain_tile(const TileCase& t, const float* a, const float* b, float* c) {
  if (t.along_rows) return run_tile<16, 1, 16, Along::rows>(tile_of(t, a, b, c));
  with_rows(t.rows, [&](auto rows) { run_tile<16, 1, rows.value, Along::k>(tile_of(t, a, b, c)); });
}

void shuffled_tile(const TileCase& t, const float* a, const float* b, float* c) {
  if (t.along_rows) return run_shuffled_rows(tile_of(t, a, b, c));
  with_rows(t.rows, [&](auto rows) { run_shuffled_tile<rows.value>(tile_of(t, a, b, c)); });
}

void plain_tile_of_eight(std::int64_t rows, std::int64_t count, const float* a, const float* b, float* c) {
  with_even_rows(rows, [&](auto r) { run_tile<8, 1, r.value, Along::k>(tile_of_eight(count, a, b, c)); });
}
void paired_tile(std::int64_t rows, std::int64_t count, const float* a, const float* b, float* c) {
  with_even_rows(rows, [&](auto r) { run_paired_tile<r.value>(tile_of_eight(count, a, b, c)); });
}

}  // namespace nascent::test
