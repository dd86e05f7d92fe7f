#include <limits>

#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "engine/ops/reduced_axes.h"

namespace nascent {
namespace {

const Op kMax{"max", "dx = dy / (number of maxima) where x is the maximum, else 0"};

// Calls f(i, o) for each element i of x in memory order with the result o it goes into.
template <class F>
void each_element(const Shape& x, const Shape& kept, const F& f) {
  std::array<std::int64_t, Shape::kMaxRank> index{}, stride{};
  std::int64_t running = 1;
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    stride[axis] = kept[axis] == x[axis] ? running : 0;
    running *= kept[axis];
  }
  std::int64_t o = 0;
  for (std::int64_t i = 0, n = x.elements(); i < n; ++i) {
    f(i, o);
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      o += stride[axis];
      if (++index[axis] < x[axis]) break;
      o -= stride[axis] * x[axis];
      index[axis] = 0;
    }
  }
}

// 1 / (number of maxima) where x equals its maximum, else 0: a constant, for max is linear between ties.
Tensor shares(const Tensor& x, const Tensor& y, const Shape& kept) {
  Tensor share = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *xs = x.data<T>(), *ys = y.data<T>();
    T* out = share.mutable_data<T>();
    std::vector<T> ties(y.elements(), 0);
    each_element(x.shape(), kept, [&](std::int64_t i, std::int64_t o) { ties[o] += xs[i] == ys[o]; });
    each_element(x.shape(), kept, [&](std::int64_t i, std::int64_t o) { out[i] = xs[i] == ys[o] ? 1 / ties[o] : 0; });
  });
  return share;
}

}  // namespace

Tensor max(const Tensor& x, const Axes& over, Where where) {
  expect_operands(kMax.name, {&x}, where);
  const ReducedAxes r = reduced_axes(kMax.name, x.shape(), over, where);
  if (r.count == 0) broken(kMax.name, "expected elements to choose from, got shape " + x.shape().text(), where);
  Tensor y = Tensor::full(r.result, -std::numeric_limits<double>::infinity(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* xs = x.data<T>();
    T* ys = y.mutable_data<T>();
    // A NaN wins and stays: nothing compares greater than it.
    each_element(x.shape(), r.kept, [&](std::int64_t i, std::int64_t o) {
      if (xs[i] > ys[o] || xs[i] != xs[i]) ys[o] = xs[i];
    });
  });
  return record(
      kMax, {x}, y,
      {.save = {x, y},
       .rule = [kept = r.kept](
                   Vjp& v) { v.add(0, multiply(reshape(v.dy(), kept), shares(v.saved(0), v.saved(1), kept))); }},
      where);
}

}  // namespace nascent
