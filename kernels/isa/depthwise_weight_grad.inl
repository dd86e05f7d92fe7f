// Weight gradients of depthwise convolution over a batch: chunks of images with sums of their own, added in order.
#pragma once
#include "kernels/depthwise_conv2d.h"
#include "kernels/isa/depthwise_rows.inl"
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/window_grads_kernel.inl"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

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
inline void add_window_weight_grads(const TapGrad& t, const GradKernel& k) {
  const std::int64_t rest = t.lanes % kWidth;
  const std::int64_t narrow = kWidth > kHalfVector && (rest <= kHalfVector || t.lanes < kWidth) ? rest : 0;
  window_grads_kernel(kWidth, k.width, k.stride, k.dilation)(t, 0, t.lanes - narrow);
  if (narrow > 0) window_grads_kernel(kHalfVector, k.width, k.stride, k.dilation)(t, t.lanes - narrow, t.lanes);
}

// 3/16 of a 512 KB L2, in floats: images whose sums stay in registers from the first to the last, while as much again
// is fetched and a second hardware thread takes its half. Of pixels of several vectors one image, which the next vector
// finds in L1 or near.
constexpr std::int64_t kImagesFloats = 24 * 1024;

// Chunks of images: each reads 32 times as much as its sums, which it clears and writes and somebody adds, where that
// leaves eight. Of 8x8x64 and 5x5 the sums of 32 chunks took a sixth of the time.
inline std::int64_t weight_grad_chunks(std::int64_t batch, std::int64_t image, std::int64_t sums) {
  const std::int64_t fit = batch * image / (32 * sums), most = reduction_chunks(batch), least = most < 8 ? most : 8;
  return fit < least ? least : fit < most ? fit : most;
}

void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const float* x, const float* dy, float* dw, float* scratch) {
  const BandShape b = forward_band(s);
  const std::int64_t c = s.channels, sums = s.kernel_h * s.kernel_w * c, row = b.out_width * c;
  const std::int64_t image = s.height * s.width * c, out = b.out_height * row;
  const std::int64_t chunks = weight_grad_chunks(s.batch, image + out, sums);
  const GradKernel kernel{s.kernel_h, s.kernel_w, s.stride, s.dilation};
  // Windows read the images themselves; single lanes and other kernels a copy between zeros, band by band.
  const bool direct = c >= kHalfVector && kernel.height == kernel.width &&
                      window_grads_kernel(kWidth, kernel.width, kernel.stride, kernel.dilation).run;
  const std::int64_t together =
      !direct || c > kWidth || kImagesFloats < image + out ? 1 : kImagesFloats / (image + out);
  const std::int64_t band = direct && image + out <= kImagesFloats ? b.out_height : b.band();
  const std::int64_t pitch = direct ? b.width * c : b.pitch();
  // At stride 2 there are four pixels to fetch an output, a fifth of the instructions, or, where dilation leaves three
  // of them unread, one among lines that are not: worth it from DRAM, the four also where an L2 is small (Zen 3).
  const bool from_dram = s.batch * (image + out) > kNearFloats, all_read = read_every(s.stride, s.dilation) == 1;
  const bool fetch = s.stride == 1 || from_dram || (kRegisters == 16 && all_read);
  const std::int64_t buffer_floats = direct ? 0 : b.floats();
  float* buffers = scratch + round_up(chunks * sums, 16);
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float *part = scratch + chunk * sums, *buffer = buffers + worker() * buffer_floats;
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
          if (fetch) {
            t.next_x = x + n * image + (begin + t.images * t.rows) * s.stride * pitch;
            t.next_g = t.g + t.images * t.rows * row;
            t.next_by_pixel = !all_read;
          }
          t.first_row = -top, t.last_row = s.height - top;
          t.first_column = s.padding, t.last_column = s.padding + s.width;
        } else {
          fill_band(b, x + n * image, begin, t.rows, buffer);
        }
        direct ? add_window_weight_grads(t, kernel) : add_weight_grads(t, kernel);
      }
  });
  add_chunks(sums, chunks, sums, scratch, dw);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
