#pragma once
// Both ways of a tile with one vector of columns, of which a processor's kind chooses one (isa/tile_by_shuffles.inl).
// For processors with AVX-512.
#include <cstdint>

namespace nascent::test {

// C [rows * count, columns] (+)= A B over `outer` runs of k; A's runs lie one behind the other.
struct TileCase {
  bool along_rows = false;  // A [outer * k, 16], rows = 16, count = 1; else A [rows * count, outer * k]
  std::int64_t rows = 16, columns = 16, outer = 1, k = 16, count = 1;
  bool add = false;
};
// B [outer * k, 16], along rows [outer * k, columns].
void plain_tile(const TileCase& tile, const float* a, const float* b, float* c);
void shuffled_tile(const TileCase& tile, const float* a, const float* b, float* c);

}  // namespace nascent::test
