// What the fused edge does to whole planes of an image: pads, gates, combines, sums. Planes hold pixels of `lanes`
// floats (kernels/edge_plane.h), tensors in memory pixels of `channels`.
#pragma once
#include "kernels/edge_plane.h"
#include "kernels/isa/padded_band.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

template <std::int64_t N>
struct Whole {
  constexpr operator std::int64_t() const { return N; }
};

// body(offset in memory, offset in the plane, held(offset among the coefficients), n) for each vector of `pixels`
// pixels; n is a constant where the vector is whole. Where memory and plane agree they are one flat run, and where four
// vectors or two are a period, or whole ones, what held() loads stays in registers: beside a vector or two of the
// pixels, an L1 of one or two loads a cycle (Zen 4, Intel) would be busy with coefficients.
template <class Held, class Body>
NASCENT_INLINE void each_plane_vector(std::int64_t pixels, std::int64_t channels, std::int64_t lanes, const Held& held,
                                      const Body& body) {
  constexpr std::int64_t W = kWidth;
  if (lanes == channels) {
    const std::int64_t total = pixels * channels, period = lanes < 16 ? 16 : lanes;
    std::int64_t f = 0;
    const auto periods = [&]<int N>(Constant<N>) __attribute__((always_inline)) {
      decltype(held(f)) kept[N];
      unrolled<N>([&](auto i) __attribute__((always_inline)) { kept[i.value] = held(i.value * W % period); });
      for (; f + N * W <= total; f += N * W)
        unrolled<N>([&](auto i) __attribute__((always_inline)) {
          body(f + i.value * W, f + i.value * W, kept[i.value], Whole<W>{});
        });
    };
    if (period == 16 || period == 4 * W)
      periods(Constant<4>{});
    else if (period == 2 * W)
      periods(Constant<2>{});
    for (; f + period <= total; f += period)
      for (std::int64_t c = 0; c < period; c += W) body(f + c, f + c, held(c), Whole<W>{});
    for (std::int64_t c = 0; f < total; f += W, c += W) body(f, f, held(c), total - f < W ? total - f : W);
  } else {
    for (std::int64_t p = 0; p < pixels; ++p)
      for (std::int64_t c = 0; c < channels; c += W)
        body(p * channels + c, p * lanes + c, held(c), channels - c < W ? channels - c : W);
  }
}

// to[period]: the channels' values again and again, 0 in lanes without a channel; `missing` where there are none.
inline void repeat_channels(std::int64_t channels, std::int64_t lanes, const float* from, float missing, float* to) {
  const std::int64_t period = lanes < 16 ? 16 : lanes;
  for (std::int64_t begin = 0; begin < period; begin += lanes) {
    for (std::int64_t i = 0; i < channels; ++i) to[begin + i] = from ? from[i] : missing;
    clear(lanes - channels, to + begin + channels);
  }
}

// Zeros around the inside of a padded plane.
inline void clear_border(const EdgePlane& g, std::int64_t rows, std::int64_t columns, float* plane) {
  const std::int64_t pitch = g.pitch(columns), left = g.pad * g.lanes(), end = (g.pad + columns) * g.lanes();
  clear(g.pad * pitch, plane);
  for (std::int64_t i = g.pad; i < rows + g.pad; ++i) {
    clear(left, plane + i * pitch);
    clear(pitch - end, plane + i * pitch + end);
  }
  clear(g.pad * pitch + 64, plane + (rows + g.pad) * pitch);
}

// What comes before a ReLU.
struct AffineLanes {
  Vector<kWidth> scale, shift;
  NASCENT_INLINE Vector<kWidth> apply(Vector<kWidth> v) const { return multiply_add<kWidth>(v, scale, shift); }
};
struct SameLanes {
  NASCENT_INLINE Vector<kWidth> apply(Vector<kWidth> v) const { return v; }
};

// relu(x*scale + shift) of an image between borders, which are zeros before and after; coefficients repeated, null:
// relu(x).
inline void fill_relu(const EdgePlane& g, const float* x, const float* scale, const float* shift, float* plane) {
  constexpr int W = kWidth;
  const std::int64_t pitch = g.in_pitch(), lanes = g.lanes();
  for (std::int64_t i = 0; i < g.height; ++i) {
    const float* from = x + i * g.width * g.channels;
    float* to = plane + (i + g.pad) * pitch + g.pad * lanes;
    const auto fill = [&](const auto& norm) {
      each_plane_vector(g.width, g.channels, lanes, norm, [&](std::int64_t m, std::int64_t p, const auto& by, auto n) {
        const Vector<W> v = by.apply(load_up_to<W>(from + m, n));
        const Vector<W> positive = v < 0 ? Vector<W>{} : v;  // NaN passes, as in relu
        if (lanes == g.channels)
          store_up_to<W>(to + p, positive, n);
        else
          store<W>(to + p, positive);  // zeros in the lanes without a channel
      });
    };
    if (scale)
      fill([&](std::int64_t c) { return AffineLanes{load<W>(scale + c), load<W>(shift + c)}; });
    else
      fill([](std::int64_t) { return SameLanes{}; });
  }
  if (lanes != g.channels) clear_border(g, g.height, g.width, plane);
}

// dz = a*dy + b*z + d, a vector of it.
struct GradientLanes {
  Vector<kWidth> a, b, d;
  // coefficients [3][period]: a, b, d.
  NASCENT_INLINE static GradientLanes at(const float* coefficients, std::int64_t period) {
    return {load<kWidth>(coefficients), load<kWidth>(coefficients + period), load<kWidth>(coefficients + 2 * period)};
  }
  template <class Lanes>
  NASCENT_INLINE Vector<kWidth> of(const float* dy, const float* z, Lanes n) const {
    return multiply_add<kWidth>(a, load_up_to<kWidth>(dy, n), multiply_add<kWidth>(b, load_up_to<kWidth>(z, n), d));
  }
};

// dz of an image, to pixels of `lanes` floats. `next`: as many pixels that are needed next, fetched to L2 meanwhile;
// null: none.
inline void fill_gradient(std::int64_t pixels, std::int64_t channels, std::int64_t lanes, const float* dy,
                          const float* z, const float* coefficients, float* to, const float* next) {
  const std::int64_t period = lanes < 16 ? 16 : lanes;
  each_plane_vector(
      pixels, channels, lanes, [&](std::int64_t c) { return GradientLanes::at(coefficients + c, period); },
      [&](std::int64_t m, std::int64_t p, const GradientLanes& by, auto n) {
        if (next) fetch_to_l2(next + m);
        const Vector<kWidth> v = by.of(dy + m, z + m, n);
        if (lanes == channels)
          store_up_to<kWidth>(to + p, v, n);
        else
          store<kWidth>(to + p, v);
      });
}

// The same to pixels of `channels` floats.
inline void fill_gradient_dense(std::int64_t pixels, std::int64_t channels, std::int64_t lanes, const float* dy,
                                const float* z, const float* coefficients, float* to) {
  const std::int64_t period = lanes < 16 ? 16 : lanes;
  each_plane_vector(
      pixels, channels, lanes, [&](std::int64_t c) { return GradientLanes::at(coefficients + c, period); },
      [&](std::int64_t m, std::int64_t, const GradientLanes& by, auto n) {
        store_up_to<kWidth>(to + m, by.of(dy + m, z + m, n), n);
      });
}

// n lanes of column_sums: four chains of each sum, joined at the end, so that it has one order on every instruction
// set. kSquares: b is a, and loaded once.
template <int W, bool kWhole, bool kSquares>
NASCENT_INLINE void sum_lanes(std::int64_t pixels, std::int64_t step, std::int64_t n, const float* a, const float* b,
                              bool more, float* sums, float* products) {
  Vector<W> sum[4] = {}, product[4] = {};
  const auto add = [&](int chain) __attribute__((always_inline)) {
    const auto at = [&](const float* p) { return kWhole ? load<W>(p) : load_n<W>(p, n); };
    const Vector<W> av = at(a), bv = kSquares ? av : at(b);
    sum[chain] += av;
    product[chain] = multiply_add<W>(av, bv, product[chain]);
    a += step, b += step;
  };
  std::int64_t left = pixels;
  for (; left >= 4; left -= 4) add(0), add(1), add(2), add(3);
  if (left > 0) add(0);
  if (left > 1) add(1);
  if (left > 2) add(2);
  const auto put = [&](float* to, const Vector<W>(&chain)[4]) __attribute__((always_inline)) {
    const Vector<W> total = (chain[0] + chain[1]) + (chain[2] + chain[3]);
    store_up_to<W>(to, more ? load_up_to<W>(to, n) + total : total, n);
  };
  put(sums, sum), put(products, product);
}
template <int W, bool kSquares>
inline void column_sums_by(std::int64_t pixels, std::int64_t channels, const float* a, const float* b, bool more,
                           float* sums) {
  std::int64_t c = 0;
  for (; c + W <= channels; c += W)
    sum_lanes<W, true, kSquares>(pixels, channels, W, a + c, b + c, more, sums + c, sums + channels + c);
  if (c < channels)
    sum_lanes<W, false, kSquares>(pixels, channels, channels - c, a + c, b + c, more, sums + c, sums + channels + c);
}
// sums[0][c] (+)= sum of a, sums[1][c] (+)= sum of a*b over pixels of an image.
inline void column_sums(std::int64_t pixels, std::int64_t channels, const float* a, const float* b, bool more,
                        float* sums) {
  const auto by = [&]<int W>() {
    a == b ? column_sums_by<W, true>(pixels, channels, a, a, more, sums)
           : column_sums_by<W, false>(pixels, channels, a, b, more, sums);
  };
  if (channels <= 4) return by.template operator()<4>();
  if constexpr (kWidth >= 8)
    if (channels <= 8) return by.template operator()<8>();
  by.template operator()<kWidth>();
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
