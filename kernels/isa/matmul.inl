// Ladder: v1 naive = reference/matmul.h; v2 register tile over packed panels of B: this file. Cache blocking of k and m
// is not done: our products have k <= a few hundred, so a panel (k * 32 floats) lies in L2 and its reuse is m.
// Intensity of [pixels,16]x[16,16]: 512 FLOP per 128 bytes, 4 FLOP/byte: near the ridge, memory-bound on few channels.
#pragma once
#include "kernels/isa/panel.inl"
#include "kernels/matmul.h"
#include "kernels/padded_band.h"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// 32 KB, an L1, in floats: beside a panel of B no larger the next rows of A are fetched there and not to L2. On Zen 4
// 64 to 16 channels 1.12 times as fast, 16 to 16 1.07, 144 to 36 1.03; beside a panel of 64 KB 0.93, of three or four
// vectors, which take longer over a row, 0.97.
constexpr std::int64_t kNearPanel = 8192;

void matmul(const MatmulShape& s, const float* a, const float* b, float* c, float* scratch) {
  each_panel(s.n, [&](const Panel& panel) {
    float* packed = scratch + panel.begin * s.k;
    if (s.transpose_b)
      pack_panel(panel, s.k, b, 1, s.k, packed);
    else
      pack_panel(panel, s.k, b, s.n, 1, packed);
  });
  // About 2^18 multiply-adds a chunk, a few microseconds; a multiple of the tile heights 16 and 12.
  std::int64_t grain = (std::int64_t{1} << 18) / (s.n * s.k) / 48 * 48;
  grain = grain < 48 ? 48 : grain > 1536 ? 1536 : grain;
  const auto multiply = [&](const Panel& panel, std::int64_t row, std::int64_t rows, std::int64_t count) {
    const bool next_tile = !s.transpose_a && panel.begin == 0,
               near = s.k * panel.width <= kNearPanel && panel.vectors <= 2;
    const Tile tile{.a = s.transpose_a ? a + row : a + row * s.k,
                    .a_stride = s.transpose_a ? s.m : s.k,
                    .k = s.k,
                    .b = scratch + panel.begin * s.k,
                    .b_step = panel.width,
                    .c = c + row * s.n + panel.begin,
                    .c_row = s.n,
                    .columns = panel.columns,
                    .count = count,
                    .ahead = next_tile ? a + (row + rows) * s.k : nullptr,
                    .ahead_is_a = next_tile && near,
                    .fetch_c = s.n > 16};
    (s.transpose_a ? panel.along_rows : panel.along_k)[rows - 1](tile);
  };
  parallel_ranges(s.m, grain, [&](std::int64_t begin, std::int64_t end) {
    each_panel(s.n, [&](const Panel& panel) {
      each_tile_run(end - begin, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t rows, std::int64_t count) {
        multiply(panel, begin + row, rows, count);
      });
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
