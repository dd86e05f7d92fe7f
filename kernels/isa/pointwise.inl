// A 1x1 convolution of pixels that the fused kernels hold: z = t*P, dt = dz*P^T (with P^T packed), dP += t^T dz.
#pragma once
#include "kernels/isa/tile.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// C = A B: A [pixels, k] with rows a_step apart, B packed by panels of columns, C [pixels, columns] with rows c_step
// apart. `fetch_c`: C lies in memory rather than in a plane or block.
inline void pointwise(std::int64_t pixels, std::int64_t k, const float* a, std::int64_t a_step, const float* packed,
                      std::int64_t columns, float* c, std::int64_t c_step, bool fetch_c = false) {
  each_panel(columns, [&](const Panel& panel) {
    each_tile_run(pixels, max_rows(panel.vectors), [&](std::int64_t begin, std::int64_t height, std::int64_t count) {
      panel.along_k[height - 1]({.a = a + begin * a_step,
                                 .a_stride = a_step,
                                 .k = k,
                                 .b = packed + panel.begin * k,
                                 .b_step = panel.width,
                                 .c = c + begin * c_step + panel.begin,
                                 .c_row = c_step,
                                 .columns = panel.columns,
                                 .count = count,
                                 .fetch_c = fetch_c});
    });
  });
}

// dw [in, outputs] += A^T dz: A [pixels, in] and dz [pixels, outputs] with rows a_step and dz_step apart.
inline void add_pointwise_grads(std::int64_t pixels, std::int64_t in, const float* a, std::int64_t a_step,
                                const float* dz, std::int64_t dz_step, std::int64_t outputs, float* dw) {
  each_panel(outputs, [&](const Panel& panel) {
    each_tile(in, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height) {
      panel.along_rows[height - 1]({.a = a + row,
                                    .a_stride = a_step,
                                    .k = pixels,
                                    .b = dz + panel.begin,
                                    .b_step = dz_step,
                                    .c = dw + row * outputs + panel.begin,
                                    .c_row = outputs,
                                    .columns = panel.columns,
                                    .add = true});
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
