// Smooth maps of single elements. All but log know their derivative from their output.
#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/elementwise.h"

namespace nascent {
namespace {

const Op kExp{"exp", "dx = dy * y"};
const Op kLog{"log", "dx = dy / x"};
const Op kSqrt{"sqrt", "dx = dy / (2 y)"};
const Op kSigmoid{"sigmoid", "dx = dy * y * (1 - y)"};
const Op kTanh{"tanh", "dx = dy * (1 - y^2)"};

Tensor mapped(const Op& op, kernels::Unary kind, const Tensor& x, const Where& where) {
  expect_operands(op.name, {&x}, where);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::unary(kind, x.elements(), x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

}  // namespace

Tensor exp(const Tensor& x, Where where) {
  const Tensor y = mapped(kExp, kernels::Unary::exp, x, where);
  return record(kExp, {x}, y, {.save = {y}, .rule = [](Vjp& v) { v.add(0, multiply(v.dy(), v.saved(0))); }}, where);
}

Tensor log(const Tensor& x, Where where) {
  const Tensor y = mapped(kLog, kernels::Unary::log, x, where);
  return record(kLog, {x}, y, {.save = {x}, .rule = [](Vjp& v) { v.add(0, divide(v.dy(), v.saved(0))); }}, where);
}

Tensor sqrt(const Tensor& x, Where where) {
  const Tensor y = mapped(kSqrt, kernels::Unary::sqrt, x, where);
  return record(kSqrt, {x}, y,
                {.save = {y}, .rule = [](Vjp& v) { v.add(0, divide(affine(v.dy(), {.factor = 0.5}), v.saved(0))); }},
                where);
}

Tensor sigmoid(const Tensor& x, Where where) {
  const Tensor y = mapped(kSigmoid, kernels::Unary::sigmoid, x, where);
  return record(kSigmoid, {x}, y,
                {.save = {y},
                 .rule =
                     [](Vjp& v) {
                       const Tensor& s = v.saved(0);
                       v.add(0, multiply(v.dy(), multiply(s, affine(s, {.factor = -1, .offset = 1}))));
                     }},
                where);
}

Tensor tanh(const Tensor& x, Where where) {
  const Tensor y = mapped(kTanh, kernels::Unary::tanh, x, where);
  return record(kTanh, {x}, y,
                {.save = {y},
                 .rule =
                     [](Vjp& v) {
                       const Tensor& t = v.saved(0);
                       v.add(0, multiply(v.dy(), affine(multiply(t, t), {.factor = -1, .offset = 1})));
                     }},
                where);
}

}  // namespace nascent
