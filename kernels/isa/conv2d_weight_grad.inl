// dw[tap, c, o] = sum over output pixels of x[pixel at tap, c] * dy[pixel, o]: the register tile of tile.inl with the
// input channels as rows, the pixels of a band of rows as k. Ladder and limit as in conv2d.inl.
#pragma once
#include "kernels/isa/conv2d.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Adds the share of the band that begins at output row `first`. x starts at its first input row, dy at its first output
// row. Rows that a tap would read outside the image are left out.
inline void add_weight_grad(const Conv2dShape& s, const BandShape& b, const BandRows& x, const float* dy,
                            std::int64_t first, std::int64_t rows, float* dw) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  const bool merged = s.dilation == 1 && s.groups == 1;  // a kernel row's taps and channels are one run of memory
  const std::int64_t runs = merged ? 1 : s.kernel_w, run = merged ? s.kernel_w * in : in;
  for (std::int64_t u = 0; u < s.kernel_h; ++u) {
    const std::int64_t origin = first * s.stride - s.padding + u * s.dilation;
    std::int64_t begin = 0, end = rows;
    while (begin < end && origin + begin * s.stride < 0) ++begin;
    while (end > begin && origin + (end - 1) * s.stride >= s.height) --end;
    for (std::int64_t v = 0; v < runs; ++v)
      for (std::int64_t g = 0; g < s.groups; ++g)
        each_panel(out, [&](const Panel& panel) {
          each_tile(run, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height) {
            panel.along_rows[height - 1](
                {.a = x.data + (begin * s.stride + u * s.dilation) * x.pitch + v * s.dilation * s.in_channels + g * in +
                      row,
                 .a_stride = s.stride * s.in_channels,
                 .outer = end - begin,
                 .k = b.out_width,
                 .a_outer = s.stride * x.pitch,
                 .b = dy + begin * b.out_width * s.out_channels + g * out + panel.begin,
                 .b_step = s.out_channels,
                 .b_outer = b.out_width * s.out_channels,
                 .c = dw + ((u * s.kernel_w + v) * in + row) * s.out_channels + g * out + panel.begin,
                 .c_row = s.out_channels,
                 .columns = panel.columns,
                 .add = true});
          });
        });
  }
}

// The same of `images` whole images of a 1x1 convolution that reads them in place. At stride 1 they are one run.
inline void add_pointwise_grad(const Conv2dShape& s, const float* x, const float* dy, std::int64_t images, float* dw) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups, ow = s.out_width();
  const std::int64_t pixels = s.out_height() * ow;
  for (std::int64_t g = 0; g < s.groups; ++g)
    each_panel(out, [&](const Panel& panel) {
      each_tile(in, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height) {
        Tile tile{.a = x + g * in + row,
                  .a_stride = s.stride * s.in_channels,
                  .outer = images,
                  .inner = s.out_height(),
                  .k = ow,
                  .a_outer = s.height * s.width * s.in_channels,
                  .a_inner = s.stride * s.width * s.in_channels,
                  .b = dy + g * out + panel.begin,
                  .b_step = s.out_channels,
                  .b_outer = pixels * s.out_channels,
                  .b_inner = ow * s.out_channels,
                  .c = dw + row * s.out_channels + g * out + panel.begin,
                  .c_row = s.out_channels,
                  .columns = panel.columns,
                  .add = true};
        if (s.stride == 1) {
          tile.k = images * pixels, tile.outer = tile.inner = 1;
          if (panel.begin == 0) tile.ahead = x + tile.k * (s.in_channels + row);
        }
        panel.along_rows[height - 1](tile);
      });
    });
}

// Of x and dy that a 1x1 convolution passes over before its sums are stored: a quarter of a 1 MB L2, since each tile of
// sums reads them again.
constexpr std::int64_t kRunFloats = 16384;

void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const BandShape b = forward_band(s);
  const std::int64_t weights = s.kernel_h * s.kernel_w * (s.in_channels / s.groups) * s.out_channels;
  const std::int64_t chunks = reduction_chunks(s.batch);
  float* buffers = scratch + round_up(chunks * weights, 16);
  const auto add_image = [&](std::int64_t n, float* part) {
    for (std::int64_t begin = 0; begin < b.out_height; begin += b.band()) {
      const std::int64_t rows = begin + b.band() < b.out_height ? b.band() : b.out_height - begin;
      const BandRows in =
          read_band(b, x + n * b.height * b.width * b.channels, begin, rows, buffers + worker() * b.floats());
      add_weight_grad(s, b, in, dy + (n * b.out_height + begin) * b.out_width * s.out_channels, begin, rows, part);
    }
  };
  const bool pointwise = s.kernel_h == 1 && s.kernel_w == 1 && s.padding == 0;
  const std::int64_t x_image = s.height * s.width * s.in_channels,
                     dy_image = b.out_height * b.out_width * s.out_channels;
  const std::int64_t images = kRunFloats / (x_image + dy_image) + 1;
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float* part = scratch + chunk * weights;
    clear(weights, part);
    const std::int64_t last = chunk_begin(s.batch, chunks, chunk + 1);
    for (std::int64_t n = chunk_begin(s.batch, chunks, chunk); n < last; n += pointwise ? images : 1)
      if (pointwise)
        add_pointwise_grad(s, x + n * x_image, dy + n * dy_image, n + images < last ? images : last - n, part);
      else
        add_image(n, part);
  });
  // 4096 weights a chunk: small convolutions stay on one thread.
  parallel_ranges(weights, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t e = begin; e < end; ++e) dw[e] = scratch[e];
    for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
      for (std::int64_t e = begin; e < end; ++e) dw[e] += scratch[chunk * weights + e];
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
