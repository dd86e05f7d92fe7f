// Backward of a separable branch of one image; edge_group_backward.inl calls it branch by branch. With t the
// depthwise output (made again: 2*K*K FLOP a value cost less than storing and reading it), P the pointwise matrix:
//   dz = a*dy + b*z + d;  dP += t^T dz;  dt = dz P^T;  dD[tap] += relu(x)[tap] * dt;  dx += [relu(x) > 0] * D^T(dt)
// where D^T gathers: each input pixel sums the taps of its phase of the stride, nothing is scattered.
#pragma once
#include "kernels/isa/depthwise_input_grad.inl"
#include "kernels/isa/edge_scratch.inl"
#include "kernels/isa/pointwise_weight_grad.inl"
#include "kernels/isa/window_grads_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Meanwhile next_dy, of an output's size, and next_x, of an input's, are fetched; null: nothing.
inline void input_gradient(const EdgePlane& g, const EdgeBranch& b, const float* weights, const float* gradient,
                           bool add, float* dx, const float* next_dy, const float* next_x) {
  const std::int64_t lanes = g.lanes(), s = g.stride;
  const float* inside = gradient + g.pad * (g.out_pitch() + lanes);
  const InputGrad by_window{.kernel_h = b.kernel,
                            .kernel_w = b.kernel,
                            .stride = s,
                            .dilation = b.dilation,
                            .padding = b.padding(),
                            .dy = inside,
                            .dy_row = g.out_pitch(),
                            .out_height = g.out_height,
                            .out_width = g.out_width,
                            .between_zeros = true,
                            .w = weights,
                            .w_step = g.period(),
                            .dx = dx,
                            .height = g.height,
                            .width = g.width,
                            .lanes = lanes,
                            .add = add,
                            .next_x = next_dy,
                            .next_y = next_x};
  if (lanes >= 8 && by_windows(by_window)) return input_grad_image(by_window);
  const GatheredTaps gathered{b.kernel, b.kernel, s, b.dilation, b.padding(), g.out_pitch(), lanes, g.period()};
  for (std::int64_t i0 = 0; i0 < s; ++i0)
    for (std::int64_t j0 = 0; j0 < s && j0 < g.width; ++j0) {
      TapList taps;
      gathered.of(i0, j0, 0, taps);
      if (taps.count == 0 && add) continue;
      for (std::int64_t i = i0; i < g.height; i += s)
        depthwise_run({.taps = &taps,
                       .x = inside + i / s * g.out_pitch(),
                       .x_step = lanes,
                       .w = weights,
                       .y = dx + (i * g.width + j0) * lanes,
                       .y_step = s * lanes,
                       .add = add},
                      (g.width - j0 - 1) / s + 1, lanes);
    }
}

inline void edge_weight_grads(const EdgePlane& g, const EdgeBranch& b, const TapGrad& t) {
  const bool wide = t.lanes >= 16;
  const WindowGrads window = wide           ? window_grads_kernel(kWidth, b.kernel, g.stride, b.dilation)
                             : t.lanes == 8 ? window_grads_kernel(kHalfVector, b.kernel, g.stride, b.dilation)
                                            : WindowGrads{};
  if (!window) return depthwise_weight_grads(t, b.kernel);
  window(t, 0, t.lanes);
}

// What is needed after a branch of an image, fetched to L2 while that is computed, bit by bit: in one go the fetches
// would wait for each other or be forgotten, of which a core has 16 to 24 under way. So every loop has one or two of
// these. Null: nothing, or it is in L2 already.
struct Next {
  const float* dx = nullptr;                // of this image, when its last branch is in hand
  const float *dy = nullptr, *z = nullptr;  // of the next branch, or of the next image's first
  const float* x = nullptr;                 // of the next image
};

struct BranchWork {
  const float* packed;
  const float* coefficients;  // [3][period]
  std::int64_t grads;         // where this branch's weight gradients lie in a chunk's
};

// One separable branch of one image; adds to `part` when weight gradients are wanted, to planes.dx when dx is.
inline void separable_image_backward(const EdgePlane& g, const EdgeBranch& b, const BranchWork& work, const float* dy,
                                     const float* z, const WorkerPlanes& planes, float* part, bool dx, bool add,
                                     const Next& next) {
  const PackedBranch packed(g, b, work.packed);
  const std::int64_t lanes = g.lanes(), taps = b.kernel * b.kernel;
  const bool dy_by_tiles = !part && kRegisters == 32;
  for (std::int64_t row = 0; row < g.out_height; row += g.band_rows()) {
    const std::int64_t rows = row + g.band_rows() < g.out_height ? g.band_rows() : g.out_height - row;
    const std::int64_t pixels = rows * g.out_width, at = row * g.out_width * g.channels;
    // An input is stride * stride times an output: more than bands can fetch, unless that is 1.
    const float *next_x = next.x ? next.x + row * g.stride * g.width * g.channels : nullptr,
                *dx_rows = next.dx && g.stride == 1 ? next.dx + at : nullptr;
    fill_gradient(pixels, g.channels, lanes, dy + at, z + at, work.coefficients, planes.dz, part ? nullptr : dx_rows);
    if (part) {
      depthwise_rows(g, b, planes.input, packed.depthwise, row, rows, planes.middle, g.stride > 1 ? next_x : dx_rows);
      Fetched next_input;
      if (next_x && g.stride == 1) next_input.add(next_x, 0, g.channels);
      add_pointwise_weight_grad({.pixels = pixels,
                                 .in = g.channels,
                                 .out = g.channels,
                                 .a = planes.middle,
                                 .a_step = lanes,
                                 .dz = planes.dz,
                                 .dz_step = lanes,
                                 .dw = part + taps * lanes},
                                next_input);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t pixel = at + i * g.out_width * g.channels;
      pointwise(g.out_width, g.channels, planes.dz + i * g.out_width * lanes, lanes, packed.pointwise,
                planes.gradient + (row + i + g.pad) * g.out_pitch() + g.pad * lanes, lanes, false,
                next.z ? next.z + pixel : nullptr, dy_by_tiles && next.dy ? next.dy + pixel : nullptr);
    }
  }
  if (part) {
    const std::int64_t inset = g.pad - b.padding();
    edge_weight_grads(g, b,
                      {.x = planes.input + inset * (g.in_pitch() + lanes),
                       .x_row = g.stride * g.in_pitch(),
                       .x_step = g.stride * lanes,
                       .tap_row = b.dilation * g.in_pitch(),
                       .tap_column = b.dilation * lanes,
                       .g = planes.gradient + g.pad * (g.out_pitch() + lanes),
                       .g_row = g.out_pitch(),
                       .g_step = lanes,
                       .rows = g.out_height,
                       .columns = g.out_width,
                       .sums = part,
                       .lanes = lanes});
  }
  if (dx)
    input_gradient(g, b, packed.depthwise, planes.gradient, add, planes.dx, dy_by_tiles ? nullptr : next.dy,
                   part ? nullptr : next.x);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
