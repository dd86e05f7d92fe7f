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

// The pools of image n, taken into planes from `plane` on, and meanwhile the first mix's first tensors fetched, one a
// pool: one line for one of a pool is what a core fetches in that time; with two a line, mixing takes a tenth longer.
template <class Mix>
inline void take_pools(const MixShape& s, const MixPlanes& p, const Mix& first, std::int64_t n, float* plane) {
  const std::int64_t input = s.pool.height * s.pool.width * s.channels;
  int fetched = follows_streams() ? first.count : 0;
  for (std::int64_t i = 0; i < p.pools; ++i, plane += p.plane) {
    while (fetched < first.count && first.terms[fetched].source != MixSource::tensor) ++fetched;
    const float *x = p.pool[i].z + n * input,
                *next = fetched < first.count ? first.terms[fetched++].z + n * s.pixels * s.channels : nullptr;
    if (p.pool[i].source == MixSource::max_pool)
      max_pool_image(s.pool, x, plane, nullptr, next);
    else
      avg_pool_image(s.pool, x, plane, next);
  }
}
// z[t]: where term t of image n is read, once its pools are taken.
inline void mix_images(const MixShape& s, const MixPlanes& p, int count, const MixTerm* terms, std::int64_t n,
                       const float* plane, const float** z) {
  for (int t = 0; t < count; ++t)
    z[t] = terms[t].source == MixSource::tensor ? terms[t].z + n * s.pixels * s.channels
                                                : plane + p.of(terms[t]) * p.plane;
}

// y (+)= shift + sum of N terms, one image. z are the terms' images; scales [N][period].
template <int N, bool kFetch>
void mix_terms(std::int64_t pixels, std::int64_t channels, const float* const* z, const float* scales,
               const float* shift, bool add, float* y) {
  constexpr int W = kWidth;
  const std::int64_t lanes = coefficient_lanes(channels), period = coefficient_period(channels);
  const float* from[N];
  for (int t = 0; t < N; ++t) from[t] = z[t];
  struct Weights {
    Vector<W> shift, scale[N];
  };
  const auto weights = [&](std::int64_t c) __attribute__((always_inline)) {
    Weights by;
    by.shift = shift ? load<W>(shift + c) : Vector<W>{};
    unrolled<N>([&](auto t)
                    __attribute__((always_inline)) { by.scale[t.value] = load<W>(scales + t.value * period + c); });
    return by;
  };
  each_plane_vector(
      pixels, channels, lanes,
      weights, [&](std::int64_t m, std::int64_t, const Weights& by, auto n) __attribute__((always_inline)) {
        if (kFetch && m % 16 < W) {  // once a line
          fetch_ahead(y + m);
          unrolled<N>([&](auto t) __attribute__((always_inline)) { fetch_far(from[t.value] + m); });
        }
        Vector<W> sum = by.shift;
        if (add) sum += load_up_to<W>(y + m, n);
        unrolled<N>([&](auto t) __attribute__((always_inline)) {
          sum = multiply_add<W>(by.scale[t.value], load_up_to<W>(from[t.value] + m, n), sum);
        });
        store_up_to<W>(y + m, sum, n);
      });
}

using MixKernel = void (*)(std::int64_t, std::int64_t, const float* const*, const float*, const float*, bool, float*);
template <bool kFetch>
constexpr MixKernel kMixTerms[kTermsAtOnce] = {mix_terms<1, kFetch>, mix_terms<2, kFetch>, mix_terms<3, kFetch>,
                                               mix_terms<4, kFetch>, mix_terms<5, kFetch>, mix_terms<6, kFetch>,
                                               mix_terms<7, kFetch>, mix_terms<8, kFetch>};
inline MixKernel mix_terms_kernel(int terms) {
  return (follows_streams() ? kMixTerms<false> : kMixTerms<true>)[terms - 1];
}

void edge_mix(const MixShape& shape, int mixes, const EdgeMix* mix, float* scratch) {
  const MixShape s = shape;
  const MixPlanes p(s, mixes, mix);
  const std::int64_t lanes = coefficient_lanes(s.channels), period = coefficient_period(s.channels),
                     image = s.pixels * s.channels;
  float *coefficients[kMaxMixes], *planes = scratch + p.before;  // of a mix [1 + count][period]: shift, scales
  for (int m = 0; m < mixes; scratch += mix_floats(s, mix[m++])) {
    coefficients[m] = scratch;
    repeat_channels(s.channels, lanes, mix[m].shift, 0, scratch);
    for (int t = 0; t < mix[m].count; ++t)
      repeat_channels(s.channels, lanes, mix[m].terms[t].scale, 0, scratch + (1 + t) * period);
  }
  parallel_chunks(s.batch, [&](std::int64_t n) {
    float* plane = planes + worker() * p.pools * p.plane;
    take_pools(s, p, mix[0], n, plane);
    for (int m = 0; m < mixes; ++m)
      for (int t = 0; t < mix[m].count; t += kTermsAtOnce) {
        const int left = mix[m].count - t, now = left < kTermsAtOnce ? left : kTermsAtOnce;
        const float* z[kTermsAtOnce];
        mix_images(s, p, now, mix[m].terms + t, n, plane, z);
        mix_terms_kernel(now)(s.pixels, s.channels, z, coefficients[m] + (1 + t) * period,
                              t == 0 ? coefficients[m] : nullptr, mix[m].add || t > 0, mix[m].y + n * image);
      }
  });
}

// Few terms are summed in four chains, since an addition waits 4 cycles for the one before it.
constexpr int sum_chains(int terms) { return terms < 3 ? 4 : 1; }

// sums[t][channels] of dy * z_t for N terms, and with kDy dy_sums[channels] of dy alone where that is not null; pixels
// [begin, last) of an image, added to what there is unless begin is 0, which takes one chain; the V vectors of channels
// from c on, the last of n lanes.
template <bool kFetch, int W, int N, int V, int kChains = sum_chains(N), bool kDy = true>
NASCENT_INLINE void sum_products(std::int64_t begin, std::int64_t last, std::int64_t channels, std::int64_t c,
                                 std::int64_t n, const float* dy, const float* const* z, float* dy_sums, float* sums) {
  // The second vector of a line finds it fetched.
  const bool fetch = kFetch && (V > 1 || c % 16 == 0);
  // With AVX2 the next pixels, in the order of memory, a share with each line of channels: the hardware, which follows
  // eight tensors read line by line, follows none of which every second or fourth line is read.
  const bool in_order = kFetch && kRegisters == 16 && V * W == kLineFloats && channels > kLineFloats;
  std::int64_t next = last * channels + c * (last - begin);
  const float* from[N];
  for (int t = 0; t < N; ++t) from[t] = z[t];
  Vector<W> sum[V][kChains][1 + N] = {};
  if (begin > 0)
    unrolled<V>([&](auto v) __attribute__((always_inline)) {
      const std::int64_t at = c + v.value * W;
      if (kDy && dy_sums) sum[v.value][0][0] = load_up_to<W>(dy_sums + at, n);
#pragma GCC unroll 8
      for (int t = 0; t < N; ++t) sum[v.value][0][1 + t] = load_up_to<W>(sums + t * channels + at, n);
    });
  const auto add = [&](int chain, std::int64_t pixel) __attribute__((always_inline)) {
    if (in_order) {
      if (kDy) fetch_to_l2(dy + next);
      unrolled<N>([&](auto t) __attribute__((always_inline)) { fetch_to_l2(from[t.value] + next); });
      next += kLineFloats;
    }
    unrolled<V>([&](auto v) __attribute__((always_inline)) {
      Vector<W>(&to)[1 + N] = sum[v.value][chain];
      const std::int64_t at = pixel + v.value * W;
      if (fetch) fetch_far(dy + at);
      const Vector<W> g = load_up_to<W>(dy + at, n);
      if (kDy) to[0] += g;
      unrolled<N>([&](auto t) __attribute__((always_inline)) {
        if (fetch) fetch_far(from[t.value] + at);
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
    if (kDy && dy_sums) put(dy_sums, 0);
#pragma GCC unroll 8
    for (int t = 0; t < N; ++t) put(sums + t * channels, 1 + t);
  });
}
// A line of channels from c on, with AVX2 two vectors: by as many terms at a time as 16 registers hold two sums of,
// beside two of dy.
template <bool kFetch, int W, int N>
NASCENT_INLINE void sum_line(std::int64_t begin, std::int64_t end, std::int64_t channels, std::int64_t c,
                             const float* dy, const float* const* z, float* dy_sums, float* sums) {
  constexpr int kFirst = 1 + N <= 6 ? N : (1 + N) / 2 - 1, kRest = N - kFirst;
  sum_products<kFetch, W, kFirst, 2, 1>(begin, end, channels, c, W, dy, z, dy_sums, sums);
  if constexpr (kRest > 0)
    sum_products<kFetch, W, kRest, 2, 1, false>(begin, end, channels, c, W, dy, z + kFirst, nullptr,
                                                sums + kFirst * channels);
}
// Two vectors of channels at a time where registers hold the sums of both: pixels are then read two lines at a time and
// not every other one, half as often. With 16 registers a line at a time and some pixels, so that what all terms read
// of them is half of L1.
template <bool kFetch, int W, int N>
NASCENT_INLINE void mix_sums_by(std::int64_t pixels, std::int64_t channels, const float* dy, const float* const* z,
                                float* dy_sums, float* sums) {
  const std::int64_t fit = kEdgeBandFloats / ((1 + N) * channels), few = fit < 4 ? 4 : fit,
                     step = kRegisters == 32 || N < 3 || channels <= W ? pixels : few;
  for (std::int64_t begin = 0; begin < pixels; begin += step) {
    const std::int64_t end = begin + step < pixels ? begin + step : pixels;
    std::int64_t c = 0;
    if constexpr (kRegisters == 32 && N >= 3)
      for (; c + 2 * W <= channels; c += 2 * W)
        sum_products<kFetch, W, N, 2>(begin, end, channels, c, W, dy, z, dy_sums, sums);
    if constexpr (kRegisters == 16 && N >= 3 && 2 * W == kLineFloats)
      for (; c + 2 * W <= channels; c += 2 * W) sum_line<kFetch, W, N>(begin, end, channels, c, dy, z, dy_sums, sums);
    for (; c < channels; c += W)
      sum_products<kFetch, W, N, 1>(begin, end, channels, c, channels - c < W ? channels - c : W, dy, z, dy_sums, sums);
  }
}
template <int N, bool kFetch>
void mix_sums(std::int64_t pixels, std::int64_t channels, const float* dy, const float* const* z, float* dy_sums,
              float* sums) {
  if (channels <= 4) return mix_sums_by<kFetch, 4, N>(pixels, channels, dy, z, dy_sums, sums);
  if constexpr (kWidth >= 8)
    if (channels <= 8) return mix_sums_by<kFetch, 8, N>(pixels, channels, dy, z, dy_sums, sums);
  mix_sums_by<kFetch, kWidth, N>(pixels, channels, dy, z, dy_sums, sums);
}

using MixSumsKernel = void (*)(std::int64_t, std::int64_t, const float*, const float* const*, float*, float*);
template <bool kFetch>
constexpr MixSumsKernel kMixSums[kTermsAtOnce] = {mix_sums<1, kFetch>, mix_sums<2, kFetch>, mix_sums<3, kFetch>,
                                                  mix_sums<4, kFetch>, mix_sums<5, kFetch>, mix_sums<6, kFetch>,
                                                  mix_sums<7, kFetch>, mix_sums<8, kFetch>};
inline MixSumsKernel mix_sums_kernel(int terms) {
  return (follows_streams() ? kMixSums<false> : kMixSums<true>)[terms - 1];
}

void edge_mix_sums(const MixShape& shape, int mixes, const EdgeMixSums* mix, float* scratch) {
  const MixShape s = shape;
  const MixPlanes p(s, mixes, mix);
  const std::int64_t image = s.pixels * s.channels;
  float *image_sums[kMaxMixes], *planes = scratch + p.before;
  for (int m = 0; m < mixes; scratch += mix_floats(s, mix[m++])) image_sums[m] = scratch;
  parallel_chunks(s.batch, [&](std::int64_t n) {
    float* plane = planes + worker() * p.pools * p.plane;
    take_pools(s, p, mix[0], n, plane);
    for (int m = 0; m < mixes; ++m) {
      float* own = image_sums[m] + n * (1 + mix[m].count) * s.channels;
      for (int t = 0; t < mix[m].count; t += kTermsAtOnce) {
        const int left = mix[m].count - t, now = left < kTermsAtOnce ? left : kTermsAtOnce;
        const float* z[kTermsAtOnce];
        mix_images(s, p, now, mix[m].terms + t, n, plane, z);
        mix_sums_kernel(now)(s.pixels, s.channels, mix[m].dy + n * image, z, t == 0 ? own : nullptr,
                             own + (1 + t) * s.channels);
      }
    }
  });
  parallel_chunks(mixes, [&](std::int64_t m) {
    const std::int64_t rows = (1 + mix[m].count) * s.channels;
    double* sums = mix[m].sums;
    for (std::int64_t i = 0; i < rows; ++i) sums[i] = 0;
    for (std::int64_t n = 0; n < s.batch; ++n)
      for (std::int64_t i = 0; i < rows; ++i) sums[i] += static_cast<double>(image_sums[m][n * rows + i]);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
