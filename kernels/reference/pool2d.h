#pragma once
// Specification of pool2d.h.
#include <algorithm>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/pool2d.h"

namespace nascent::kernels::reference {

// The part of output pixel (i, j)'s window that lies inside the image: rows [top, bottom) and columns [left, right).
struct PoolWindow {
  std::int64_t top, bottom, left, right, origin_row, origin_column;
  PoolWindow(const PoolShape& s, std::int64_t i, std::int64_t j)
      : origin_row(i * s.stride - s.padding), origin_column(j * s.stride - s.padding) {
    top = std::max<std::int64_t>(origin_row, 0), bottom = std::min(origin_row + s.kernel, s.height);
    left = std::max<std::int64_t>(origin_column, 0), right = std::min(origin_column + s.kernel, s.width);
  }
  std::int64_t count(const PoolShape& s) const {
    return s.count_padding ? s.kernel * s.kernel : (bottom - top) * (right - left);
  }
};

// Calls body(n, window, offset of the output pixel) for each output pixel, images in parallel.
template <class Body>
void pool_each_window(const PoolShape& s, const Body& body) {
  parallel_chunks(s.batch, [&](std::int64_t n) {
    for (std::int64_t i = 0; i < s.out_height(); ++i)
      for (std::int64_t j = 0; j < s.out_width(); ++j)
        body(n, PoolWindow(s, i, j), ((n * s.out_height() + i) * s.out_width() + j) * s.channels);
  });
}

// NaN wins, as in PyTorch: a broken network must not look healthy.
template <class T>
void max_pool2d(const PoolShape& s, const T* x, T* y, std::uint8_t* tap) {
  pool_each_window(s, [&](std::int64_t n, const PoolWindow& window, std::int64_t to) {
    const std::int64_t first = (window.top - window.origin_row) * s.kernel + window.left - window.origin_column;
    std::fill_n(y + to, s.channels, -std::numeric_limits<T>::infinity());
    if (tap) std::fill_n(tap + to, s.channels, static_cast<std::uint8_t>(first));
    for (std::int64_t row = window.top; row < window.bottom; ++row)
      for (std::int64_t column = window.left; column < window.right; ++column) {
        const T* pixel = x + ((n * s.height + row) * s.width + column) * s.channels;
        const auto t = static_cast<std::uint8_t>((row - window.origin_row) * s.kernel + column - window.origin_column);
        for (std::int64_t c = 0; c < s.channels; ++c)
          if (pixel[c] > y[to + c] || pixel[c] != pixel[c]) {
            y[to + c] = pixel[c];
            if (tap) tap[to + c] = t;
          }
      }
  });
}

inline std::int64_t pool_winner(const PoolShape& s, std::int64_t n, const PoolWindow& window, std::uint8_t tap) {
  const std::int64_t row = window.origin_row + tap / s.kernel, column = window.origin_column + tap % s.kernel;
  return ((n * s.height + row) * s.width + column) * s.channels;
}

template <class T>
void max_pool2d_gather(const PoolShape& s, const T* x, const std::uint8_t* tap, T* y) {
  pool_each_window(s, [&](std::int64_t n, const PoolWindow& window, std::int64_t to) {
    for (std::int64_t c = 0; c < s.channels; ++c) y[to + c] = x[pool_winner(s, n, window, tap[to + c]) + c];
  });
}

template <class T>
void clear_images(const PoolShape& s, T* dx) {
  const std::int64_t in = s.height * s.width * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t n) { std::fill_n(dx + n * in, in, T(0)); });
}

template <class T>
void max_pool2d_scatter(const PoolShape& s, const T* dy, const std::uint8_t* tap, T* dx) {
  clear_images(s, dx);
  pool_each_window(s, [&](std::int64_t n, const PoolWindow& window, std::int64_t to) {
    for (std::int64_t c = 0; c < s.channels; ++c) dx[pool_winner(s, n, window, tap[to + c]) + c] += dy[to + c];
  });
}

template <class T>
void avg_pool2d(const PoolShape& s, const T* x, T* y) {
  pool_each_window(s, [&](std::int64_t n, const PoolWindow& window, std::int64_t to) {
    std::fill_n(y + to, s.channels, T(0));
    for (std::int64_t row = window.top; row < window.bottom; ++row)
      for (std::int64_t column = window.left; column < window.right; ++column) {
        const T* pixel = x + ((n * s.height + row) * s.width + column) * s.channels;
        for (std::int64_t c = 0; c < s.channels; ++c) y[to + c] += pixel[c];
      }
    const T count = static_cast<T>(window.count(s));
    for (std::int64_t c = 0; c < s.channels; ++c) y[to + c] /= count;
  });
}

template <class T>
void avg_pool2d_grad(const PoolShape& s, const T* dy, T* dx) {
  clear_images(s, dx);
  pool_each_window(s, [&](std::int64_t n, const PoolWindow& window, std::int64_t to) {
    const T count = static_cast<T>(window.count(s));
    for (std::int64_t row = window.top; row < window.bottom; ++row)
      for (std::int64_t column = window.left; column < window.right; ++column) {
        T* pixel = dx + ((n * s.height + row) * s.width + column) * s.channels;
        for (std::int64_t c = 0; c < s.channels; ++c) pixel[c] += dy[to + c] / count;
      }
  });
}

}  // namespace nascent::kernels::reference
