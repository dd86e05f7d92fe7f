// Ladder: v1 naive = reference/depthwise_conv2d.h; v3 line buffer, and from it sums over lists of taps
// (depthwise_rows.inl): this file. v4, the 1x1 convolution that follows fused in, is fused_branches.inl.
// Outputs that share their weights are a vector of channels at every pixel; at stride 1 pixels are one flat run, and
// any number of channels fills whole vectors: weights are repeated over lane_period(channels). Intensity of 3x3: 18
// FLOP per 8 bytes, 2 FLOP/byte: memory-bound from L3 on; 5x5, 6 FLOP/byte, is bound by its loads.
#pragma once
#include "kernels/depthwise_conv2d.h"
#include "kernels/isa/depthwise_window_grads.inl"
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

// The taps from number `first` on that meet an output of the forward band, or that reach input pixels of remainder
// (row, column) by the stride in the gradient's: s*q + row was read by tap u from output q + (row + padding -
// u*dilation)/s, where that is whole. As many as a list holds; returns the number of the next.
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
inline std::int64_t gradient_taps(const DepthwiseShape& s, const BandShape& b, std::int64_t row, std::int64_t column,
                                  std::int64_t first, TapList& taps) {
  taps.count = 0;
  for (; first < s.kernel_h * s.kernel_w && taps.count < kMaxTaps; ++first) {
    const std::int64_t i = row + s.padding - first / s.kernel_w * s.dilation;
    const std::int64_t j = column + s.padding - first % s.kernel_w * s.dilation;
    if (i % s.stride != 0 || j % s.stride != 0) continue;
    taps.offset[taps.count] = (i / s.stride + b.pad_h) * b.pitch() + (j / s.stride + b.pad_w) * s.channels;
    taps.weight[taps.count++] = first * lane_period(s.channels);
  }
  return first;
}

// Pixels of several vectors are read a vector at a time, with gaps that the hardware does not look across: beyond 2 MB,
// twice a 1 MB L2, the next rows are fetched ahead (16x16x72 x 96: a fifth to a third less time; below, up to 8 %
// more).
inline bool fetch_ahead(const DepthwiseShape& s) {
  return s.channels > 16 && s.batch * s.height * s.width * s.channels > 512 * 1024;
}

// The same by windows, straight from the image.
inline void convolve_windows(const DepthwiseShape& s, const BandShape& b, WindowKernel window, bool reversed,
                             const float* x, const float* w, float* y) {
  const std::int64_t c = s.channels, pitch = b.width * c, w_step = reversed ? -c : c;
  if (reversed) w += (s.kernel_h * s.kernel_w - 1) * c;
  parallel_ranges(s.batch * b.out_height, b.band(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t top = row % b.out_height * b.stride - b.pad_h;
      const Inside inside = taps_inside(s.kernel_h, s.dilation, b.height, top);
      window({.x = x + (row / b.out_height * b.height + top + inside.begin * s.dilation) * pitch - b.pad_w * c,
              .x_row = s.dilation * pitch,
              .x_step = c,
              .w = w + inside.begin * s.kernel_w * w_step,
              .w_step = w_step,
              .y = y + row * b.out_width * c,
              .y_step = c,
              .kernel_h = inside.end - inside.begin,
              .first = b.pad_w,
              .last = b.pad_w + b.width,
              .ahead = fetch_ahead(s) ? (inside.end - inside.begin) * s.dilation * pitch + b.pad_w * c : 0},
             b.out_width, c);
    }
  });
}

// The convolution that reads band b of x: forward, or the input gradient of stride 1, whose kernel is reversed.
void convolve_depthwise(const DepthwiseShape& s, const BandShape& b, bool reversed, const float* x, const float* w,
                        float* y, float* scratch) {
  const std::int64_t c = s.channels, period = lane_period(c), all = s.kernel_h * s.kernel_w;
  // Few channels leave most of a vector empty unless pixels are one flat run of taps.
  const WindowKernel window = c >= 16 ? window_kernel(s.kernel_w, b.stride, s.dilation) : nullptr;
  if (window) return convolve_windows(s, b, window, reversed, x, w, y);
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

void depthwise_conv2d_forward(const DepthwiseShape& s, const float* x, const float* w, float* y, float* scratch) {
  convolve_depthwise(s, forward_band(s), false, x, w, y, scratch);
}

// In gather form: each remainder by the stride is a convolution of its own, over the taps that reach it.
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const float* dy, const float* w, float* dx, float* scratch) {
  const BandShape b = gradient_band(s);
  if (s.stride == 1 && s.padding <= s.dilation * ((s.kernel_h < s.kernel_w ? s.kernel_h : s.kernel_w) - 1))
    return convolve_depthwise(s, b, true, dy, w, dx, scratch);
  const std::int64_t c = s.channels, period = lane_period(c), all = s.kernel_h * s.kernel_w;
  repeat_weights(s, w, scratch);
  each_band(b, s.batch, dy, scratch + all * period,
            [&](std::int64_t image, std::int64_t begin, std::int64_t rows, const float* buffer) {
              TapList taps;
              for (std::int64_t i = 0; i < s.stride; ++i)
                for (std::int64_t j = 0; j < s.stride && j < s.width; ++j)
                  for (std::int64_t first = 0; first < all;) {
                    const bool add = first > 0;
                    first = gradient_taps(s, b, i, j, first, taps);
                    for (std::int64_t q = 0; q < rows && (begin + q) * s.stride + i < s.height; ++q)
                      depthwise_row({.taps = &taps,
                                     .x = buffer + q * b.pitch(),
                                     .x_step = c,
                                     .w = scratch,
                                     .y = dx + ((image * s.height + (begin + q) * s.stride + i) * s.width + j) * c,
                                     .y_step = s.stride * c,
                                     .add = add},
                                    (s.width - j + s.stride - 1) / s.stride, c, period);
                  }
            });
}

// Lanes beyond the last whole 4, one at a time.
inline void add_lane_grads(const TapGrad& t, std::int64_t lane, std::int64_t kernel_h, std::int64_t kernel_w) {
  for (std::int64_t u = 0; u < kernel_h; ++u)
    for (std::int64_t v = 0; v < kernel_w; ++v) {
      float& sum = t.sums[(u * kernel_w + v) * t.lanes + lane];
      for (std::int64_t i = 0; i < t.rows; ++i)
        for (std::int64_t j = 0; j < t.columns; ++j)
          sum = __builtin_fmaf(t.x[i * t.x_row + j * t.x_step + u * t.tap_row + v * t.tap_column + lane],
                               t.g[i * t.g_row + j * t.g_step + lane], sum);
    }
}

struct GradKernel {
  std::int64_t height, width, stride, dilation;
};
template <int W>
NASCENT_INLINE void add_lanes_grads(const TapGrad& whole, std::int64_t lane, const GradKernel& k) {
  TapGrad t = whole;
  t.x += lane, t.g += lane, t.sums += lane;
  if (k.height == k.width) return tap_grads_of<W>(t, k.width);
  for (std::int64_t tap = 0; tap < k.height * k.width; ++tap, t.sums += t.lanes) {
    TapGrad one = t;
    one.x += tap / k.width * t.tap_row + tap % k.width * t.tap_column;
    add_tap_grads<W, 1, 1>(one);
  }
}

// From a band between zeros, whatever the kernel and the channels.
inline void add_weight_grads(const TapGrad& t, const GradKernel& kernel) {
  constexpr int W = kWidth;
  for (std::int64_t lane = 0; lane < t.lanes;) {
    const std::int64_t left = t.lanes - lane;
    if (left >= W)
      add_lanes_grads<W>(t, lane, kernel), lane += W;
    else if (W > 8 && left >= 8)
      add_lanes_grads<(W > 8 ? 8 : W)>(t, lane, kernel), lane += 8;
    else if (W > 4 && left >= 4)
      add_lanes_grads<4>(t, lane, kernel), lane += 4;
    else
      add_lane_grads(t, lane++, kernel.height, kernel.width);
  }
}

// By windows, from the image itself: whole vectors, and the last channels by the narrower that holds them.
constexpr int kHalfVector = kWidth < 8 ? kWidth : 8;
inline void add_window_weight_grads(const TapGrad& t, const GradKernel& k) {
  const WindowGrads wide = window_grads_kernel<kWidth>(k.width, k.stride, k.dilation),
                    narrow = window_grads_kernel<kHalfVector>(k.width, k.stride, k.dilation);
  for (std::int64_t lane = 0; lane < t.lanes;) {
    const bool whole = t.lanes >= kWidth && t.lanes - lane > kHalfVector;
    (whole ? wide : narrow)(t, lane);
    lane += whole ? kWidth : kHalfVector;
  }
}

// 3/8 of a 1 MB L2, in floats: images whose sums stay in registers from the first to the last, while as much again is
// fetched.
constexpr std::int64_t kImagesFloats = 96 * 1024;

void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const BandShape b = forward_band(s);
  const std::int64_t c = s.channels, sums = s.kernel_h * s.kernel_w * c, row = b.out_width * c;
  const std::int64_t chunks = reduction_chunks(s.batch), image = s.height * s.width * c, out = b.out_height * row;
  const GradKernel kernel{s.kernel_h, s.kernel_w, s.stride, s.dilation};
  // Windows read the images themselves; single lanes and other kernels a copy between zeros, band by band.
  const bool direct = c >= kHalfVector && kernel.height == kernel.width &&
                      window_grads_kernel<kWidth>(kernel.width, kernel.stride, kernel.dilation);
  const std::int64_t together = !direct || kImagesFloats < image + out ? 1 : kImagesFloats / (image + out);
  const std::int64_t band = direct && image + out <= kImagesFloats ? b.out_height : b.band();
  const std::int64_t pitch = direct ? b.width * c : b.pitch();
  float* buffers = scratch + round_up(chunks * sums, 16);
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float *part = scratch + chunk * sums, *buffer = buffers + worker() * b.floats();
    clear(sums, part);
    const std::int64_t end = chunk_begin(s.batch, chunks, chunk + 1);
    for (std::int64_t n = chunk_begin(s.batch, chunks, chunk); n < end; n += together)
      for (std::int64_t begin = 0; begin < b.out_height; begin += band) {
        const std::int64_t top = begin * s.stride - s.padding;
        TapGrad t{.x = buffer,
                  .x_row = s.stride * pitch,
                  .x_step = s.stride * c,
                  .tap_row = s.dilation * pitch,
                  .tap_column = s.dilation * c,
                  .g = dy + n * out + begin * row,
                  .g_row = row,
                  .g_step = c,
                  .rows = begin + band < b.out_height ? band : b.out_height - begin,
                  .columns = b.out_width,
                  .sums = part,
                  .lanes = c};
        if (direct) {
          t.x = x + n * image + top * pitch - s.padding * c;
          t.images = n + together < end ? together : end - n, t.x_image = image, t.g_image = out;
          t.next_x = x + n * image + begin * s.stride * pitch + t.images * t.rows * t.x_row,
          t.next_g = t.g + t.images * t.rows * row;
          t.first_row = -top, t.last_row = s.height - top;
          t.first_column = s.padding, t.last_column = s.padding + s.width;
        } else {
          fill_band(b, x + n * image, begin, t.rows, buffer);
        }
        direct ? add_window_weight_grads(t, kernel) : add_weight_grads(t, kernel);
      }
  });
  copy(sums, scratch, dw);
  for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
    for (std::int64_t e = 0; e < sums; ++e) dw[e] += scratch[chunk * sums + e];
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
