#pragma once
// Specification of depthwise_conv2d.h.
#include <algorithm>

#include "kernels/depthwise_conv2d.h"
#include "kernels/parallel.h"
#include "kernels/reference/accumulate.h"

namespace nascent::kernels::reference {

// Calls body(x pixel, w tap, y pixel) for each pair of an output pixel and a tap that lies inside the image.
template <class Body>
void depthwise_each_tap(const DepthwiseShape& s, const Body& body) {
  for (std::int64_t i = 0; i < s.out_height(); ++i)
    for (std::int64_t j = 0; j < s.out_width(); ++j)
      for (std::int64_t u = 0; u < s.kernel_h; ++u) {
        const std::int64_t row = i * s.stride - s.padding + u * s.dilation;
        if (row < 0 || row >= s.height) continue;
        for (std::int64_t v = 0; v < s.kernel_w; ++v) {
          const std::int64_t column = j * s.stride - s.padding + v * s.dilation;
          if (column < 0 || column >= s.width) continue;
          body((row * s.width + column) * s.channels, (u * s.kernel_w + v) * s.channels,
               (i * s.out_width() + j) * s.channels);
        }
      }
}

// into[c] += a[c] * b[c]
template <class T>
void add_product(std::int64_t channels, const T* __restrict a, const T* __restrict b, T* __restrict into) {
  for (std::int64_t c = 0; c < channels; ++c) into[c] += a[c] * b[c];
}

template <class T>
void depthwise_conv2d_forward(const DepthwiseShape& s, const T* x, const T* w, T* y, T*) {
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t n) {
    std::fill_n(y + n * out, out, T(0));
    depthwise_each_tap(s, [&](std::int64_t from, std::int64_t tap, std::int64_t to) {
      add_product(s.channels, x + n * in + from, w + tap, y + n * out + to);
    });
  });
}

template <class T>
void depthwise_conv2d_input_grad(const DepthwiseShape& s, const T* dy, const T* w, T* dx, T*) {
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t n) {
    std::fill_n(dx + n * in, in, T(0));
    depthwise_each_tap(s, [&](std::int64_t from, std::int64_t tap, std::int64_t to) {
      add_product(s.channels, dy + n * out + to, w + tap, dx + n * in + from);
    });
  });
}

template <class T>
void depthwise_conv2d_weight_grad(const DepthwiseShape& s, const T* x, const T* dy, T* dw, T* scratch) {
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  const std::int64_t weights = s.kernel_h * s.kernel_w * s.channels, chunks = reduction_chunks(s.batch);
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    T* part = scratch + chunk * weights;
    std::fill_n(part, weights, T(0));
    for (std::int64_t n = chunk_begin(s.batch, chunks, chunk); n < chunk_begin(s.batch, chunks, chunk + 1); ++n)
      depthwise_each_tap(s, [&](std::int64_t from, std::int64_t tap, std::int64_t to) {
        add_product(s.channels, x + n * in + from, dy + n * out + to, part + tap);
      });
  });
  sum_chunks(chunks, weights, scratch, dw);
}

}  // namespace nascent::kernels::reference
