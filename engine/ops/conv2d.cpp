// Convolution and its two gradients. With  y = conv(x, w)  linear in both arguments and
//   <conv(x, w), dy>  =  <x, input_grad(dy, w)>  =  <w, weight_grad(x, dy)>
// each one's backward rule is made of the other two, so derivatives of any order need these three kernels alone.
#include "kernels/conv2d.h"

#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"

namespace nascent {
namespace {

const Op kConv2d{"conv2d", "dx = conv2d_input_grad(dy, w);  dw = conv2d_weight_grad(x, dy)"};
const Op kInputGrad{"conv2d_input_grad", "for g = d(dx):  d(dy) = conv2d(g, w);  dw = conv2d_weight_grad(g, dy)"};
const Op kWeightGrad{"conv2d_weight_grad", "for g = d(dw):  dx = conv2d_input_grad(dy, g);  d(dy) = conv2d(x, g)"};

using namespace image_checks;

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, Conv2dOptions options, Where where) {
  expect_defined(kConv2d.name, "input", x, where);
  expect_defined(kConv2d.name, "weight", weight, where);
  expect_same_dtype(kConv2d.name, x, "weight", weight, where);
  const kernels::Conv2dShape s = conv2d_shape(kConv2d.name, x.shape(), weight.shape(), options, where);
  Tensor y = Tensor::empty(output_shape(s), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::conv2d_forward_scratch<T>(s), x.dtype());
    kernels::conv2d_forward(s, x.data<T>(), weight.data<T>(), y.mutable_data<T>(), scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_x = v.saved(0), &saved_w = v.saved(1);
    if (v.needs(0)) v.add(0, conv2d_input_grad(v.dy(), saved_w, saved_x.shape(), options, where));
    if (v.needs(1)) v.add(1, conv2d_weight_grad(saved_x, v.dy(), saved_w.shape(), options, where));
  };
  return record(kConv2d, {x, weight}, y, {.save = {x, weight}, .rule = rule, .macs = s.macs()}, where);
}

Tensor conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& input, Conv2dOptions options,
                         Where where) {
  expect_defined(kInputGrad.name, "dy", dy, where);
  expect_defined(kInputGrad.name, "weight", weight, where);
  expect_same_dtype(kInputGrad.name, dy, "weight", weight, where);
  const kernels::Conv2dShape s = conv2d_shape(kInputGrad.name, input, weight.shape(), options, where);
  expect_shape(kInputGrad.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dx = Tensor::empty(input, dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::conv2d_input_grad_scratch<T>(s), dy.dtype());
    kernels::conv2d_input_grad(s, dy.data<T>(), weight.data<T>(), dx.mutable_data<T>(), scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_dy = v.saved(0), &saved_w = v.saved(1);
    if (v.needs(0)) v.add(0, conv2d(v.dy(), saved_w, options, where));
    if (v.needs(1)) v.add(1, conv2d_weight_grad(v.dy(), saved_dy, saved_w.shape(), options, where));
  };
  return record(kInputGrad, {dy, weight}, dx, {.save = {dy, weight}, .rule = rule}, where);
}

Tensor conv2d_weight_grad(const Tensor& x, const Tensor& dy, const Shape& weight, Conv2dOptions options, Where where) {
  expect_defined(kWeightGrad.name, "input", x, where);
  expect_defined(kWeightGrad.name, "dy", dy, where);
  expect_same_dtype(kWeightGrad.name, x, "dy", dy, where);
  const kernels::Conv2dShape s = conv2d_shape(kWeightGrad.name, x.shape(), weight, options, where);
  expect_shape(kWeightGrad.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dw = Tensor::empty(weight, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::conv2d_weight_grad_scratch<T>(s), x.dtype());
    kernels::conv2d_weight_grad(s, x.data<T>(), dy.data<T>(), dw.mutable_data<T>(), scratch.mutable_data<T>());
  });
  const Rule rule = [options, where](Vjp& v) {
    const Tensor &saved_x = v.saved(0), &saved_dy = v.saved(1);
    if (v.needs(0)) v.add(0, conv2d_input_grad(saved_dy, v.dy(), saved_x.shape(), options, where));
    if (v.needs(1)) v.add(1, conv2d(saved_x, v.dy(), options, where));
  };
  return record(kWeightGrad, {x, dy}, dw, {.save = {x, dy}, .rule = rule}, where);
}

}  // namespace nascent
