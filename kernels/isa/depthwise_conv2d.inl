// Ladder: v1 naive = reference/depthwise_conv2d.h; v3 line buffer, and from it sums over lists of taps
// (depthwise_rows.inl): this file. v4, the 1x1 convolution that follows fused in, is edge_forward.inl.
// Outputs that share their weights are a vector of channels at every pixel; at stride 1 pixels are one flat run, and
// any number of channels fills whole vectors: weights are repeated over lane_period(channels). Intensity of 3x3: 18
// FLOP per 8 bytes, 2 FLOP/byte: memory-bound from L3 on; 5x5, 6 FLOP/byte, is bound by its loads.
#pragma once
#include "kernels/depthwise_conv2d.h"
#include "kernels/isa/depthwise_input_grad.inl"
#include "kernels/isa/padded_band.inl"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// w[taps][channels] repeated to [taps][period].
inline void repeat_weights(const DepthwiseShape& s, const float* w, float* to) {
  const std::int64_t taps = s.kernel_h * s.kernel_w, period = lane_period(s.channels);
  for (std::int64_t t = 0; t < taps; ++t)
    for (std::int64_t lane = 0; lane < period; lane += s.channels)
      copy(s.channels, w + t * s.channels, to + t * period + lane);
}

// A row of `pixels` outputs from r on, each of `channels` floats. Reads up to a vector beyond the last pixel of x.
template <int W>
NASCENT_INLINE void depthwise_lanes(TapRun r, std::int64_t pixels, std::int64_t left) {
  const float* const x = r.x;
  float* const y = r.y;
  r.lanes = left < W ? left : 0;
  each_tile(pixels, max_rows(1), [&](std::int64_t begin, std::int64_t count) {
    r.x = x + begin * r.x_step, r.y = y + begin * r.y_step;
    kTapRuns<W>[count - 1](r);
  });
}
inline void depthwise_row(TapRun r, std::int64_t pixels, std::int64_t channels, std::int64_t period) {
  constexpr int W = kWidth;
  const float *const x = r.x, *const w = r.w;
  float* const y = r.y;
  const bool flat = r.x_step == channels && r.y_step == channels;
  const std::int64_t n = flat ? pixels * channels : channels;  // floats of a run, and of a pixel
  if (flat) r.x_step = r.y_step = period;
  for (std::int64_t lane = 0; lane < n && lane < period; lane += W) {
    r.x = x + lane, r.w = w + lane, r.y = y + lane;
    const std::int64_t left = n - lane;
    if (flat) {  // whole vectors a period apart, then what is left of the row
      const std::int64_t whole = left < W ? 0 : (left - W) / period + 1, rest = left - whole * period;
      if (whole > 0) depthwise_lanes<W>(r, whole, W);
      r.x += whole * period, r.y += whole * period;
      if (rest > 0) depthwise_lanes<W>(r, 1, rest);
    } else if (W > 4 && left <= 4) {
      depthwise_lanes<4>(r, pixels, left);
    } else if (W > 8 && left <= 8) {
      depthwise_lanes<(W > 8 ? 8 : W)>(r, pixels, left);
    } else {
      depthwise_lanes<W>(r, pixels, left);
    }
  }
}

// Calls body(image, first row, rows, buffer that holds what they read) for each band, in parallel.
template <class Body>
NASCENT_INLINE void each_band(const BandShape& b, std::int64_t batch, const float* x, float* buffers,
                              const Body& body) {
  parallel_chunks(batch * b.bands(), [&](std::int64_t chunk) {
    const std::int64_t image = chunk / b.bands(), begin = chunk % b.bands() * b.band();
    const std::int64_t rows = begin + b.band() < b.out_height ? b.band() : b.out_height - begin;
    float* buffer = buffers + worker() * b.floats();
    fill_band(b, x + image * b.height * b.width * b.channels, begin, rows, buffer);
    body(image, begin, rows, buffer);
  });
}

// The taps from number `first` on, as many as a list holds; returns the number of the next.
inline std::int64_t convolution_taps(const DepthwiseShape& s, const BandShape& b, bool reversed, std::int64_t first,
                                     TapList& taps) {
  taps.count = 0;
  for (; first < s.kernel_h * s.kernel_w && taps.count < kMaxTaps; ++first, ++taps.count) {
    const std::int64_t u = first / s.kernel_w, v = first % s.kernel_w;
    taps.offset[taps.count] = s.dilation * (u * b.pitch() + v * s.channels);
    taps.weight[taps.count] = (reversed ? s.kernel_h * s.kernel_w - 1 - first : first) * lane_period(s.channels);
  }
  return first;
}

// Calls body(image, begin, end) for runs of about `at_once` of each image's rows, in parallel.
template <class Body>
NASCENT_INLINE void each_rows(std::int64_t batch, std::int64_t rows, std::int64_t at_once, const Body& body) {
  const std::int64_t runs = (rows + at_once - 1) / at_once;
  parallel_chunks(batch * runs, [&](std::int64_t chunk) {
    const std::int64_t image = quotient(chunk, runs), run = chunk - image * runs;
    body(image, chunk_begin(rows, runs, run), chunk_begin(rows, runs, run + 1));
  });
}

// By windows, straight from the image.
inline void convolve_windows(const DepthwiseShape& s, WindowKernel window, const float* x, const float* w, float* y) {
  const std::int64_t c = s.channels, pitch = s.width * c, columns = s.out_width();
  const std::int64_t at_once = window_rows_at_once(pitch, s.dilation * (s.kernel_h - 1), s.stride, columns);
  const bool ahead = wants_fetching(s, kWidth);
  each_rows(s.batch, s.out_height(), at_once, [&](std::int64_t image, std::int64_t begin, std::int64_t end) {
    const std::int64_t top = begin * s.stride - s.padding;
    window({.x = x + (image * s.height + top) * pitch - s.padding * c,
            .x_row = pitch,
            .x_step = c,
            .w = w,
            .w_row = s.kernel_w * c,
            .w_step = c,
            .y = y + (image * s.out_height() + begin) * columns * c,
            .y_row = columns * c,
            .y_step = c,
            .rows = end - begin,
            .columns = columns,
            .kernel_h = s.kernel_h,
            .first_row = -top,
            .last_row = s.height - top,
            .first = s.padding,
            .last = s.padding + s.width,
            .next_x = ahead ? x + (image * s.height + end * s.stride + s.padding) * pitch : nullptr,
            .next_y = ahead ? y + (image * s.out_height() + end) * columns * c : nullptr,
            .next_x_floats = s.stride * s.stride,
            .next_y_floats = 1,
            .next_x_by_pixel = read_every(s.stride, s.dilation) > 1},
           c);
  });
}

// The convolution that reads band b of x: forward, or the input gradient of stride 1, whose kernel is reversed.
void convolve_depthwise(const DepthwiseShape& s, const BandShape& b, bool reversed, const float* x, const float* w,
                        float* y, float* scratch) {
  const std::int64_t c = s.channels, period = lane_period(c), all = s.kernel_h * s.kernel_w;
  repeat_weights(s, w, scratch);
  each_band(b, s.batch, x, scratch + all * period,
            [&](std::int64_t image, std::int64_t begin, std::int64_t rows, const float* buffer) {
              TapList taps;
              for (std::int64_t first = 0; first < all;) {
                const bool add = first > 0;
                first = convolution_taps(s, b, reversed, first, taps);
                for (std::int64_t row = 0; row < rows; ++row)
                  depthwise_row({.taps = &taps,
                                 .x = buffer + row * b.stride * b.pitch(),
                                 .x_step = b.stride * c,
                                 .w = scratch,
                                 .y = y + (image * b.out_height + begin + row) * b.out_width * c,
                                 .y_step = c,
                                 .add = add},
                                b.out_width, c, period);
              }
            });
}

// Few channels leave most of a vector empty unless pixels are one flat run of taps, which a stride breaks up.
inline bool fill_vectors(const DepthwiseShape& s) { return s.channels >= (s.stride > 1 ? 4 : 16); }

void depthwise_conv2d_forward(const DepthwiseShape& s, const float* x, const float* w, float* y, float* scratch) {
  const WindowKernel window =
      fill_vectors(s) ? window_kernel(s.kernel_w, s.stride, s.dilation, s.padding) : WindowKernel{};
  if (window)
    convolve_windows(s, window, x, w, y);
  else
    convolve_depthwise(s, forward_band(s), false, x, w, y, scratch);
}

inline void input_grad_windows(const InputGrad& whole, std::int64_t batch, bool fetch) {
  each_rows(batch, phase_size(whole.height, whole.stride, 0), phase_rows_at_once(whole),
            [&](std::int64_t image, std::int64_t begin, std::int64_t end) {
              InputGrad g = whole;
              g.dy += image * g.out_height * g.dy_row;
              g.dx += image * g.height * g.width * g.lanes;
              if (fetch) {
                g.next_x = g.dy + (end + g.padding / g.stride) * g.dy_row;
                g.next_y = g.dx + end * g.stride * g.width * g.lanes;
              }
              input_grad_rows(g, begin, end);
            });
}

// In gather form: each remainder by the stride is a convolution of its own, over the taps that reach it.
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  const BandShape b = gradient_band(s);
  const std::int64_t c = s.channels;
  const InputGrad by_window{.kernel_h = s.kernel_h,
                            .kernel_w = s.kernel_w,
                            .stride = s.stride,
                            .dilation = s.dilation,
                            .padding = s.padding,
                            .dy = dy,
                            .dy_row = s.out_width() * c,
                            .out_height = s.out_height(),
                            .out_width = s.out_width(),
                            .between_zeros = false,
                            .w = w,
                            .w_step = c,
                            .dx = dx,
                            .height = s.height,
                            .width = s.width,
                            .lanes = c,
                            .add = false};
  const bool fetch = wants_fetching(s, kWidth);
  if (fill_vectors(s) && by_windows(by_window)) return input_grad_windows(by_window, s.batch, fetch);
  if (s.stride == 1 && s.padding <= s.dilation * ((s.kernel_h < s.kernel_w ? s.kernel_h : s.kernel_w) - 1))
    return convolve_depthwise(s, b, true, dy, w, dx, scratch);
  const std::int64_t period = lane_period(c), all = s.kernel_h * s.kernel_w;
  const GatheredTaps gathered{s.kernel_h, s.kernel_w, s.stride, s.dilation, s.padding, b.pitch(), c, period};
  repeat_weights(s, w, scratch);
  each_band(b, s.batch, dy, scratch + all * period,
            [&](std::int64_t image, std::int64_t begin, std::int64_t rows, const float* buffer) {
              TapList taps;
              for (std::int64_t i = 0; i < s.stride; ++i)
                for (std::int64_t j = 0; j < s.stride && j < s.width; ++j)
                  for (std::int64_t first = 0; first < all;) {
                    const bool add = first > 0;
                    first = gathered.of(i, j, first, taps);
                    for (std::int64_t q = 0; q < rows && (begin + q) * s.stride + i < s.height; ++q)
                      depthwise_row({.taps = &taps,
                                     .x = buffer + (q + b.pad_h) * b.pitch() + b.pad_w * c,
                                     .x_step = c,
                                     .w = scratch,
                                     .y = dx + ((image * s.height + (begin + q) * s.stride + i) * s.width + j) * c,
                                     .y_step = s.stride * c,
                                     .add = add},
                                    (s.width - j + s.stride - 1) / s.stride, c, period);
                  }
            });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
