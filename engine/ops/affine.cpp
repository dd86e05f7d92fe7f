#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/elementwise.h"

namespace nascent {
namespace {

const Op kAffine{"affine", "dx = factor * dy"};

}  // namespace

Tensor affine(const Tensor& x, Affine by, Where where) {
  expect_operands(kAffine.name, {&x}, where);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::affine(x.elements(), x.data<T>(), static_cast<T>(by.factor), static_cast<T>(by.offset),
                    y.mutable_data<T>());
  });
  return record(kAffine, {x}, y, {.rule = [by](Vjp& v) { v.add(0, v.dy(), by.factor); }}, where);
}

}  // namespace nascent
