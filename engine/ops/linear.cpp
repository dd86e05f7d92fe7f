#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Where where) {
  expect_operands("linear", {&x, &weight, bias.defined() ? &bias : &x}, where);
  expect_rank("linear", "x", x, 2, where);
  expect_rank("linear", "weight", weight, 2, where);
  const std::int64_t in = x.shape()[1], out = weight.shape()[0];
  if (weight.shape()[1] != in)
    broken("linear",
           "expected weight with " + std::to_string(in) + " columns to match x's, got " + weight.shape().text(), where);
  if (bias.defined() && bias.shape() != Shape{out})
    broken("linear", "expected bias of shape " + Shape{out}.text() + ", got " + bias.shape().text(), where);
  const Tensor product = matmul(x, weight, {.b = true}, where);
  return bias.defined() ? add(product, bias, where) : product;
}

}  // namespace nascent
