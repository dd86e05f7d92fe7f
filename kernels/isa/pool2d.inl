// Ladder: v1 naive = reference/pool2d.h; v2 runs of outputs whose windows have the same taps: this file. At stride 1
// the inner columns of a row are one run of (column, channel) floats; border columns, and all at other strides, are
// runs of one pixel. No line buffer: pooling is handed no scratch. Intensity: about 9 compares or adds per 8 bytes of
// 3x3: memory-bound.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/parallel.h"
#include "kernels/pool2d.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// n neighbouring outputs at `to`, whose windows cover taps [top, bottom) x [left, right); tap (0, 0) of the first
// would be the input at `origin`. Offsets count floats within an image.
struct PoolRun {
  std::int64_t n, to, origin, top, bottom, left, right;
};

template <class Body>
NASCENT_INLINE void pool_each_run(const PoolShape& s, const Body& body) {
  const std::int64_t oh = s.out_height(), ow = s.out_width();
  for (std::int64_t i = 0; i < oh; ++i) {
    const std::int64_t row = i * s.stride - s.padding;
    const std::int64_t top = row < 0 ? -row : 0, bottom = s.height - row < s.kernel ? s.height - row : s.kernel;
    for (std::int64_t j = 0; j < ow;) {
      const std::int64_t column = j * s.stride - s.padding;
      const std::int64_t left = column < 0 ? -column : 0;
      const std::int64_t right = s.width - column < s.kernel ? s.width - column : s.kernel;
      std::int64_t pixels = 1;
      if (s.stride == 1 && left == 0 && right == s.kernel) pixels = s.width - s.kernel - column + 1;
      body(PoolRun{pixels * s.channels, (i * ow + j) * s.channels, (row * s.width + column) * s.channels, top, bottom,
                   left, right});
      j += pixels;
    }
  }
}

NASCENT_INLINE std::int64_t tap_offset(const PoolShape& s, std::int64_t u, std::int64_t v) {
  return (u * s.width + v) * s.channels;
}

// Taps are bytes in memory and one 32-bit lane each in registers. By way of 16 bits: GCC 12 has an instruction for each
// doubling, and takes a quadrupling apart lane by lane.
template <int W>
NASCENT_INLINE void store_taps(std::uint8_t* to, Ints<W> taps, std::int64_t n) {
  using Shorts = typename VectorOf<W>::shorts;
  const auto bytes = __builtin_convertvector(__builtin_convertvector(taps, Shorts), typename VectorOf<W>::bytes);
  if (n == W) {
    __builtin_memcpy(to, &bytes, W);
    return;
  }
  for (int i = 0; i < W; ++i)
    if (i < n) to[i] = bytes[i];
}
template <int W>
NASCENT_INLINE Ints<W> load_taps(const std::uint8_t* from, std::int64_t n) {
  using Shorts = typename VectorOf<W>::shorts;
  typename VectorOf<W>::bytes bytes{};
  if (n == W) {
    __builtin_memcpy(&bytes, from, W);
  } else {
    for (int i = 0; i < W; ++i)
      if (i < n) bytes[i] = from[i];
  }
  return __builtin_convertvector(__builtin_convertvector(bytes, Shorts), Ints<W>);
}

// Each kernel works on a copy of the shape: after a store through a vector the original would have to be read again.
// NaN wins, as in PyTorch: a broken network must not look healthy.
void max_pool2d(const PoolShape& shape, const float* x, float* y, std::uint8_t* tap) {
  const PoolShape s = shape;
  constexpr int W = kWidth;
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    pool_each_run(s, [&](const PoolRun& run) {
      const float* from = x + image * in + run.origin;
      each_vector<W>(run.n, [&](std::int64_t f, std::int64_t n) {
        Vector<W> best = broadcast<W>(-__builtin_inff());
        Ints<W> winner = Ints<W>{} + static_cast<std::int32_t>(run.top * s.kernel + run.left);
        for (std::int64_t u = run.top; u < run.bottom; ++u)
          for (std::int64_t v = run.left; v < run.right; ++v) {
            const Vector<W> value = load_up_to<W>(from + tap_offset(s, u, v) + f, n);
            const auto wins = (value > best) | (value != value);
            best = wins ? value : best;
            winner = wins ? Ints<W>{} + static_cast<std::int32_t>(u * s.kernel + v) : winner;
          }
        store_up_to<W>(y + image * out + run.to + f, best, n);
        store_taps<W>(tap + image * out + run.to + f, winner, n);
      });
    });
  });
}

void max_pool2d_gather(const PoolShape& shape, const float* x, const std::uint8_t* tap, float* y) {
  const PoolShape s = shape;
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  std::int64_t offset[256];
  for (std::int64_t t = 0; t < s.kernel * s.kernel; ++t) offset[t] = tap_offset(s, t / s.kernel, t % s.kernel);
  parallel_chunks(s.batch, [&](std::int64_t image) {
    pool_each_run(s, [&](const PoolRun& run) {
      const float* from = x + image * in + run.origin;
      const std::int64_t to = image * out + run.to;
      for (std::int64_t f = 0; f < run.n; ++f) y[to + f] = from[offset[tap[to + f]] + f];
    });
  });
}

// Runs in row order, and within a run each tap from the last to the first: an input meets its windows in row order, as
// in the reference.
void max_pool2d_scatter(const PoolShape& shape, const float* dy, const std::uint8_t* tap, float* dx) {
  const PoolShape s = shape;
  constexpr int W = kWidth;
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    clear(in, dx + image * in);
    pool_each_run(s, [&](const PoolRun& run) {
      float* into = dx + image * in + run.origin;
      const std::int64_t to = image * out + run.to;
      for (std::int64_t u = run.bottom - 1; u >= run.top; --u)
        for (std::int64_t v = run.right - 1; v >= run.left; --v) {
          float* pixel = into + tap_offset(s, u, v);
          const auto t = static_cast<std::int32_t>(u * s.kernel + v);
          each_vector<W>(run.n, [&](std::int64_t f, std::int64_t n) {
            const auto won = load_taps<W>(tap + to + f, n) == t;
            const Vector<W> g = load_up_to<W>(dy + to + f, n);
            store_up_to<W>(pixel + f, load_up_to<W>(pixel + f, n) + (won ? g : Vector<W>{}), n);
          });
        }
    });
  });
}

NASCENT_INLINE float pool_count(const PoolShape& s, const PoolRun& run) {
  return static_cast<float>(s.count_padding ? s.kernel * s.kernel : (run.bottom - run.top) * (run.right - run.left));
}

void avg_pool2d(const PoolShape& shape, const float* x, float* y) {
  const PoolShape s = shape;
  constexpr int W = kWidth;
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    pool_each_run(s, [&](const PoolRun& run) {
      const float* from = x + image * in + run.origin;
      const Vector<W> count = broadcast<W>(pool_count(s, run));
      each_vector<W>(run.n, [&](std::int64_t f, std::int64_t n) {
        Vector<W> sum{};
        for (std::int64_t u = run.top; u < run.bottom; ++u)
          for (std::int64_t v = run.left; v < run.right; ++v) sum += load_up_to<W>(from + tap_offset(s, u, v) + f, n);
        store_up_to<W>(y + image * out + run.to + f, sum / count, n);
      });
    });
  });
}

void avg_pool2d_grad(const PoolShape& shape, const float* dy, float* dx) {
  const PoolShape s = shape;
  constexpr int W = kWidth;
  constexpr std::int64_t kShares = 256;  // floats divided at a time: 1 KB of stack, L1 by construction
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t image) {
    clear(in, dx + image * in);
    pool_each_run(s, [&](const PoolRun& run) {
      const Vector<W> count = broadcast<W>(pool_count(s, run));
      for (std::int64_t begin = 0; begin < run.n; begin += kShares) {
        const std::int64_t length = begin + kShares < run.n ? kShares : run.n - begin;
        const float* from = dy + image * out + run.to + begin;
        float* into = dx + image * in + run.origin + begin;
        float share[kShares];
        each_vector<W>(
            length, [&](std::int64_t f, std::int64_t n) { store<W>(share + f, load_up_to<W>(from + f, n) / count); });
        for (std::int64_t u = run.top; u < run.bottom; ++u)
          for (std::int64_t v = run.left; v < run.right; ++v) {
            float* pixel = into + tap_offset(s, u, v);
            each_vector<W>(length, [&](std::int64_t f, std::int64_t n) {
              store_up_to<W>(pixel + f, load_up_to<W>(pixel + f, n) + load<W>(share + f), n);
            });
          }
      }
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
