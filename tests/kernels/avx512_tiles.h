#pragma once
// Both ways of a tile of which a processor's kind chooses one (isa/tile_by_shuffles.inl, isa/tile_of_pairs.inl). For
// processors with AVX-512.
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

// C [rows * count, 8] = A [rows * count, 8] B [8, 8]; an even number of rows.
void plain_tile_of_eight(std::int64_t rows, std::int64_t count, const float* a, const float* b, float* c);
void paired_tile(std::int64_t rows, std::int64_t count, const float* a, const float* b, float* c);

}  // namespace nascent::test
