// A product cut into tiles: columns into panels, rows into tiles.
#pragma once
#include "kernels/isa/processor.inl"
#include "kernels/isa/tile.inl"

namespace nascent::kernels::NASCENT_ISA {

// By rows - 1, up to max_rows.
struct TileKernels {
  TileKernel along_k[16], along_rows[16];
};
struct TileTable {
  TileKernels vectors[kMostVectors];  // of one whole vector, of two, ...
  TileKernels eight, four;            // columns, where those are less than a vector
};
extern const TileTable tile_table;  // tiles.cpp

namespace {

// A panel of columns: as wide as fits, the rest by the narrowest vector that holds it, or with what is before it
// (has_whole_units).
struct Panel {
  std::int64_t begin, columns, width;
  int vectors;
  const TileKernel* along_k;
  const TileKernel* along_rows;
};

template <int W, int NV>
NASCENT_INLINE Panel make_panel(std::int64_t begin, std::int64_t left) {
  const TileKernels& tiles = W == kWidth ? tile_table.vectors[NV - 1] : W == 8 ? tile_table.eight : tile_table.four;
  return {begin, left < W * NV ? left : W * NV, W * NV, NV, tiles.along_k, tiles.along_rows};
}

inline Panel panel_at(std::int64_t begin, std::int64_t n) {
  const std::int64_t left = n - begin;
  if constexpr (kMostVectors == 4) {
    if (left % kWidth != 0 && has_whole_units()) {
      if (left > 2 * kWidth && left < 3 * kWidth) return make_panel<kWidth, 3>(begin, left);
      if (left > kWidth && left < 2 * kWidth) return make_panel<kWidth, 2>(begin, left);
    }
    if (left >= 3 * kWidth && left % (3 * kWidth) == 0 && left % (4 * kWidth) != 0)
      return make_panel<kWidth, 3>(begin, left);
    if (left >= 4 * kWidth) return make_panel<kWidth, 4>(begin, left);
    if (left >= 3 * kWidth) return make_panel<kWidth, 3>(begin, left);
  }
  if (left >= 2 * kWidth) return make_panel<kWidth, 2>(begin, left);
  if constexpr (kWidth > 4)
    if (left <= 4) return make_panel<4, 1>(begin, left);
  if constexpr (kWidth > 8)
    if (left <= 8) return make_panel<8, 1>(begin, left);
  return make_panel<kWidth, 1>(begin, left);
}

// Calls body(panel) for each panel of n columns.
template <class Body>
NASCENT_INLINE void each_panel(std::int64_t n, const Body& body) {
  for (std::int64_t begin = 0; begin < n;) {
    const Panel panel = panel_at(begin, n);
    body(panel);
    begin += panel.width;
  }
}

// The tiles of a product of so many rows and columns.
inline std::int64_t count_tiles(std::int64_t rows, std::int64_t columns) {
  std::int64_t tiles = 0;
  each_panel(columns, [&](const Panel& panel) { tiles += (rows - 1) / max_rows(panel.vectors) + 1; });
  return tiles;
}

// Cuts `rows` into tiles of nearly equal height (28 rows: 14 + 14, not 16 + 12) and calls body(first row, height).
template <class Body>
NASCENT_INLINE void each_tile(std::int64_t rows, int most, const Body& body) {
  const std::int64_t tiles = (rows + most - 1) / most;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t begin = rows * t / tiles;
    body(begin, rows * (t + 1) / tiles - begin);
  }
}

// The same, tiles of one height in one call: body(first row, height, tiles). The higher ones come first.
template <class Body>
NASCENT_INLINE void each_tile_run(std::int64_t rows, int most, const Body& body) {
  const std::int64_t tiles = (rows + most - 1) / most, height = rows / tiles, higher = rows % tiles;
  if (higher > 0) body(std::int64_t{0}, height + 1, higher);
  if (higher < tiles) body(higher * (height + 1), height, tiles - higher);
}

// panel[k][width] = b[k*k_stride + n*n_stride] for its columns, zeros beyond them.
inline void pack_panel(const Panel& panel, std::int64_t k, const float* b, std::int64_t k_stride, std::int64_t n_stride,
                       float* packed) {
  b += panel.begin * n_stride;
  for (std::int64_t i = 0; i < k; ++i, packed += panel.width) {
    for (std::int64_t n = 0; n < panel.columns; ++n) packed[n] = b[i * k_stride + n * n_stride];
    for (std::int64_t n = panel.columns; n < panel.width; ++n) packed[n] = 0;
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
