// Ladder: v1 naive = reference/matmul.h; v2 register tile over packed panels of B: this file. Cache blocking of k and m
// is not done: our products have k <= a few hundred, so a panel (k * 32 floats) lies in L2 and its reuse is m.
// Intensity of [pixels,16]x[16,16]: 512 FLOP per 128 bytes, 4 FLOP/byte: near the ridge, memory-bound on few channels.
#pragma once
#include "kernels/isa/fetch_by_tiles.inl"
#include "kernels/matmul.h"
#include "kernels/padded_band.h"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// 32 KB, an L1, in floats: beside a panel of B no larger the next rows of A are fetched there and not to L2. On Zen 4
// 64 to 16 channels 1.12 times as fast, 16 to 16 1.07, 144 to 36 1.03; beside a panel of 64 KB 0.93, of three or four
// vectors, which take longer over a row, 0.97.
constexpr std::int64_t kNearPanel = 8192;

// How far behind the next tile the rows of A lie that are fetched, in floats. With 16 registers a tile of 16 steps
// takes 30 ns, of 64 115, and DRAM 160: 4 KB on, 1x1 convolutions from 64 to 16 channels take 0.82 to 0.89 of the time
// (Zen 3).
constexpr std::int64_t kReadAhead = kRegisters == 16 ? 1024 : 0;

// Of several panels, with 16 registers, all tiles of a chunk evenly fetch what the next one reads and, where a tile
// takes no longer than DRAM, writes: the rows of C two tiles below, of a panel a line each, would come late. A chunk is
// 32 KB of either, in floats, which an L1 holds. From 16 to 64 channels 0.75 of the time, from 36 to 36 0.82, from 36
// to 144 0.9 to 0.92 (Zen 3).
constexpr std::int64_t kChunkFloats = 8192, kShortTile = 64;

void matmul(const MatmulShape& s, const float* a, const float* b, float* c, float* scratch) {
  each_panel(s.n, [&](const Panel& panel) {
    float* packed = scratch + panel.begin * s.k;
    if (s.transpose_b)
      pack_panel(panel, s.k, b, 1, s.k, packed);
    else
      pack_panel(panel, s.k, b, s.n, 1, packed);
  });
  const bool evenly = kRegisters == 16 && s.n > kMostVectors * kWidth && !s.transpose_a,
             fetch_c = s.n > 16 && !(evenly && s.k < kShortTile);
  // About 2^18 multiply-adds a chunk, a few microseconds; a multiple of the tile heights 16 and 12.
  const std::int64_t work = (std::int64_t{1} << 18) / (s.n * s.k),
                     most = evenly ? kChunkFloats / (s.n > s.k ? s.n : s.k) : 1536;
  const std::int64_t fit = (work < most ? work : most) / 48 * 48, grain = fit < 48 ? 48 : fit;
  Fetched next;
  if (evenly && !fetch_c) next.add(c, 0, s.n);
  if (evenly) next.add(a, 0, s.k);
  const TileFetches plan(next, grain, count_tiles(grain, s.n), s.k, max_rows(kMostVectors));
  parallel_ranges(s.m, grain, [&](std::int64_t begin, std::int64_t end) {
    TileFetches fetches = plan.after(end);
    each_panel(s.n, [&](const Panel& panel) {
      const bool by_rows = !evenly && panel.begin == 0;
      each_tile_run(end - begin, max_rows(panel.vectors), [&](std::int64_t at, std::int64_t rows, std::int64_t tiles) {
        for (std::int64_t row = begin + at; tiles > 0;) {
          const TileFetch ahead =
              by_rows ? TileFetch{a + (row + rows) * s.k + kReadAhead, tiles, rows} : fetches.take(tiles);
          Tile tile{.a = s.transpose_a ? a + row : a + row * s.k,
                    .a_stride = s.transpose_a ? s.m : s.k,
                    .k = s.k,
                    .b = scratch + panel.begin * s.k,
                    .b_step = panel.width,
                    .c = c + row * s.n + panel.begin,
                    .c_row = s.n,
                    .columns = panel.columns,
                    .count = ahead.tiles,
                    .fetch_c = fetch_c};
          if (!s.transpose_a) {
            tile.ahead = ahead.from, tile.ahead_step = ahead.step;
            tile.ahead_is_a = by_rows && s.k * panel.width <= kNearPanel && panel.vectors <= 2;
          }
          (s.transpose_a ? panel.along_rows : panel.along_k)[rows - 1](tile);
          row += ahead.tiles * rows, tiles -= ahead.tiles;
        }
      });
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
