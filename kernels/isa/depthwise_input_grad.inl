// Input gradients of depthwise convolution by windows. Input pixel s*q + r was read by tap v from output
// q + (r + padding - v*dilation)/s, where that is whole. Of stride 1 that is a convolution by the kernel reversed. Of
// stride 2 each remainder r of the rows has kernel rows of its own, and a row goes by a stride of a half; with dilation
// 2 besides, one remainder of rows and of columns was read, by stride 1. Nothing is scattered or multiplied by zero.
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
  // What is needed next, fetched to L2: x, of an output's size, with the first remainder of rows, y, of an input's,
  // with all of them. Null: nothing.
  const float *next_x = nullptr, *next_y = nullptr;
};

// The taps of one remainder along one axis: `count` of them, `step` apart, the last of which reads output q + first.
struct Phase {
  std::int64_t count = 0, step = 1, last = 0, first = 0;
};
// The stride is 1 or 2: see by_windows.
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
// Input pixels of a remainder along an axis of `size`.
inline std::int64_t phase_size(std::int64_t size, std::int64_t stride, std::int64_t remainder) {
  return stride == 1 ? size : (size - remainder + 1) >> 1;
}

// How columns are made: by which window, or none, the first of them from which column of dy on, by which tap first, and
// which of dx they are.
struct GradColumns {
  WindowKernel window = {};
  std::int64_t first = 0, tap = 0, tap_step = 1;
  std::int64_t begin = 0, apart = 1, count = 0;
};
inline GradColumns columns_of(const InputGrad& g) {
  const bool half = g.stride == 2 && g.dilation == 1;
  GradColumns columns{.count = g.width};
  std::int64_t pixels;  // of dy, that are read
  if (half) {
    const int kernel = static_cast<int>(g.kernel_w);
    columns.first = -half_window_before(kernel);
    pixels = half_window_pixels(kernel, g.width);
  } else {
    columns.begin = g.stride == 2 ? g.padding & 1 : 0, columns.apart = g.stride;
    columns.count = phase_size(g.width, g.stride, columns.begin);
    const Phase phase = phase_of(g, g.kernel_w, columns.begin);
    columns.first = phase.first, columns.tap = phase.last, columns.tap_step = -1;
    pixels = columns.count + (g.kernel_w - 1) * g.dilation / g.stride;
  }
  const std::int64_t left = -columns.first, right = columns.first + pixels - g.out_width,
                     outside = left > right ? left : right;
  if (!half)
    columns.window = window_kernel(g.kernel_w, 1, g.dilation / g.stride, outside);
  else if (2 * g.padding == g.kernel_w - 1)
    columns.window = half_window_kernel(g.kernel_w, outside);
  return columns;
}

inline bool by_windows(const InputGrad& g) {
  const bool known = g.stride == 1 || (g.stride == 2 && (g.dilation == 1 || g.dilation == 2));
  return known && g.lanes >= 4 && columns_of(g).window;
}

// Rows [begin, end) of every remainder, of one image. Needs by_windows(g).
inline void input_grad_rows(const InputGrad& g, std::int64_t begin, std::int64_t end) {
  const std::int64_t c = g.lanes, s = g.stride;
  const GradColumns columns = columns_of(g);
  const float *next_x = g.next_x, *next_y = g.next_y;
  for (std::int64_t i = 0; i < s; ++i) {
    const Phase rows = phase_of(g, g.kernel_h, i);
    const std::int64_t size = phase_size(g.height, s, i), to = end < size ? end : size;
    if (!g.add && (rows.count == 0 || columns.apart > 1))  // what no tap reaches
      for (std::int64_t q = begin; q < to; ++q) clear(g.width * c, g.dx + (q * s + i) * g.width * c);
    if (rows.count == 0 || begin >= to) continue;
    columns.window({.x = g.dy + (begin + rows.first) * g.dy_row + columns.first * c,
                    .x_row = g.dy_row,
                    .x_step = c,
                    .w = g.w + (rows.last * g.kernel_w + columns.tap) * g.w_step,
                    .w_row = -rows.step * g.kernel_w * g.w_step,
                    .w_step = columns.tap_step * g.w_step,
                    .y = g.dx + ((begin * s + i) * g.width + columns.begin) * c,
                    .y_row = s * g.width * c,
                    .y_step = columns.apart * c,
                    .rows = to - begin,
                    .columns = columns.count,
                    .kernel_h = rows.count,
                    .first_row = -rows.first - begin,
                    .last_row = g.out_height - rows.first - begin,
                    .first = g.between_zeros ? 0 : -columns.first,
                    .last = g.between_zeros ? kEverywhere : g.out_width - columns.first,
                    .add = g.add,
                    .next_x = next_x,
                    .next_y = next_y,
                    .next_x_floats = 1,
                    .next_y_floats = columns.apart * columns.apart},
                   c);
    next_x = nullptr;
    if (next_y) next_y += (to - begin) * g.width * c;
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
  if (image.lanes <= 16) return input_grad_rows(image, 0, rows);
  const std::int64_t fit = phase_rows_at_once(image), at_once = fit < 4 ? 4 : fit;
  for (std::int64_t begin = 0; begin < rows; begin += at_once) {
    InputGrad band = image;
    const std::int64_t outputs = begin * image.out_width * image.lanes;
    if (band.next_x) band.next_x += outputs;
    if (band.next_y) band.next_y += outputs * image.stride * image.stride;
    input_grad_rows(band, begin, begin + at_once < rows ? begin + at_once : rows);
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
