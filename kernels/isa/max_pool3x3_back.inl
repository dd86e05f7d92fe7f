// The adjoint of max pooling 3x3, column by column: see pool3x3.inl. Each input pixel compares the winners of the
// windows that cover it, in row order, as gather_winners does.
#pragma once
#include "kernels/isa/pool3x3.inl"
#include "kernels/masks.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

constexpr int kNoTap = 255;  // of windows beyond the image: none of 3x3 taps is that

// Of N windows below each other, the gradients and which tap each goes to.
template <int N>
struct WonColumn {
  Vector<kWidth> dy[N];
  Bytes tap[N];
};
template <int N>
NASCENT_INLINE WonColumn<N> no_windows() {
  WonColumn<N> none{};
  for (Bytes& tap : none.tap) tap = bytes(kNoTap - 1);
  return none;
}

// N rows of windows from row i on, of which some lie beyond the image; those are read as their neighbours.
template <int N>
struct WonRows {
  const float* dy[N];
  const std::uint8_t* tap[N];
  bool inside[N];

  WonRows(const PoolShape& s, std::int64_t i, const float* image_dy, const std::uint8_t* image_tap) {
    for (int a = 0; a < N; ++a) {
      inside[a] = i + a >= 0 && i + a < s.out_height();
      const std::int64_t at = (inside[a] ? i + a : a == 0 ? i + 1 : i + a - 1) * s.out_width() * s.channels;
      dy[a] = image_dy + at, tap[a] = image_tap + at;
    }
  }
  NASCENT_INLINE WonColumn<N> load_at(std::int64_t at) const {
    WonColumn<N> column;
#pragma GCC unroll 3
    for (int a = 0; a < N; ++a)
      column.dy[a] = load<kWidth>(dy[a] + at), column.tap[a] = load_bytes(tap[a] + at, kWidth);
    return column;
  }
  Bytes number(int a, int tap_number) const { return bytes(inside[a] ? tap_number : kNoTap); }
};

// Row r of dx at stride 1. kFetch: the rows of dx, dy and winners that follow, to L2.
template <bool kFetch>
void scatter_row(const PoolShape& s, std::int64_t r, const float* dy, const std::uint8_t* tap, float* dx) {
  const WonRows<3> rows(s, r - 1, dy, tap);
  Bytes number[3][3];
#pragma GCC unroll 3
  for (int a = 0; a < 3; ++a)
#pragma GCC unroll 3
    for (int b = 0; b < 3; ++b) number[a][b] = rows.number(a, 3 * (2 - a) + 2 - b);
  const std::int64_t c = s.channels, row = s.width * c;
  float* const to = dx + r * row;
  const float* const next_dy = dy + (r + 2) * row;
  const std::uint8_t* const next_tap = tap + (r + 2) * row;
  each_whole_vector(c, [&](std::int64_t f) {
    slide(
        s.width, no_windows<3>(), [&](std::int64_t j) { return rows.load_at(j * c + f); },
        [&](std::int64_t j, const WonColumn<3>& left, const WonColumn<3>& middle, const WonColumn<3>& right) {
          const std::int64_t at = j * c + f;
          if constexpr (kFetch) fetch_to_l2(to + row + at), fetch_to_l2(next_dy + at), fetch_to_l2(next_tap + at);
          Vector<kWidth> sum{};
#pragma GCC unroll 3
          for (int a = 0; a < 3; ++a) {
            sum = add_where(equal(left.tap[a], number[a][0]), sum, left.dy[a]);
            sum = add_where(equal(middle.tap[a], number[a][1]), sum, middle.dy[a]);
            sum = add_where(equal(right.tap[a], number[a][2]), sum, right.dy[a]);
          }
          store<kWidth>(to + at, sum);
        });
  });
}

// Rows 2*i and 2*i + 1 of dx at stride 2.
template <bool kFetch>
void scatter_two_rows(const PoolShape& s, std::int64_t i, const float* dy, const std::uint8_t* tap, float* dx) {
  const WonRows<2> rows(s, i, dy, tap);
  Bytes number[2][3];  // of row 2*i + 1; row 2*i meets windows of row i alone, at taps 3 to 5
#pragma GCC unroll 3
  for (int b = 0; b < 3; ++b) number[0][b] = rows.number(0, 6 + b), number[1][b] = rows.number(1, b);
  const Bytes before = bytes(3), centre = bytes(4), after = bytes(5);
  const std::int64_t c = s.channels, row = s.width * c, following = (i + 2) * s.out_width() * c;
  float* const to = dx + 2 * i * row;
  // Where the image ends with an even row or column the odd one is the same place, and is stored first.
  const std::int64_t odd_row = 2 * i + 1 < s.height ? row : 0;
  each_whole_vector(c, [&](std::int64_t f) {
    slide_pairs(
        s.out_width(), no_windows<2>(), [&](std::int64_t j) { return rows.load_at(j * c + f); },
        [&](std::int64_t j, const WonColumn<2>& at, const WonColumn<2>& next) {
          float* const pixel = to + 2 * j * c + f;
          const std::int64_t odd_column = 2 * j + 1 < s.width ? c : 0;
          if constexpr (kFetch) {
            fetch_to_l2(dy + following + j * c + f);
            for (int r = 2; r < 4; ++r) fetch_to_l2(pixel + r * row), fetch_to_l2(pixel + r * row + c);
          }
          Vector<kWidth> even{}, sum{};
          const Vector<kWidth> zero{};
          sum = add_where(equal(at.tap[0], number[0][2]), sum, at.dy[0]);
          sum = add_where(equal(next.tap[0], number[0][0]), sum, next.dy[0]);
          sum = add_where(equal(at.tap[1], number[1][2]), sum, at.dy[1]);
          sum = add_where(equal(next.tap[1], number[1][0]), sum, next.dy[1]);
          store<kWidth>(pixel + odd_row + odd_column, sum);
          even = add_where(equal(at.tap[0], number[0][1]), even, at.dy[0]);
          even = add_where(equal(at.tap[1], number[1][1]), even, at.dy[1]);
          store<kWidth>(pixel + odd_row, even);
          sum = add_where(equal(at.tap[0], after), zero, at.dy[0]);
          sum = add_where(equal(next.tap[0], before), sum, next.dy[0]);
          store<kWidth>(pixel + odd_column, sum);
          store<kWidth>(pixel, add_where(equal(at.tap[0], centre), zero, at.dy[0]));
        });
  });
}

// An image's dx, where slides(s).
template <bool kFetch>
void max_pool_slide_back(const PoolShape& s, const float* dy, const std::uint8_t* tap, float* dx) {
  if (s.stride == 1)
    for (std::int64_t r = 0; r < s.height; ++r) scatter_row<kFetch>(s, r, dy, tap, dx);
  else
    for (std::int64_t i = 0; i < s.out_height(); ++i) scatter_two_rows<kFetch>(s, i, dy, tap, dx);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
