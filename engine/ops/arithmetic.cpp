// Arithmetic of two tensors whose shapes broadcast.
#include "engine/autograd/op.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

const Op kAdd{"add", "da = dy, db = dy, each summed over its stretched axes"};
const Op kSubtract{"subtract", "da = dy, db = -dy, each summed over its stretched axes"};
const Op kMultiply{"multiply", "da = dy * b, db = dy * a, each summed over its stretched axes"};
const Op kDivide{"divide", "da = dy / b, db = -y * dy / b, each summed over its stretched axes"};

Tensor combine(const Op& op, kernels::Binary kind, const Tensor& a, const Tensor& b, const Where& where) {
  expect_operands(op.name, {&a, &b}, where);
  Shape shape;
  if (!broadcast_shape(a.shape(), b.shape(), shape))
    broken(op.name, "expected shapes that broadcast, got " + a.shape().text() + " and " + b.shape().text(), where);
  Tensor y = Tensor::empty(shape, a.dtype());
  visit(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::binary(kind, broadcast_strides(a.shape(), b.shape(), shape), a.data<T>(), b.data<T>(),
                    y.mutable_data<T>());
  });
  return y;
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, Where where) {
  const Tensor y = combine(kAdd, kernels::Binary::add, a, b, where);
  return record(kAdd, {a, b}, y,
                {.rule =
                     [sa = a.shape(), sb = b.shape()](Vjp& v) {
                       if (v.needs(0)) v.add(0, sum_to(v.dy(), sa));
                       if (v.needs(1)) v.add(1, sum_to(v.dy(), sb));
                     }},
                where);
}

Tensor subtract(const Tensor& a, const Tensor& b, Where where) {
  const Tensor y = combine(kSubtract, kernels::Binary::subtract, a, b, where);
  return record(kSubtract, {a, b}, y,
                {.rule =
                     [sa = a.shape(), sb = b.shape()](Vjp& v) {
                       if (v.needs(0)) v.add(0, sum_to(v.dy(), sa));
                       if (v.needs(1)) v.add(1, sum_to(v.dy(), sb), -1);
                     }},
                where);
}

Tensor multiply(const Tensor& a, const Tensor& b, Where where) {
  const Tensor y = combine(kMultiply, kernels::Binary::multiply, a, b, where);
  return record(kMultiply, {a, b}, y,
                {.save = {a, b},
                 .rule =
                     [](Vjp& v) {
                       if (v.needs(0)) v.add(0, sum_to(multiply(v.dy(), v.saved(1)), v.saved(0).shape()));
                       if (v.needs(1)) v.add(1, sum_to(multiply(v.dy(), v.saved(0)), v.saved(1).shape()));
                     }},
                where);
}

Tensor divide(const Tensor& a, const Tensor& b, Where where) {
  const Tensor y = combine(kDivide, kernels::Binary::divide, a, b, where);
  return record(kDivide, {a, b}, y,
                {.save = {b, y},
                 .rule =
                     [sa = a.shape()](Vjp& v) {
                       const Tensor& divisor = v.saved(0);
                       const Tensor quotient = divide(v.dy(), divisor);
                       if (v.needs(0)) v.add(0, sum_to(quotient, sa));
                       if (v.needs(1)) v.add(1, sum_to(multiply(quotient, v.saved(1)), divisor.shape()), -1);
                     }},
                where);
}

}  // namespace nascent
