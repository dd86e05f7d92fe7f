// Depthwise convolution: the same closed family of three as conv2d.cpp, with one kernel a channel.
#include "kernels/depthwise_conv2d.h"

#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"

namespace nascent {
namespace {

const Op kDepthwise{"depthwise_conv2d",
                    "dx = depthwise_conv2d_input_grad(dy, w);  dw = depthwise_conv2d_weight_grad(x, dy)"};
const Op kInputGrad{"depthwise_conv2d_input_grad",
                    "for g = d(dx):  d(dy) = depthwise_conv2d(g, w);  dw = depthwise_conv2d_weight_grad(g, dy)"};
const Op kWeightGrad{"depthwise_conv2d_weight_grad",
                     "for g = d(dw):  dx = depthwise_conv2d_input_grad(dy, g);  d(dy) = depthwise_conv2d(x, g)"};

using namespace image_checks;

}  // namespace

Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, DepthwiseOptions options, Where where) {
  expect_defined(kDepthwise.name, "input", x, where);
  expect_defined(kDepthwise.name, "weight", weight, where);
  expect_same_dtype(kDepthwise.name, x, "weight", weight, where);
  const kernels::DepthwiseShape s = depthwise_shape(kDepthwise.name, x.shape(), weight.shape(), options, where);
  Tensor y = Tensor::empty(output_shape(s), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::depthwise_conv2d_forward_scratch<T>(s), x.dtype());
    kernels::depthwise_conv2d_forward(s, x.data<T>(), weight.data<T>(), y.mutable_data<T>(), scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_x = v.saved(0), &saved_w = v.saved(1);
    if (v.needs(0)) v.add(0, depthwise_conv2d_input_grad(v.dy(), saved_w, saved_x.shape(), options, where));
    if (v.needs(1)) v.add(1, depthwise_conv2d_weight_grad(saved_x, v.dy(), saved_w.shape(), options, where));
  };
  return record(kDepthwise, {x, weight}, y, {.save = {x, weight}, .rule = rule, .macs = s.macs()}, where);
}

Tensor depthwise_conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& input, DepthwiseOptions options,
                                   Where where) {
  expect_defined(kInputGrad.name, "dy", dy, where);
  expect_defined(kInputGrad.name, "weight", weight, where);
  expect_same_dtype(kInputGrad.name, dy, "weight", weight, where);
  const kernels::DepthwiseShape s = depthwise_shape(kInputGrad.name, input, weight.shape(), options, where);
  expect_shape(kInputGrad.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dx = Tensor::empty(input, dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::depthwise_conv2d_input_grad_scratch<T>(s), dy.dtype());
    kernels::depthwise_conv2d_input_grad(s, dy.data<T>(), weight.data<T>(), dx.mutable_data<T>(),
                                         scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_dy = v.saved(0), &saved_w = v.saved(1);
    if (v.needs(0)) v.add(0, depthwise_conv2d(v.dy(), saved_w, options, where));
    if (v.needs(1)) v.add(1, depthwise_conv2d_weight_grad(v.dy(), saved_dy, saved_w.shape(), options, where));
  };
  return record(kInputGrad, {dy, weight}, dx, {.save = {dy, weight}, .rule = rule}, where);
}

Tensor depthwise_conv2d_weight_grad(const Tensor& x, const Tensor& dy, const Shape& weight, DepthwiseOptions options,
                                    Where where) {
  expect_defined(kWeightGrad.name, "input", x, where);
  expect_defined(kWeightGrad.name, "dy", dy, where);
  expect_same_dtype(kWeightGrad.name, x, "dy", dy, where);
  const kernels::DepthwiseShape s = depthwise_shape(kWeightGrad.name, x.shape(), weight, options, where);
  expect_shape(kWeightGrad.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dw = Tensor::empty(weight, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::depthwise_conv2d_weight_grad_scratch<T>(s), x.dtype());
    kernels::depthwise_conv2d_weight_grad(s, x.data<T>(), dy.data<T>(), dw.mutable_data<T>(),
                                          scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_x = v.saved(0), &saved_dy = v.saved(1);
    if (v.needs(0)) v.add(0, depthwise_conv2d_input_grad(saved_dy, v.dy(), saved_x.shape(), options, where));
    if (v.needs(1)) v.add(1, depthwise_conv2d(saved_x, v.dy(), options, where));
  };
  return record(kWeightGrad, {x, dy}, dw, {.save = {x, dy}, .rule = rule}, where);
}

}  // namespace nascent
