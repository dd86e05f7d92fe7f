#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"
#include "kernels/pool2d.h"

namespace nascent {
namespace {

const Op kAvgPool{"avg_pool2d", "dx = avg_pool2d_grad(dy)"};
const Op kAvgPoolGrad{"avg_pool2d_grad", "for g = d(dx):  d(dy) = avg_pool2d(g)"};

using namespace image_checks;

}  // namespace

Tensor avg_pool2d(const Tensor& x, PoolOptions options, Where where) {
  expect_defined(kAvgPool.name, "input", x, where);
  const kernels::PoolShape s = pool_shape(kAvgPool.name, x.shape(), options, where);
  Tensor y = Tensor::empty(output_shape(s), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::avg_pool2d(s, x.data<T>(), y.mutable_data<T>());
  });
  const Rule rule = [input = x.shape(), options, where](Vjp& v) {
    v.add(0, avg_pool2d_grad(v.dy(), input, options, where));
  };
  return record(kAvgPool, {x}, y, {.rule = rule}, where);
}

Tensor avg_pool2d_grad(const Tensor& dy, const Shape& input, PoolOptions options, Where where) {
  expect_defined(kAvgPoolGrad.name, "dy", dy, where);
  const kernels::PoolShape s = pool_shape(kAvgPoolGrad.name, input, options, where);
  expect_shape(kAvgPoolGrad.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dx = Tensor::empty(input, dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::avg_pool2d_grad(s, dy.data<T>(), dx.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) { v.add(0, avg_pool2d(v.dy(), options, where)); };
  return record(kAvgPoolGrad, {dy}, dx, {.rule = rule}, where);
}

Tensor global_avg_pool2d(const Tensor& x, Where where) {
  expect_defined("global_avg_pool2d", "input", x, where);
  if (x.shape().rank() != 4)
    refuse("global_avg_pool2d", "input [batch, height, width, channels]", x.shape().text(), where);
  return mean(x, {.axes = {1, 2}}, where);
}

}  // namespace nascent
