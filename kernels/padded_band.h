#pragma once
// A band of rows of an image copied between borders of zeros, so that the loops over it have no borders: the geometry,
// shared by the kernels and by the functions that size their scratch. Static, because the instruction-set units
// include it as well.
#include <cstdint>

#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"

namespace nascent::kernels {

// Half of Zen 4's 32 KB L1, in floats: the band, and beside it the weights and the rows being written.
static constexpr std::int64_t kBandFloats = 4096;

static inline std::int64_t round_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

// A convolution read from an image of height x width: forward, or an input gradient seen as a convolution of dy.
struct BandShape {
  std::int64_t height, width, channels;  // of the image that is read
  std::int64_t out_height, out_width;    // of the one that is written
  std::int64_t kernel_h, kernel_w, stride, dilation;
  std::int64_t pad_h, pad_w;  // zeros above and left; negative crops

  // Of the padded image, the part that some window reads.
  [[gnu::always_inline]] std::int64_t columns() const {
    return (out_width - 1) * stride + dilation * (kernel_w - 1) + 1;
  }
  [[gnu::always_inline]] std::int64_t pitch() const { return columns() * channels; }
  // Rows the windows of `rows` output rows read.
  [[gnu::always_inline]] std::int64_t rows_read(std::int64_t rows) const {
    return (rows - 1) * stride + dilation * (kernel_h - 1) + 1;
  }
  // Output rows of a band: what keeps it in L1, but at least 4, else the rows that bands share are copied too often.
  [[gnu::always_inline]] std::int64_t band() const {
    const std::int64_t fit = (kBandFloats / pitch() - dilation * (kernel_h - 1) - 1) / stride + 1;
    const std::int64_t rows = fit < 4 ? 4 : fit;
    return rows < out_height ? rows : out_height;
  }
  [[gnu::always_inline]] std::int64_t bands() const { return (out_height + band() - 1) / band(); }
  // Floats of a band's buffer. 64 beyond the end: a vector may read past the last row, never write.
  [[gnu::always_inline]] std::int64_t floats() const { return round_up(rows_read(band()) * pitch() + 64, 16); }
  [[gnu::always_inline]] bool needs_copy() const {
    return pad_h != 0 || pad_w != 0 || columns() > width || rows_read(out_height) > height;
  }
};

template <class Convolution>  // Conv2dShape or DepthwiseShape
static inline BandShape reading_image(const Convolution& s, std::int64_t channels) {
  return {.height = s.height,
          .width = s.width,
          .channels = channels,
          .out_height = s.out_height(),
          .out_width = s.out_width(),
          .kernel_h = s.kernel_h,
          .kernel_w = s.kernel_w,
          .stride = s.stride,
          .dilation = s.dilation,
          .pad_h = s.padding,
          .pad_w = s.padding};
}
// The input gradient as a convolution of dy with the flipped, transposed weights.
template <class Convolution>
static inline BandShape reading_gradient(const Convolution& s, std::int64_t channels) {
  return {.height = s.out_height(),
          .width = s.out_width(),
          .channels = channels,
          .out_height = s.height,
          .out_width = s.width,
          .kernel_h = s.kernel_h,
          .kernel_w = s.kernel_w,
          .stride = 1,
          .dilation = s.dilation,
          .pad_h = s.dilation * (s.kernel_h - 1) - s.padding,
          .pad_w = s.dilation * (s.kernel_w - 1) - s.padding};
}

static inline BandShape forward_band(const Conv2dShape& s) { return reading_image(s, s.in_channels); }
static inline BandShape gradient_band(const Conv2dShape& s) { return reading_gradient(s, s.out_channels); }  // stride 1
static inline BandShape forward_band(const DepthwiseShape& s) { return reading_image(s, s.channels); }
// Any stride: input pixel s*q + r reaches outputs q - pad up to q + (s - 1 + padding)/s along each axis. The band's
// rows and columns are those q.
static inline BandShape gradient_band(const DepthwiseShape& s) {
  const auto pad = [&](std::int64_t kernel) {
    const std::int64_t before = s.dilation * (kernel - 1) - s.padding;
    return before > 0 ? (before + s.stride - 1) / s.stride : 0;
  };
  const std::int64_t after = (s.stride - 1 + s.padding) / s.stride, pad_h = pad(s.kernel_h), pad_w = pad(s.kernel_w);
  return {.height = s.out_height(),
          .width = s.out_width(),
          .channels = s.channels,
          .out_height = (s.height + s.stride - 1) / s.stride,
          .out_width = (s.width + s.stride - 1) / s.stride,
          .kernel_h = pad_h + after + 1,
          .kernel_w = pad_w + after + 1,
          .stride = 1,
          .dilation = 1,
          .pad_h = pad_h,
          .pad_w = pad_w};
}

// Weights packed into zero-padded panels of columns, at most 16 wide in the last: in x out products a tap and group.
static inline std::int64_t packed_weights(const Conv2dShape& s, std::int64_t in, std::int64_t out) {
  return s.groups * s.kernel_h * s.kernel_w * in * round_up(out, 16);
}

// Lanes after which channels meet the same lanes of 16 again: the least common multiple.
static inline std::int64_t lane_period(std::int64_t channels) {
  const std::int64_t low = channels & -channels;
  return channels * (16 / (low < 16 ? low : 16));
}

}  // namespace nascent::kernels
