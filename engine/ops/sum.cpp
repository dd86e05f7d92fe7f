#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "engine/ops/reduced_axes.h"
#include "kernels/reduce.h"

namespace nascent {
namespace {

const Op kSum{"sum", "dx = dy, stretched over the reduced axes"};

// Adjacent reduced axes are one axis to the kernel; an axis of size 1 joins any run.
Tensor sum_run(const Tensor& x, int first, int last, const Shape& result) {
  if (x.elements() == 0) return Tensor::zeros(result, x.dtype());
  kernels::ReduceShape s;
  for (int axis = 0; axis < x.shape().rank(); ++axis)
    (axis < first ? s.outer : axis < last ? s.reduce : s.inner) *= x.shape()[axis];
  Tensor y = Tensor::empty(result, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::sum_scratch<T>(s), x.dtype());
    kernels::sum(s, x.data<T>(), y.mutable_data<T>(), scratch.mutable_data<T>());
  });
  return y;
}

}  // namespace

ReducedAxes reduced_axes(const char* op, const Shape& shape, const Axes& over, const Where& where) {
  ReducedAxes r;
  r.kept = shape;
  if (over.axes.empty()) r.reduced.fill(true);
  for (int named : over.axes) {
    const int axis = checked_axis(op, named, shape, where);
    if (r.reduced[axis]) broken(op, "expected each axis once, got axis " + std::to_string(named) + " twice", where);
    r.reduced[axis] = true;
  }
  std::vector<std::int64_t> left;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!r.reduced[axis]) {
      left.push_back(shape[axis]);
      continue;
    }
    r.count *= shape[axis];
    r.kept[axis] = 1;
  }
  r.result = over.keep ? r.kept : Shape(left);
  return r;
}

Tensor sum(const Tensor& x, const Axes& over, Where where) {
  expect_operands(kSum.name, {&x}, where);
  const ReducedAxes r = reduced_axes(kSum.name, x.shape(), over, where);
  const int rank = x.shape().rank();
  Tensor y = x;
  for (int first = 0; first < rank; ++first) {
    if (!r.reduced[first] || x.shape()[first] == 1) continue;
    int last = first;
    Shape shape = y.shape();
    for (; last < rank && (r.reduced[last] || shape[last] == 1); ++last) shape[last] = 1;
    y = sum_run(y, first, last, shape);
    first = last;
  }
  if (y.storage() == x.storage()) y = sum_run(y, 0, 0, r.kept);  // only sizes of 1: a copy
  y = y.view(r.result);
  return record(
      kSum, {x}, y,
      {.rule = [from = x.shape(), kept = r.kept](Vjp& v) { v.add(0, broadcast_to(reshape(v.dy(), kept), from)); }},
      where);
}

Tensor mean(const Tensor& x, const Axes& over, Where where) {
  expect_operands("mean", {&x}, where);
  const std::int64_t count = reduced_axes("mean", x.shape(), over, where).count;
  if (count == 0) broken("mean", "expected elements to average, got shape " + x.shape().text(), where);
  return affine(sum(x, over, where), {.factor = 1.0 / static_cast<double>(count)}, where);
}

}  // namespace nascent
