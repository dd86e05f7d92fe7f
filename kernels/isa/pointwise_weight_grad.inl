// dw += a^T dz of some pixels in L1: the weight gradient of a block's 1x1 and of a projection.
#pragma once
#include "kernels/isa/fetch_by_tiles.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// a [pixels, in], dz [pixels, out], with pixels so many floats apart; dw [in, out].
struct PointwiseGrad {
  std::int64_t pixels, in, out;
  const float* a;
  std::int64_t a_step;
  const float* dz;
  std::int64_t dz_step;
  float* dw;
};

// Meanwhile fetches `next`.
inline void add_pointwise_weight_grad(const PointwiseGrad& g, const Fetched& next) {
  TileFetches fetches(next, g.pixels, count_tiles(g.in, g.out), g.pixels, kLineFloats);
  each_panel(g.out, [&](const Panel& panel) {
    each_tile_run(g.in, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height, std::int64_t tiles) {
      for (TileFetch ahead; tiles > 0; tiles -= ahead.tiles, row += ahead.tiles * height) {
        ahead = fetches.take(tiles);
        panel.along_rows[height - 1]({.a = g.a + row,
                                      .a_stride = g.a_step,
                                      .k = g.pixels,
                                      .b = g.dz + panel.begin,
                                      .b_step = g.dz_step,
                                      .c = g.dw + row * g.out + panel.begin,
                                      .c_row = g.out,
                                      .columns = panel.columns,
                                      .count = ahead.tiles,
                                      .add = true,
                                      .ahead = ahead.from,
                                      .ahead_step = ahead.step});
      }
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
