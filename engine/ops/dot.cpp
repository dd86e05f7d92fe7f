#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/reduce.h"

namespace nascent {
namespace {

const Op kDot{"dot", "da = dy * b, db = dy * a"};

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b, Where where) {
  expect_operands(kDot.name, {&a, &b}, where);
  if (a.shape() != b.shape())
    broken(kDot.name, "expected b of shape " + a.shape().text() + " like a, got " + b.shape().text(), where);
  Tensor y = Tensor::empty({}, a.dtype());
  visit(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::dot_scratch<T>(a.elements()), a.dtype());
    kernels::dot(a.elements(), a.data<T>(), b.data<T>(), y.mutable_data<T>(), scratch.mutable_data<T>());
  });
  return record(kDot, {a, b}, y,
                {.save = {a, b},
                 .rule =
                     [](Vjp& v) {
                       if (v.needs(0)) v.add(0, multiply(v.dy(), v.saved(1)));
                       if (v.needs(1)) v.add(1, multiply(v.dy(), v.saved(0)));
                     }},
                where);
}

}  // namespace nascent
