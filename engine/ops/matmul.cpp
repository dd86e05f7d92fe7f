#include "kernels/matmul.h"
#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

const Op kMatmul{"matmul", "da = dy b', db = a' dy (transposed once more where a or b was)"};

}  // namespace

// With c = op(a) op(b), both gradients are products of the same kind: the family is closed under differentiation.
Tensor matmul(const Tensor& a, const Tensor& b, Transposed transposed, Where where) {
  expect_operands(kMatmul.name, {&a, &b}, where);
  expect_rank(kMatmul.name, "a", a, 2, where);
  expect_rank(kMatmul.name, "b", b, 2, where);
  const kernels::MatmulShape s{.m = a.shape()[transposed.a ? 1 : 0],
                               .n = b.shape()[transposed.b ? 0 : 1],
                               .k = a.shape()[transposed.a ? 0 : 1],
                               .transpose_a = transposed.a,
                               .transpose_b = transposed.b};
  if (b.shape()[transposed.b ? 1 : 0] != s.k)
    broken(kMatmul.name,
           "expected b with " + std::to_string(s.k) + (transposed.b ? " columns" : " rows") + " to match a's " +
               std::to_string(s.k) + (transposed.a ? " rows" : " columns") + ", got " + b.shape().text(),
           where);
  Tensor c = s.macs() == 0 ? Tensor::zeros({s.m, s.n}, a.dtype()) : Tensor::empty({s.m, s.n}, a.dtype());
  visit(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (s.macs() == 0) return;  // a sum of nothing
    Tensor scratch = Tensor::scratch(kernels::matmul_scratch<T>(s), a.dtype());
    kernels::matmul(s, a.data<T>(), b.data<T>(), c.mutable_data<T>(), scratch.mutable_data<T>());
  });
  const auto rule = [ta = transposed.a, tb = transposed.b](Vjp& v) {
    const Tensor& dc = v.dy();
    if (v.needs(0)) v.add(0, ta ? matmul(v.saved(1), dc, {.a = tb, .b = true}) : matmul(dc, v.saved(1), {.b = !tb}));
    if (v.needs(1)) v.add(1, tb ? matmul(dc, v.saved(0), {.a = true, .b = ta}) : matmul(v.saved(0), dc, {.a = !ta}));
  };
  return record(kMatmul, {a, b}, c, {.save = {a, b}, .rule = rule, .macs = s.macs()}, where);
}

}  // namespace nascent
