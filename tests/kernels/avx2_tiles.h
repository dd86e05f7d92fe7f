#pragma once
// Both ways of a tile on 16 registers (isa/tile_by_eights.inl). For processors with AVX2.
#include <cstdint>

namespace nascent::test {

// C [rows * count, c_row] = A [rows * count, a_stride] B [k, 8 * vectors].
struct EightsCase {
  int vectors = 2;  // of columns
  std::int64_t rows = 6, k = 16, a_stride = 16, c_row = 16, count = 1;
};
void tile_by_steps(const EightsCase& tile, const float* a, const float* b, float* c);
void tile_by_eights(const EightsCase& tile, const float* a, const float* b, float* c);

}  // namespace nascent::test
