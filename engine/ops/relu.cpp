#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/elementwise.h"

namespace nascent {
namespace {

const Op kRelu{"relu", "dx = dy * [y > 0]"};
const Op kReluGate{"relu_gate", "d(dy) = d * [gate > 0]"};

}  // namespace

// The output is saved, not the input: it has the same sign, and the next op most likely keeps it alive anyway.
Tensor relu(const Tensor& x, Where where) {
  expect_operands(kRelu.name, {&x}, where);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::unary(kernels::Unary::relu, x.elements(), x.data<T>(), y.mutable_data<T>());
  });
  return record(kRelu, {x}, y, {.save = {y}, .rule = [](Vjp& v) { v.add(0, relu_gate(v.dy(), v.saved(0))); }}, where);
}

Tensor relu_gate(const Tensor& dy, const Tensor& gate, Where where) {
  expect_operands(kReluGate.name, {&dy, &gate}, where);
  if (dy.shape() != gate.shape())
    broken(kReluGate.name, "expected gate of shape " + dy.shape().text() + ", got " + gate.shape().text(), where);
  Tensor dx = Tensor::empty(dy.shape(), dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::relu_grad(dy.elements(), dy.data<T>(), gate.data<T>(), dx.mutable_data<T>());
  });
  // The gate is no input: its derivative is zero wherever there is one.
  return record(kReluGate, {dy}, dx, {.save = {gate}, .rule = [](Vjp& v) { v.add(0, relu_gate(v.dy(), v.saved(0))); }},
                where);
}

}  // namespace nascent
