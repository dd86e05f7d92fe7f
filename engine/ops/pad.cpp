// pad, slice and shift2d: one linear map that copies a box of x into zeros.
#include <algorithm>
#include <cstring>

#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/parallel.h"

namespace nascent {
namespace {

const Op kPad{"pad", "dx = dy padded by the same numbers with their signs turned"};

// The tensor as rows of memory: everything from the last padded axis inward is copied in one piece.
struct Rows {
  int axis = 0;                               // the last padded one
  std::int64_t inner = 1;                     // elements an index of that axis spans
  std::int64_t count = 1;                     // rows of y
  std::int64_t from = 0, length = 0, to = 0;  // the piece of a row that is copied, in elements
};

Rows rows_of(const Shape& x, const Shape& y, const Padding& padding) {
  Rows r;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (padding.before[axis] || padding.after[axis]) r.axis = axis;
  for (int axis = r.axis + 1; axis < x.rank(); ++axis) r.inner *= x[axis];
  for (int axis = 0; axis < r.axis; ++axis) r.count *= y[axis];
  const std::int64_t before = padding.before[r.axis];
  const std::int64_t begin = std::max<std::int64_t>(0, -before), end = std::min(x[r.axis], y[r.axis] - before);
  r.from = begin * r.inner;
  r.length = std::max<std::int64_t>(0, end - begin) * r.inner;
  r.to = (begin + before) * r.inner;
  return r;
}

// The row of x that becomes row `row` of y, or -1 when the padding made it.
std::int64_t source_row(std::int64_t row, int axes, const Shape& x, const Shape& y, const Padding& padding) {
  std::int64_t source = 0, stride = 1;
  for (int axis = axes - 1; axis >= 0; --axis) {
    const std::int64_t index = row % y[axis] - padding.before[axis];
    if (index < 0 || index >= x[axis]) return -1;
    source += index * stride;
    stride *= x[axis];
    row /= y[axis];
  }
  return source;
}

void copy_padded(const Tensor& x, const Padding& padding, Tensor& y) {
  if (y.elements() == 0) return;
  const Rows r = rows_of(x.shape(), y.shape(), padding);
  const std::size_t element = bytes_of(x.dtype());
  const std::size_t x_row = x.shape()[r.axis] * r.inner * element, y_row = y.shape()[r.axis] * r.inner * element;
  const std::byte* source = x.bytes_data();
  std::byte* target = y.mutable_bytes();
  // 64 KB a chunk: long enough to pay for handing it out, short enough to stay in L2.
  const std::int64_t grain = std::max<std::int64_t>(1, (64 << 10) / static_cast<std::int64_t>(y_row));
  kernels::parallel_ranges(r.count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::byte* to = target + row * y_row;
      const std::int64_t from = source_row(row, r.axis, x.shape(), y.shape(), padding);
      if (from < 0 || r.length == 0) {
        std::memset(to, 0, y_row);
        continue;
      }
      const std::size_t front = r.to * element, piece = r.length * element;
      std::memset(to, 0, front);
      std::memcpy(to + front, source + from * x_row + r.from * element, piece);
      std::memset(to + front + piece, 0, y_row - front - piece);
    }
  });
}

Padding turned(Padding padding) {
  for (auto* side : {&padding.before, &padding.after})
    for (std::int64_t& n : *side) n = -n;
  return padding;
}

Padding no_padding(const Shape& shape) {
  const std::vector<std::int64_t> zeros(shape.rank(), 0);
  return {zeros, zeros};
}

}  // namespace

Tensor pad(const Tensor& x, const Padding& padding, Where where) {
  expect_operands(kPad.name, {&x}, where);
  const auto rank = static_cast<std::size_t>(x.shape().rank());
  if (padding.before.size() != rank || padding.after.size() != rank)
    broken(kPad.name,
           "expected " + std::to_string(rank) + " numbers before and after for " + x.shape().text() + ", got " +
               std::to_string(padding.before.size()) + " and " + std::to_string(padding.after.size()),
           where);
  if (rank == 0) return x;
  Shape shape = x.shape();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    shape[axis] += padding.before[axis] + padding.after[axis];
    if (shape[axis] < 0)
      broken(kPad.name,
             "expected to cut at most " + std::to_string(x.shape()[axis]) + " from axis " + std::to_string(axis) +
                 ", got " + std::to_string(padding.before[axis]) + " before and " +
                 std::to_string(padding.after[axis]) + " after",
             where);
  }
  Tensor y = Tensor::empty(shape, x.dtype());
  copy_padded(x, padding, y);
  return record(kPad, {x}, y, {.rule = [padding](Vjp& v) { v.add(0, pad(v.dy(), turned(padding))); }}, where);
}

Tensor slice(const Tensor& x, Slice range, Where where) {
  expect_operands("slice", {&x}, where);
  const int axis = checked_axis("slice", range.axis, x.shape(), where);
  const std::int64_t size = x.shape()[axis];
  if (range.begin < 0 || range.begin > range.end || range.end > size)
    broken("slice",
           "expected a range within [0, " + std::to_string(size) + ") of axis " + std::to_string(axis) + ", got [" +
               std::to_string(range.begin) + ", " + std::to_string(range.end) + ")",
           where);
  Padding padding = no_padding(x.shape());
  padding.before[axis] = -range.begin;
  padding.after[axis] = range.end - size;
  return pad(x, padding, where);
}

Tensor shift2d(const Tensor& x, Shift by, Where where) {
  expect_operands("shift2d", {&x}, where);
  expect_rank("shift2d", "x", x, 4, where);
  return pad(x, {.before = {0, -by.rows, -by.columns, 0}, .after = {0, by.rows, by.columns, 0}}, where);
}

}  // namespace nascent
