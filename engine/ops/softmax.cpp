// softmax and log_softmax over the last axis.
#include "kernels/softmax.h"

#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

const Op kSoftmax{"softmax", "dx = y * (dy - sum(dy * y))"};
const Op kLogSoftmax{"log_softmax", "dx = dy - exp(y) * sum(dy)"};

kernels::SoftmaxShape checked_shape(const Op& op, const Tensor& x, const Where& where) {
  expect_operands(op.name, {&x}, where);
  if (x.shape().rank() == 0 || x.columns() == 0)
    broken(op.name, "expected at least one class in the last axis, got shape " + x.shape().text(), where);
  return {.rows = x.rows(), .classes = x.columns()};
}

Tensor sum_of_row(const Tensor& x) { return sum(x, {.axes = {-1}, .keep = true}); }

}  // namespace

Tensor softmax(const Tensor& x, Where where) {
  const kernels::SoftmaxShape s = checked_shape(kSoftmax, x, where);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::softmax(s, x.data<T>(), y.mutable_data<T>());
  });
  return record(kSoftmax, {x}, y,
                {.save = {y},
                 .rule =
                     [](Vjp& v) {
                       const Tensor& p = v.saved(0);
                       v.add(0, multiply(p, subtract(v.dy(), sum_of_row(multiply(v.dy(), p)))));
                     }},
                where);
}

Tensor log_softmax(const Tensor& x, Where where) {
  const kernels::SoftmaxShape s = checked_shape(kLogSoftmax, x, where);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::log_softmax(s, x.data<T>(), y.mutable_data<T>());
  });
  return record(
      kLogSoftmax, {x}, y,
      {.save = {y}, .rule = [](Vjp& v) { v.add(0, subtract(v.dy(), multiply(exp(v.saved(0)), sum_of_row(v.dy())))); }},
      where);
}

}  // namespace nascent
