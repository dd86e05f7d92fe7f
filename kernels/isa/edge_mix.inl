// Mixing: 4 bytes read a multiply-add, memory-bound. Terms in groups of eight, so that no more streams run than the
// prefetcher follows; y stays in L2 between the groups of an image. A pool costs less than to store it and load it: 4
// loads and 6 compares or adds a vector from L2, where DRAM takes a write, the read before it and a read.
#pragma once
#include "kernels/isa/avg_pool2d.inl"
#include "kernels/isa/lanes.inl"
#include "kernels/isa/plane.inl"
#include "kernels/mix_planes.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr int kTermsAtOnce = 8;

// Lanes of the coefficients: as the channels lie where they fill vectors, else pixel by pixel.
inline std::int64_t mix_lanes(std::int64_t channels) {
  return channels == 4 || channels == 8 ? channels : round_up(channels, 16);
}

// z[t]: where term t of image n is read. Pools are taken first, into planes of p.plane floats from `plane` on, and
// while the first of them is taken the first tensor is fetched, with the second pool the second: one line for one of a
// pool is what a core fetches in that time; with two a line, mixing takes a tenth longer.
inline void mix_images(const MixShape& s, const MixPlanes& p, int count, const MixTerm* terms, std::int64_t n,
                       float* plane, const float** z) {
  const std::int64_t input = s.pool.height * s.pool.width * s.channels;
  for (int t = 0; t < count; ++t)
    if (terms[t].source == MixSource::tensor) z[t] = terms[t].z + n * s.pixels * s.channels;
  int fetched = 0;
  for (int t = 0; t < count; ++t) {
    if (terms[t].source == MixSource::tensor) continue;
    while (fetched < count && terms[fetched].source != MixSource::tensor) ++fetched;
    const float *x = terms[t].z + n * input, *next = fetched < count ? z[fetched++] : nullptr;
    if (terms[t].source == MixSource::max_pool)
      max_pool_image(s.pool, x, plane, nullptr, next);
    else
      avg_pool_image(s.pool, x, plane, next);
    z[t] = plane, plane += p.plane;
  }
}

// y (+)= shift + sum of N terms, one image. z are the terms' images; scales [N][period].
template <int N>
void mix_terms(std::int64_t pixels, std::int64_t channels, const float* const* z, const float* scales,
               const float* shift, bool add, float* y) {
  constexpr int W = kWidth;
  const std::int64_t lanes = mix_lanes(channels), period = lanes < 16 ? 16 : lanes;
  const float* from[N];
  for (int t = 0; t < N; ++t) from[t] = z[t];
  each_plane_vector(pixels, channels, lanes, [&](std::int64_t m, std::int64_t, std::int64_t c, auto n) {
    fetch_ahead(y + m);
    unrolled<N>([&](auto t) __attribute__((always_inline)) { __builtin_prefetch(from[t.value] + m + kFetchAhead); });
    Vector<W> sum = shift ? load<W>(shift + c) : Vector<W>{};
    if (add) sum += load_up_to<W>(y + m, n);
#pragma GCC unroll 8
    for (int t = 0; t < N; ++t)
      sum = multiply_add<W>(load<W>(scales + t * period + c), load_up_to<W>(from[t] + m, n), sum);
    store_up_to<W>(y + m, sum, n);
  });
}

using MixKernel = void (*)(std::int64_t, std::int64_t, const float* const*, const float*, const float*, bool, float*);
constexpr MixKernel kMixTerms[kTermsAtOnce] = {mix_terms<1>, mix_terms<2>, mix_terms<3>, mix_terms<4>,
                                               mix_terms<5>, mix_terms<6>, mix_terms<7>, mix_terms<8>};

void edge_mix(const MixShape& shape, int count, const MixTerm* terms, const float* shift, bool add, float* y,
              float* scratch) {
  const MixShape s = shape;
  const MixPlanes p = MixPlanes::of(s, count, terms);  // of all terms: every group of eight has the same
  const std::int64_t lanes = mix_lanes(s.channels), period = lanes < 16 ? 16 : lanes, image = s.pixels * s.channels;
  float *shifts = scratch, *scales = scratch + period, *planes = scratch + mix_coefficients(s, count);
  repeat_channels(s.channels, lanes, shift, 0, shifts);
  for (int t = 0; t < count; ++t) repeat_channels(s.channels, lanes, terms[t].scale, 0, scales + t * period);
  parallel_chunks(s.batch, [&](std::int64_t n) {
    for (int t = 0; t < count; t += kTermsAtOnce) {
      const int now = count - t < kTermsAtOnce ? count - t : kTermsAtOnce;
      const float* z[kTermsAtOnce];
      mix_images(s, p, now, terms + t, n, planes + worker() * p.pools * p.plane, z);
      kMixTerms[now - 1](s.pixels, s.channels, z, scales + t * period, t == 0 ? shifts : nullptr, add || t > 0,
                         y + n * image);
    }
  });
}

// sums[t][channels] of dy * z_t for N terms, and dy_sums[channels] of dy alone where that is not null; pixels [begin,
// end) of an image, added to what there is unless begin is 0, which takes one chain; the V vectors of channels from c
// on, the last of n lanes. Few terms are summed in four chains, since an addition waits 4 cycles for the one before it.
template <int W, int N, int V>
NASCENT_INLINE void sum_products(std::int64_t begin, std::int64_t last, std::int64_t channels, std::int64_t c,
                                 std::int64_t n, const float* dy, const float* const* z, float* dy_sums, float* sums) {
  constexpr int kChains = N < 3 ? 4 : 1;
  // The second vector of a line finds it fetched.
  const bool fetch = V > 1 || c % 16 == 0;
  const float* from[N];
  for (int t = 0; t < N; ++t) from[t] = z[t];
  Vector<W> sum[V][kChains][1 + N] = {};
  if (begin > 0)
    unrolled<V>([&](auto v) __attribute__((always_inline)) {
      const std::int64_t at = c + v.value * W;
      if (dy_sums) sum[v.value][0][0] = load_up_to<W>(dy_sums + at, n);
#pragma GCC unroll 8
      for (int t = 0; t < N; ++t) sum[v.value][0][1 + t] = load_up_to<W>(sums + t * channels + at, n);
    });
  const auto add = [&](int chain, std::int64_t pixel) __attribute__((always_inline)) {
    unrolled<V>([&](auto v) __attribute__((always_inline)) {
      Vector<W>(&to)[1 + N] = sum[v.value][chain];
      const std::int64_t at = pixel + v.value * W;
      if (fetch) __builtin_prefetch(dy + at + kFetchAhead);
      const Vector<W> g = load_up_to<W>(dy + at, n);
      to[0] += g;
      unrolled<N>([&](auto t) __attribute__((always_inline)) {
        if (fetch) __builtin_prefetch(from[t.value] + at + kFetchAhead);
        to[1 + t.value] = multiply_add<W>(g, load_up_to<W>(from[t.value] + at, n), to[1 + t.value]);
      });
    });
  };
  const std::int64_t end = last * channels + c;
  std::int64_t at = begin * channels + c;
  for (; at + (kChains - 1) * channels < end; at += kChains * channels)
    unrolled<kChains>([&](auto i) __attribute__((always_inline)) { add(i.value, at + i.value * channels); });
  for (; at < end; at += channels) add(0, at);
  unrolled<V>([&](auto v) __attribute__((always_inline)) {
    const auto put = [&](float* to, int i) __attribute__((always_inline)) {
      const Vector<W>(&of)[kChains][1 + N] = sum[v.value];
      if constexpr (kChains == 4)
        store_up_to<W>(to + c + v.value * W, (of[0][i] + of[1][i]) + (of[2][i] + of[3][i]), n);
      else
        store_up_to<W>(to + c + v.value * W, of[0][i], n);
    };
    if (dy_sums) put(dy_sums, 0);
#pragma GCC unroll 8
    for (int t = 0; t < N; ++t) put(sums + t * channels, 1 + t);
  });
}
// Two vectors of channels at a time where registers hold the sums of both: pixels are then read two lines at a time and
// not every other one, half as often. With 16 registers some pixels at a time, which the second vector of their lines
// finds in L1: half of it, for all terms.
template <int W, int N>
NASCENT_INLINE void mix_sums_by(std::int64_t pixels, std::int64_t channels, const float* dy, const float* const* z,
                                float* dy_sums, float* sums) {
  const std::int64_t fit = kEdgeBandFloats / ((1 + N) * channels), few = fit < 4 ? 4 : fit,
                     step = kRegisters == 32 || N < 3 || channels <= W ? pixels : few;
  for (std::int64_t begin = 0; begin < pixels; begin += step) {
    const std::int64_t end = begin + step < pixels ? begin + step : pixels;
    std::int64_t c = 0;
    if constexpr (kRegisters == 32 && N >= 3)
      for (; c + 2 * W <= channels; c += 2 * W) sum_products<W, N, 2>(begin, end, channels, c, W, dy, z, dy_sums, sums);
    for (; c < channels; c += W)
      sum_products<W, N, 1>(begin, end, channels, c, channels - c < W ? channels - c : W, dy, z, dy_sums, sums);
  }
}
template <int N>
void mix_sums(std::int64_t pixels, std::int64_t channels, const float* dy, const float* const* z, float* dy_sums,
              float* sums) {
  if (channels <= 4) return mix_sums_by<4, N>(pixels, channels, dy, z, dy_sums, sums);
  if constexpr (kWidth >= 8)
    if (channels <= 8) return mix_sums_by<8, N>(pixels, channels, dy, z, dy_sums, sums);
  mix_sums_by<kWidth, N>(pixels, channels, dy, z, dy_sums, sums);
}

using MixSumsKernel = void (*)(std::int64_t, std::int64_t, const float*, const float* const*, float*, float*);
constexpr MixSumsKernel kMixSums[kTermsAtOnce] = {mix_sums<1>, mix_sums<2>, mix_sums<3>, mix_sums<4>,
                                                  mix_sums<5>, mix_sums<6>, mix_sums<7>, mix_sums<8>};

void edge_mix_sums(const MixShape& shape, int count, const MixTerm* terms, const float* dy, double* sums,
                   float* scratch) {
  const MixShape s = shape;
  const MixPlanes p = MixPlanes::of(s, count, terms);  // of all terms: every group of eight has the same
  const std::int64_t image = s.pixels * s.channels, rows = (1 + count) * s.channels;
  float* planes = scratch + mix_image_sums(s, count);
  parallel_chunks(s.batch, [&](std::int64_t n) {
    float* own = scratch + n * rows;
    for (int t = 0; t < count; t += kTermsAtOnce) {
      const int now = count - t < kTermsAtOnce ? count - t : kTermsAtOnce;
      const float* z[kTermsAtOnce];
      mix_images(s, p, now, terms + t, n, planes + worker() * p.pools * p.plane, z);
      kMixSums[now - 1](s.pixels, s.channels, dy + n * image, z, t == 0 ? own : nullptr, own + (1 + t) * s.channels);
    }
  });
  for (std::int64_t i = 0; i < rows; ++i) sums[i] = 0;
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t i = 0; i < rows; ++i) sums[i] += static_cast<double>(scratch[n * rows + i]);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
