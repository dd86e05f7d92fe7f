// Compiled like the avx2 unit, and as there with no containers: their code would run on processors without it.
#include "tests/kernels/avx2_tiles.h"

#define NASCENT_ISA avx2_tiles
#include "kernels/isa/tile_by_eights.inl"

namespace nascent::test {
namespace {

using namespace kernels::avx2_tiles;

// body(rows, vectors) as constants.
template <class Body>
void with_size(const EightsCase& t, const Body& body) {
  unrolled<12>([&](auto i) {
    if (t.rows != i.value + 1) return;
    if (t.vectors == 1) return body(Constant<i.value + 1>{}, Constant<1>{});
    if constexpr (i.value < 6) body(Constant<i.value + 1>{}, Constant<2>{});
  });
}

Tile tile_of(const EightsCase& t, const float* a, const float* b, float* c) {
  const std::int64_t columns = 8 * t.vectors;
  return {.a = a,
          .a_stride = t.a_stride,
          .k = t.k,
          .b = b,
          .b_step = columns,
          .c = c,
          .c_row = t.c_row,
          .columns = columns,
          .count = t.count};
}

}  // namespace

void tile_by_steps(const EightsCase& t, const float* a, const float* b, float* c) {
  with_size(t, [&](auto rows, auto vectors) { run_tile<8, vectors.value, rows.value, Along::k>(tile_of(t, a, b, c)); });
}

void tile_by_eights(const EightsCase& t, const float* a, const float* b, float* c) {
  with_size(t, [&](auto rows, auto vectors) { run_tile_by_eights<8, vectors.value, rows.value>(tile_of(t, a, b, c)); });
}

}  // namespace nascent::test
