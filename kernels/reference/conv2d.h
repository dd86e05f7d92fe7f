#pragma once
// Specification of conv2d.h: the three faces of a convolution in plain loops, one image at a time, and the parallel
// loops over images around them. The double path runs this.
#include <algorithm>

#include "kernels/conv2d.h"
#include "kernels/parallel.h"
#include "kernels/reference/accumulate.h"

namespace nascent::kernels::reference {

// The taps v of a kernel row whose column, start + v * step, lies in [0, width): first <= v < last.
struct TapRange {
  std::int64_t first = 0, last;
  TapRange(std::int64_t start, std::int64_t step, std::int64_t width, std::int64_t taps) : last(taps) {
    if (start < 0) first = std::min(taps, (-start + step - 1) / step);
    if (start + (taps - 1) * step >= width)
      last = start >= width ? first : std::max(first, (width - 1 - start) / step + 1);
  }
};

template <class T>
void conv2d_forward_image(const Conv2dShape& s, const T* x, const T* w, T* y) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  std::fill_n(y, s.out_height() * s.out_width() * s.out_channels, T(0));
  for (std::int64_t i = 0; i < s.out_height(); ++i)
    for (std::int64_t u = 0; u < s.kernel_h; ++u) {
      const std::int64_t row = i * s.stride - s.padding + u * s.dilation;
      if (row < 0 || row >= s.height) continue;
      for (std::int64_t j = 0; j < s.out_width(); ++j) {  // inside u: a kernel row's weights stay in L1
        const std::int64_t start = j * s.stride - s.padding;
        const TapRange inside(start, s.dilation, s.width, s.kernel_w);
        // Undilated and in one group, the taps of a kernel row are one run of both x and w.
        const bool merged = s.dilation == 1 && s.groups == 1;
        const std::int64_t run = merged ? inside.last - inside.first : 1;
        T* sums = y + (i * s.out_width() + j) * s.out_channels;
        for (std::int64_t v = inside.first; v < inside.last; v += run) {
          const T* pixel = x + (row * s.width + start + v * s.dilation) * s.in_channels;
          const T* tap = w + (u * s.kernel_w + v) * in * s.out_channels;
          for (std::int64_t g = 0; g < s.groups; ++g)
            accumulate(run * in, out, pixel + g * in, 1, tap + g * out, s.out_channels, sums + g * out);
        }
      }
    }
}

// Each input pixel gathers from the windows it was in. `transposed` is w with the taps of each kernel row reversed and
// the last two axes exchanged within each group, [kernel_h, kernel_w, out_channels, in_channels/groups], so that the
// innermost loop is contiguous and the taps of a row follow the pixels of dy.
template <class T>
void conv2d_input_grad_image(const Conv2dShape& s, const T* dy, const T* transposed, T* dx) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  std::fill_n(dx, s.height * s.width * s.in_channels, T(0));
  for (std::int64_t row = 0; row < s.height; ++row)
    for (std::int64_t u = 0; u < s.kernel_h; ++u) {
      const std::int64_t below = row + s.padding - u * s.dilation;
      if (below < 0 || below % s.stride || below / s.stride >= s.out_height()) continue;
      for (std::int64_t column = 0; column < s.width; ++column) {
        // Reversed tap v stands at `start + v * dilation` of dy spread by the stride.
        const std::int64_t start = column + s.padding - (s.kernel_w - 1) * s.dilation;
        const TapRange inside(start, s.dilation, (s.out_width() - 1) * s.stride + 1, s.kernel_w);
        const bool merged = s.stride == 1 && s.dilation == 1 && s.groups == 1;
        const std::int64_t run = merged ? inside.last - inside.first : 1;
        T* sums = dx + (row * s.width + column) * s.in_channels;
        for (std::int64_t v = inside.first; v < inside.last; v += run) {
          const std::int64_t right = start + v * s.dilation;
          if (right % s.stride) continue;
          const T* pixel = dy + (below / s.stride * s.out_width() + right / s.stride) * s.out_channels;
          const T* tap = transposed + (u * s.kernel_w + v) * s.out_channels * in;
          for (std::int64_t g = 0; g < s.groups; ++g)
            accumulate(run * out, in, pixel + g * out, 1, tap + g * out * in, in, sums + g * in);
        }
      }
    }
}

template <class T>
void transpose_weight(const Conv2dShape& s, const T* w, T* transposed) {
  const std::int64_t in = s.in_channels / s.groups;
  for (std::int64_t u = 0; u < s.kernel_h; ++u)
    for (std::int64_t v = 0; v < s.kernel_w; ++v)
      for (std::int64_t o = 0; o < s.out_channels; ++o)
        for (std::int64_t c = 0; c < in; ++c)
          transposed[((u * s.kernel_w + s.kernel_w - 1 - v) * s.out_channels + o) * in + c] =
              w[((u * s.kernel_w + v) * in + c) * s.out_channels + o];
}

// Adds one image's share to dw.
template <class T>
void conv2d_weight_grad_image(const Conv2dShape& s, const T* x, const T* dy, T* __restrict dw) {
  const std::int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  for (std::int64_t u = 0; u < s.kernel_h; ++u)
    for (std::int64_t v = 0; v < s.kernel_w; ++v)
      for (std::int64_t i = 0; i < s.out_height(); ++i) {
        const std::int64_t row = i * s.stride - s.padding + u * s.dilation;
        if (row < 0 || row >= s.height) continue;
        // The output columns whose input column lies inside the image: begin <= j < end.
        const std::int64_t shift = v * s.dilation - s.padding;
        const std::int64_t begin = shift < 0 ? (-shift + s.stride - 1) / s.stride : 0;
        const std::int64_t last = s.width - 1 - shift;
        const std::int64_t end = last < 0 ? 0 : std::min(s.out_width(), last / s.stride + 1);
        if (begin >= end) continue;
        const T* pixels = x + (row * s.width + begin * s.stride + shift) * s.in_channels;
        const T* grads = dy + (i * s.out_width() + begin) * s.out_channels;
        T* tap = dw + (u * s.kernel_w + v) * in * s.out_channels;
        for (std::int64_t g = 0; g < s.groups; ++g)
          for (std::int64_t c = 0; c < in; ++c)
            accumulate(end - begin, out, pixels + g * in + c, s.stride * s.in_channels, grads + g * out, s.out_channels,
                       tap + c * s.out_channels + g * out);
      }
}

template <class T>
void conv2d_forward(const Conv2dShape& s, const T* x, const T* w, T* y, T*) {
  const std::int64_t in = s.height * s.width * s.in_channels, out = s.out_height() * s.out_width() * s.out_channels;
  parallel_chunks(s.batch, [&](std::int64_t n) { conv2d_forward_image(s, x + n * in, w, y + n * out); });
}

inline std::int64_t conv2d_weights(const Conv2dShape& s) {
  return s.kernel_h * s.kernel_w * s.in_channels / s.groups * s.out_channels;
}

template <class T>
void conv2d_input_grad(const Conv2dShape& s, const T* dy, const T* w, T* dx, T* scratch) {
  const std::int64_t in = s.height * s.width * s.in_channels, out = s.out_height() * s.out_width() * s.out_channels;
  transpose_weight(s, w, scratch);
  parallel_chunks(s.batch, [&](std::int64_t n) { conv2d_input_grad_image(s, dy + n * out, scratch, dx + n * in); });
}

template <class T>
void conv2d_weight_grad(const Conv2dShape& s, const T* x, const T* dy, T* dw, T* scratch) {
  const std::int64_t in = s.height * s.width * s.in_channels, out = s.out_height() * s.out_width() * s.out_channels;
  const std::int64_t weights = conv2d_weights(s), chunks = reduction_chunks(s.batch);
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    T* part = scratch + chunk * weights;
    std::fill_n(part, weights, T(0));
    for (std::int64_t n = chunk_begin(s.batch, chunks, chunk); n < chunk_begin(s.batch, chunks, chunk + 1); ++n)
      conv2d_weight_grad_image(s, x + n * in, dy + n * out, part);
  });
  sum_chunks(chunks, weights, scratch, dw);
}

}  // namespace nascent::kernels::reference
