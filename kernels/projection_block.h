#pragma once
// How a projection cuts its work and its scratch: shared by the kernels and by the function that sizes it.
#include "kernels/edge_plane.h"
#include "kernels/projection.h"

namespace nascent::kernels {

// Whole rows of pixels in hand at a time: 16 KB of them, half an L1, or one row.
struct ProjectionBlock {
  std::int64_t in, out, rows, pixels;  // out: of all heads

  static ProjectionBlock of(const Projection& p) {
    const std::int64_t in = p.in_channels(), out = p.outputs(), row = p.out_width() * in;
    const std::int64_t rows = row >= 4096 ? 1 : 4096 / row;
    return {in, out, rows < p.out_height() ? rows : p.out_height(), p.out_width()};
  }
  // What the taps read or its gradient, and what all heads write or its gradient; 16 beyond the end, where a vector may
  // read.
  [[gnu::always_inline]] std::int64_t gathered() const { return round_up(rows * pixels * in + 16, 16); }
  [[gnu::always_inline]] std::int64_t written() const { return round_up(rows * pixels * out + 16, 16); }
  [[gnu::always_inline]] std::int64_t worker_floats() const { return 2 * gathered() + 2 * written(); }
  // The weights of a tap of all heads side by side, packed for z = r*w or for dr = dz*w^T.
  [[gnu::always_inline]] std::int64_t packed_forward(std::int64_t outputs) const { return in * round_up(outputs, 16); }
  [[gnu::always_inline]] std::int64_t packed_backward(std::int64_t outputs) const { return outputs * round_up(in, 16); }
};

}  // namespace nascent::kernels
