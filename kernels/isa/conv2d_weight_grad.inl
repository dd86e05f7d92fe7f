// dw[tap, c, o] = sum over output pixels of x[pixel at tap, c] * dy[pixel, o]: the register tile of tile.inl with the
// input channels as rows, the pixels that a tap reads inside the image as k. Nothing is copied, and nothing multiplied
// by a zero outside the image: of 3x3 over 8 x 8 that leaves out a sixth. Ladder and limit as in conv2d.inl.
#pragma once
#include "kernels/isa/conv2d.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The outputs of [begin, end) along an axis of `size` inputs whose tap, `offset` inputs from where they stand, exists.
inline Inside outputs_inside(std::int64_t offset, std::int64_t stride, std::int64_t size, std::int64_t begin,
                             std::int64_t end) {
  while (begin < end && offset + begin * stride < 0) ++begin;
  while (end > begin && offset + (end - 1) * stride >= size) --end;
  return {begin, end};
}

// Adds the share of output rows [first, last) of some images.
inline void add_weight_grad(const Conv2dShape& s, const float* x, const float* dy, std::int64_t images,
                            std::int64_t first, std::int64_t last, float* dw) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups, ow = s.out_width();
  const std::int64_t x_row = s.width * s.in_channels, dy_row = ow * s.out_channels, taps = s.kernel_h * s.kernel_w;
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    const std::int64_t down = tap / s.kernel_w * s.dilation - s.padding;
    const std::int64_t along = tap % s.kernel_w * s.dilation - s.padding;
    const Inside rows = outputs_inside(down, s.stride, s.height, first, last);
    const Inside columns = outputs_inside(along, s.stride, s.width, 0, ow);
    if (rows.begin == rows.end || columns.begin == columns.end) continue;
    Tile tile{.a = nullptr,
              .a_stride = s.stride * s.in_channels,
              .outer = images,
              .inner = rows.end - rows.begin,
              .k = columns.end - columns.begin,
              .a_outer = s.height * x_row,
              .a_inner = s.stride * x_row,
              .b = nullptr,
              .b_step = s.out_channels,
              .b_outer = s.out_height() * dy_row,
              .b_inner = dy_row,
              .c = nullptr,
              .c_row = s.out_channels,
              .columns = 0,
              .add = true};
    // Whole rows, and whole images, are one run of pixels.
    if (s.stride == 1 && tile.k == s.width && tile.k == ow) {
      const bool whole = tile.inner == s.height && tile.inner == s.out_height();
      tile.k *= tile.inner * (whole ? images : 1), tile.inner = 1, tile.outer = whole ? 1 : images;
    }
    const float* from_x =
        x + (rows.begin * s.stride + down) * x_row + (columns.begin * s.stride + along) * s.in_channels;
    const float* from_dy = dy + rows.begin * dy_row + columns.begin * s.out_channels;
    for (std::int64_t g = 0; g < s.groups; ++g)
      each_panel(out, [&](const Panel& panel) {
        each_tile(in, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height) {
          tile.a = from_x + g * in + row;
          tile.b = from_dy + g * out + panel.begin;
          tile.c = dw + (tap * in + row) * s.out_channels + g * out + panel.begin;
          tile.columns = panel.columns;
          // Each pixel is passed over once: what comes next is not yet in the cache.
          const bool once = taps == 1 && tile.outer == 1 && tile.inner == 1 && panel.begin == 0;
          tile.ahead = once ? x + tile.k * (s.in_channels + row) : nullptr;
          panel.along_rows[height - 1](tile);
        });
      });
  }
}

// Of x and dy that are passed over before the sums are stored, for each tile of sums reads them again: a 1x1 kernel a
// quarter of a 1 MB L2, and larger ones, with a tile for every tap, an L1 of 32 KB.
constexpr std::int64_t kPointwiseFloats = 16384, kTapsFloats = 8192;

void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const std::int64_t weights = s.kernel_h * s.kernel_w * (s.in_channels / s.groups) * s.out_channels;
  const std::int64_t chunks = reduction_chunks(s.batch), oh = s.out_height();
  const std::int64_t x_image = s.height * s.width * s.in_channels, dy_image = oh * s.out_width() * s.out_channels;
  // Some images at a time, or some rows of one; of a 1x1 kernel no rows, which would shorten its one run of pixels.
  const bool pointwise = s.kernel_h * s.kernel_w == 1;
  const std::int64_t floats = x_image + dy_image, fit = (pointwise ? kPointwiseFloats : kTapsFloats) / floats;
  const std::int64_t images = fit < 1 ? 1 : fit, bands = pointwise ? 1 : (floats - 1) / kTapsFloats + 1;
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float* part = scratch + chunk * weights;
    clear(weights, part);
    const std::int64_t end = chunk_begin(s.batch, chunks, chunk + 1);
    for (std::int64_t n = chunk_begin(s.batch, chunks, chunk); n < end; n += images)
      for (std::int64_t band = 0; band < bands; ++band)
        add_weight_grad(s, x + n * x_image, dy + n * dy_image, n + images < end ? images : end - n, oh * band / bands,
                        oh * (band + 1) / bands, part);
  });
  // 4096 weights a chunk: small convolutions stay on one thread.
  parallel_ranges(weights, 4096, [&](std::int64_t begin, std::int64_t end) {
    add_chunks(end - begin, chunks, weights, scratch + begin, dw + begin);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
