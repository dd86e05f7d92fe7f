// A linear map along both axes of a square of vectors.
#pragma once
#include "kernels/simd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Vectors in a square, `row` and `column` floats from one to the next.
template <class T>
struct Square {
  T* at;
  std::int64_t row, column;
};

// N addresses `step` floats apart, three a base as in TileRows.
template <int N, class T>
struct Steps {
  T* base[(N + 2) / 3];
  std::int64_t step;
  NASCENT_INLINE Steps(T* at, std::int64_t between) : step(between) {
    unrolled<(N + 2) / 3>([&](auto i)
                              __attribute__((always_inline)) { base[i.value] = opaque(at + 3 * i.value * step); });
  }
  NASCENT_INLINE T* operator[](int i) const { return base[i / 3] + i % 3 * step; }
};

// body(0) to body(N - 1), unrolled where so few vectors are at work that they stay in registers.
template <int N, bool kUnroll, class Body>
NASCENT_INLINE void each_index(const Body& body) {
  if constexpr (kUnroll)
    unrolled<N>([&](auto i) __attribute__((always_inline)) { body(i.value); });
  else
    for (int i = 0; i < N; ++i) body(i);
}

// The map along the columns of a square of kFrom vectors each way, then along the rows; the first n lanes.
template <int kFrom, int kTo, class Map>
NASCENT_INLINE void map_square(const Map& map, Square<const float> from, Square<float> to, std::int64_t n) {
  constexpr int W = kWidth;
  constexpr bool kUnroll = kFrom * kTo <= 16;
  Vector<W> half[kFrom][kTo];
  each_index<kFrom, kUnroll>([&](int j) __attribute__((always_inline)) {
    Vector<W> in[kFrom], out[kTo];
    const Steps<kFrom, const float> column(from.at, from.row);
    unrolled<kFrom>([&](auto i) __attribute__((always_inline)) { in[i.value] = load_up_to<W>(column[i.value], n); });
    from.at += from.column;
    map(in, out);
    unrolled<kTo>([&](auto i) __attribute__((always_inline)) { half[j][i.value] = out[i.value]; });
  });
  each_index<kTo, kUnroll>([&](int i) __attribute__((always_inline)) {
    Vector<W> in[kFrom], out[kTo];
    unrolled<kFrom>([&](auto j) __attribute__((always_inline)) { in[j.value] = half[j.value][i]; });
    map(in, out);
    const Steps<kTo, float> row(to.at, to.column);
    unrolled<kTo>([&](auto j) __attribute__((always_inline)) { store_up_to<W>(row[j.value], out[j.value], n); });
    to.at += to.row;
  });
}

// The same of all channels.
template <int kFrom, int kTo, class Map>
NASCENT_INLINE void map_channels(const Map& map, std::int64_t channels, Square<const float> from, Square<float> to) {
  each_vector<kWidth>(
      channels, [&](std::int64_t c, std::int64_t n) __attribute__((always_inline)) {
        map_square<kFrom, kTo>(map, {from.at + c, from.row, from.column}, {to.at + c, to.row, to.column}, n);
      });
}

// The same, of which only the first `rows` and `columns` are stored.
template <int kFrom, int kTo, class Map>
void map_part(const Map& map, std::int64_t channels, Square<const float> from, Square<float> to, std::int64_t rows,
              std::int64_t columns) {
  constexpr int W = kWidth;
  each_vector<W>(channels, [&](std::int64_t c, std::int64_t n) {
    float whole[kTo * kTo * W];
    map_square<kFrom, kTo>(map, {from.at + c, from.row, from.column}, {whole, kTo * W, W}, n);
    for (std::int64_t i = 0; i < kTo && i < rows; ++i)
      for (std::int64_t j = 0; j < kTo && j < columns; ++j)
        store_up_to<W>(to.at + i * to.row + j * to.column + c, load_up_to<W>(whole + (i * kTo + j) * W, n), n);
  });
}

// The map of squares of matrices of `elements` each, element by element.
template <int kFrom, int kTo, class Map>
NASCENT_INLINE void map_matrices(const Map& map, std::int64_t elements, const float* from, float* to) {
  each_vector<kWidth>(
      elements, [&](std::int64_t e, std::int64_t n) __attribute__((always_inline)) {
        map_square<kFrom, kTo>(map, {from + e, kFrom * elements, elements}, {to + e, kTo * elements, elements}, n);
      });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
