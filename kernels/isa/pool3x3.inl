// Pooling 3x3 with padding 1 at stride 1 or 2, column by column along a row: what a window meets of a column is loaded
// once and stays in registers for the windows beside it: 3 loads for a vector of outputs instead of 9, and as many of
// winners. Sums keep the order they have in pool2d.inl.
#pragma once
#include "kernels/isa/pool2d.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Where window j covers columns S*j - 1 to S*j + 1 and there is a vector of channels.
inline bool slides(const PoolShape& s) {
  return s.kernel == 3 && s.stride <= 2 && s.padding == 1 && s.channels >= kWidth;
}

// Calls body(f) for channels in whole vectors from f on; the last is the last whole one: masks are dearer than lanes
// taken twice.
template <class Body>
NASCENT_INLINE void each_whole_vector(std::int64_t channels, const Body& body) {
  for (std::int64_t f = 0; f < channels; f += kWidth) body(f + kWidth <= channels ? f : channels - kWidth);
}

// Calls take(j, column before, column j, column after) for j in [0, columns); load(j) is called once a column, in
// order. Beyond the ends stands `none`. Three steps a round, or registers would be copied.
template <class Column, class Load, class Take>
NASCENT_INLINE void slide(std::int64_t columns, const Column& none, const Load& load, const Take& take) {
  Column a = none, b = load(0), c;
  for (std::int64_t j = 0;;) {
    c = j + 1 < columns ? load(j + 1) : none;
    take(j, a, b, c);
    if (++j == columns) return;
    a = j + 1 < columns ? load(j + 1) : none;
    take(j, b, c, a);
    if (++j == columns) return;
    b = j + 1 < columns ? load(j + 1) : none;
    take(j, c, a, b);
    if (++j == columns) return;
  }
}
// The same without the column before.
template <class Column, class Load, class Take>
NASCENT_INLINE void slide_pairs(std::int64_t columns, const Column& none, const Load& load, const Take& take) {
  Column a = load(0), b;
  for (std::int64_t j = 0;;) {
    b = j + 1 < columns ? load(j + 1) : none;
    take(j, a, b);
    if (++j == columns) return;
    a = j + 1 < columns ? load(j + 1) : none;
    take(j, b, a);
    if (++j == columns) return;
  }
}
// Two columns a step: take(j, column 2j - 1, column 2j, column 2j + 1) for j in [0, windows).
template <class Column, class Load, class Take>
NASCENT_INLINE void slide_by_twos(std::int64_t windows, std::int64_t columns, const Column& none, const Load& load,
                                  const Take& take) {
  Column a = none, b;
  for (std::int64_t j = 0;;) {
    b = 2 * j + 1 < columns ? load(2 * j + 1) : none;
    take(j, a, load(2 * j), b);
    if (++j == windows) return;
    a = 2 * j + 1 < columns ? load(2 * j + 1) : none;
    take(j, b, load(2 * j), a);
    if (++j == windows) return;
  }
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
