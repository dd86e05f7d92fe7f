// Input gradients of depthwise convolution by windows. Input pixel s*q + r was read by tap v from output
// q + (r + padding - v*dilation)/s, where that is whole: so each remainder r by the stride is a convolution of its own,
// of stride 1, by every step-th tap, the kernel reversed. Nothing is scattered, nothing is multiplied by zero.
#pragma once
#include "kernels/isa/depthwise_rows.inl"
#include "kernels/isa/window_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

struct InputGrad {
  std::int64_t kernel_h, kernel_w, stride, dilation, padding;
  const float* dy;  // [out_height][out_width][lanes], rows dy_row floats apart
  std::int64_t dy_row, out_height, out_width;
  bool between_zeros;  // on every side of dy lie as many pixels of zeros as a window reads
  const float* w;      // [kernel_h][kernel_w], w_step floats apart
  std::int64_t w_step;
  float* dx;  // [height][width][lanes]
  std::int64_t height, width, lanes;
  bool add;  // dx += rather than dx =
  // What is needed next, fetched to L2: x, of an output's size, with the first remainder's outputs, y, of an input's,
  // with all of them. Null: nothing.
  const float *next_x = nullptr, *next_y = nullptr;
};

// The taps of one remainder along one axis: `count` of them, `step` apart, the last of which reads output q + first.
struct Phase {
  std::int64_t count = 0, step = 1, last = 0, first = 0;
};
// The stride is 1 or 2: see by_phases.
inline Phase phase_of(const InputGrad& g, std::int64_t kernel, std::int64_t remainder) {
  if (g.stride == 1)
    return {.count = kernel, .step = 1, .last = kernel - 1, .first = g.padding - (kernel - 1) * g.dilation};
  Phase phase;
  for (std::int64_t tap = 0; tap < kernel; ++tap) {
    const std::int64_t output = remainder + g.padding - tap * g.dilation;
    if (output & 1) continue;
    if (phase.count++ > 0) phase.step = tap - phase.last;
    phase.last = tap, phase.first = output >> 1;
  }
  return phase;
}
// Outputs between the taps of a remainder.
inline std::int64_t phase_dilation(const InputGrad& g) {
  return g.stride % 2 == 0 && g.dilation % 2 == 0 ? g.dilation / 2 : g.dilation;
}
// Input pixels of a remainder along an axis of `size`.
inline std::int64_t phase_size(std::int64_t size, std::int64_t stride, std::int64_t remainder) {
  return stride == 1 ? size : (size - remainder + 1) >> 1;
}

// The window of a remainder's columns, or null. More may lie outside where dy has fewer columns than asked for.
inline WindowKernel phase_window(const InputGrad& g, const Phase& columns, std::int64_t remainder) {
  const std::int64_t dilation = phase_dilation(g), size = phase_size(g.width, g.stride, remainder);
  const std::int64_t left = -columns.first, right = columns.first + size + (columns.count - 1) * dilation - g.out_width;
  return window_kernel(columns.count, 1, dilation, left > right ? left : right);
}

inline bool by_phases(const InputGrad& g) {
  if (g.lanes < 4 || g.stride < 1 || g.stride > 2) return false;
  for (std::int64_t j = 0; j < g.stride && j < g.width; ++j) {
    const Phase columns = phase_of(g, g.kernel_w, j);
    if (columns.count > 0 && !phase_window(g, columns, j)) return false;
  }
  return true;
}

// Rows [begin, end) of every remainder, of one image. Needs by_phases(g).
inline void input_grad_by_phases(const InputGrad& g, std::int64_t begin, std::int64_t end) {
  const std::int64_t c = g.lanes, s = g.stride;
  // A part with every remainder that taps reach: the first, of a tap, would be nothing but fetches.
  const std::int64_t parts = g.dilation % 2 == 0 ? 1 : s * s;
  const float* next_y = g.next_y;
  for (std::int64_t i = 0; i < s; ++i) {
    const Phase rows = phase_of(g, g.kernel_h, i);
    const std::int64_t size = phase_size(g.height, s, i), to = end < size ? end : size;
    for (std::int64_t j = 0; j < s && j < g.width && !g.add; ++j)
      if (rows.count == 0 || phase_of(g, g.kernel_w, j).count == 0) {  // what no tap reaches
        for (std::int64_t q = begin; q < to; ++q) clear(g.width * c, g.dx + (q * s + i) * g.width * c);
        break;
      }
    for (std::int64_t j = 0; j < s && j < g.width && rows.count > 0 && begin < to; ++j) {
      const Phase columns = phase_of(g, g.kernel_w, j);
      if (columns.count == 0) continue;
      const bool first = i == 0 && j == 0;
      const std::int64_t width = phase_size(g.width, s, j);
      phase_window(g, columns, j)({.x = g.dy + (begin + rows.first) * g.dy_row + columns.first * c,
                                   .x_row = g.dy_row,
                                   .x_step = c,
                                   .w = g.w + (rows.last * g.kernel_w + columns.last) * g.w_step,
                                   .w_row = -rows.step * g.kernel_w * g.w_step,
                                   .w_step = -columns.step * g.w_step,
                                   .y = g.dx + ((begin * s + i) * g.width + j) * c,
                                   .y_row = s * g.width * c,
                                   .y_step = s * c,
                                   .rows = to - begin,
                                   .columns = width,
                                   .kernel_h = rows.count,
                                   .first_row = -rows.first - begin,
                                   .last_row = g.out_height - rows.first - begin,
                                   .first = g.between_zeros ? 0 : -columns.first,
                                   .last = g.between_zeros ? kEverywhere : g.out_width - columns.first,
                                   .add = g.add,
                                   .next_x = first ? g.next_x : nullptr,
                                   .next_y = next_y,
                                   .next_x_floats = 1,
                                   .next_y_floats = s * s / parts},
                                  c);
      if (next_y) next_y += (to - begin) * width * c;
    }
  }
}

// Rows of a remainder to take at once: see window_rows_at_once.
inline std::int64_t phase_rows_at_once(const InputGrad& g) {
  return window_rows_at_once(g.dy_row, g.dilation * (g.kernel_h - 1) / g.stride, 1, g.out_width);
}

// A whole image; where its pixels are several lines of the caches, in bands that stay in L1 from one vector of lanes to
// the next. A band has four rows at least, beside which its own work is small.
inline void input_grad_image(const InputGrad& image) {
  const std::int64_t rows = phase_size(image.height, image.stride, 0);
  if (image.lanes <= 16) return input_grad_by_phases(image, 0, rows);
  const std::int64_t fit = phase_rows_at_once(image), at_once = fit < 4 ? 4 : fit;
  for (std::int64_t begin = 0; begin < rows; begin += at_once) {
    InputGrad band = image;
    const std::int64_t outputs = begin * image.out_width * image.lanes;
    if (band.next_x) band.next_x += outputs;
    if (band.next_y) band.next_y += outputs * image.stride * image.stride;
    input_grad_by_phases(band, begin, begin + at_once < rows ? begin + at_once : rows);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
