// Batch normalisation. To first order its three gradients come from one kernel; when they will be differentiated again
// they are written out in small ops instead, with the statistics as functions of x.
#include "kernels/batch_norm.h"

#include <cmath>

#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"
#include "engine/ops/reciprocal_deviation.h"

namespace nascent {
namespace {

const Op kBatchNorm{
    "batch_norm",
    "with g = dy*gamma, means over the batch:  dx = (g - mean(g) - xhat*mean(g*xhat)) / sqrt(var + eps);"
    "  dgamma = sum(dy*xhat);  dbeta = sum(dy);  with a ReLU behind, dy is dy * [y > 0]"};
const Op kBatchNormWith{"batch_norm_with",
                        "dx = dy * gamma / sqrt(var + eps);  dgamma = sum(dy*xhat);  dbeta = sum(dy);"
                        "  with a ReLU behind, dy is dy * [y > 0]"};

using namespace image_checks;

kernels::BatchNormShape matrix_shape(const Tensor& x, bool relu = false) {
  return {.rows = x.rows(), .channels = x.columns(), .relu = relu};
}

void expect_channels(const char* who, const char* argument, const Tensor& t, const Tensor& x, const Where& where) {
  expect_same_dtype(who, x, argument, t, where);
  expect_shape(who, argument, t.shape(), {x.columns()}, where);
}

void expect_arguments(const char* who, const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                      const Where& where) {
  expect_defined(who, "input", x, where);
  if (x.shape().rank() < 2) refuse(who, "input [..., channels] of rank 2 or more", x.shape().text(), where);
  if (gamma.defined()) expect_channels(who, "gamma", gamma, x, where);
  if (beta.defined()) expect_channels(who, "beta", beta, x, where);
  if (!(epsilon >= 0)) refuse(who, "an epsilon of at least 0", std::to_string(epsilon), where);
}

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data<T>() : nullptr;
}

Tensor applied(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma, const Tensor& beta,
               bool relu) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::batch_norm_apply(matrix_shape(x, relu), x.data<T>(), mean.data<T>(), rstd.data<T>(),
                              data_or_null<T>(gamma), data_or_null<T>(beta), y.mutable_data<T>());
  });
  return y;
}

Axes all_but_channels(const Tensor& x) {
  Axes over;
  for (int axis = 0; axis + 1 < x.shape().rank(); ++axis) over.axes.push_back(axis);
  return over;
}

void backward_by_kernel(Vjp& v, const Tensor& gamma, const Tensor& beta, bool relu) {
  const Tensor &x = v.saved(0), &batch_mean = v.saved(1), &rstd = v.saved(2);
  Tensor dx = Tensor::empty(x.shape(), x.dtype());
  Tensor dgamma = Tensor::empty(batch_mean.shape(), x.dtype()), dbeta = Tensor::empty(batch_mean.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const kernels::BatchNormShape s = matrix_shape(x, relu);
    Tensor scratch = Tensor::scratch(kernels::batch_norm_scratch<T>(s), x.dtype());
    kernels::batch_norm_backward(s, x.data<T>(), v.dy().data<T>(), batch_mean.data<T>(), rstd.data<T>(),
                                 data_or_null<T>(gamma), data_or_null<T>(beta), dx.mutable_data<T>(),
                                 dgamma.mutable_data<T>(), dbeta.mutable_data<T>(), scratch.mutable_data<T>());
  });
  v.add(0, dx);
  v.add(1, dgamma);
  v.add(2, dbeta);
}

void backward_in_ops(Vjp& v, const Tensor& gamma, const Tensor& beta, const BatchNormOptions& options,
                     const Where& where) {
  const Tensor& x = v.saved(0);
  const Axes rows = all_but_channels(x);
  const Tensor centred = subtract(x, mean(x, rows, where), where);
  const Tensor variance = mean(multiply(centred, centred, where), rows, where);
  const Tensor deviation = sqrt(affine(variance, {.offset = options.epsilon}, where), where);
  const Tensor xhat = divide(centred, deviation, where);
  Tensor dy = v.dy();
  if (options.relu) {  // the gate's sign is all that matters of it: no gradient flows through
    Tensor gate = gamma.defined() ? multiply(xhat, gamma, where) : xhat;
    if (beta.defined()) gate = add(gate, beta, where);
    dy = relu_gate(dy, gate.detach(), where);
  }
  if (v.needs(0)) {
    const Tensor g = gamma.defined() ? multiply(dy, gamma, where) : dy;
    const Tensor along = multiply(xhat, mean(multiply(g, xhat, where), rows, where), where);
    const Tensor across = subtract(subtract(g, mean(g, rows, where), where), along, where);
    v.add(0, divide(across, deviation, where));
  }
  if (v.needs(1)) v.add(1, sum(multiply(dy, xhat, where), rows, where));
  if (v.needs(2)) v.add(2, sum(dy, rows, where));
}

}  // namespace

BatchNormed batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, BatchNormOptions options,
                       Where where) {
  expect_arguments(kBatchNorm.name, x, gamma, beta, options.epsilon, where);
  if (x.rows() < 2)
    refuse(kBatchNorm.name, "at least 2 values a channel to take statistics of", x.shape().text(), where);
  Tensor batch_mean = Tensor::empty({x.columns()}, x.dtype()), variance = Tensor::empty({x.columns()}, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const kernels::BatchNormShape s = matrix_shape(x);
    Tensor scratch = Tensor::scratch(kernels::batch_norm_scratch<T>(s), x.dtype());
    kernels::batch_norm_statistics(s, x.data<T>(), batch_mean.mutable_data<T>(), variance.mutable_data<T>(),
                                   scratch.mutable_data<T>());
  });
  const Tensor rstd = reciprocal_deviation(variance, options.epsilon);
  batch_mean = batch_mean.detach();
  std::vector<Tensor> save{x, batch_mean, rstd.detach()};
  const bool shifted = options.relu && beta.defined();  // beta matters to the gate alone
  if (gamma.defined()) save.push_back(gamma);
  if (shifted) save.push_back(beta);
  const Rule rule = [options, affine = gamma.defined(), shifted, where](Vjp& v) {
    const Tensor saved_gamma = affine ? v.saved(3) : Tensor(), saved_beta = shifted ? v.saved(3 + affine) : Tensor();
    if (v.recording())
      backward_in_ops(v, saved_gamma, saved_beta, options, where);
    else
      backward_by_kernel(v, saved_gamma, saved_beta, options.relu);
  };
  const Tensor y = record(kBatchNorm, {x, gamma, beta}, applied(x, batch_mean, rstd, gamma, beta, options.relu),
                          {.save = std::move(save), .rule = rule}, where);
  return {y, batch_mean, variance.detach()};
}

Tensor batch_norm_with(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                       const Tensor& variance, BatchNormOptions options, Where where) {
  expect_arguments(kBatchNormWith.name, x, gamma, beta, options.epsilon, where);
  expect_defined(kBatchNormWith.name, "mean", mean, where);
  expect_defined(kBatchNormWith.name, "variance", variance, where);
  expect_channels(kBatchNormWith.name, "mean", mean, x, where);
  expect_channels(kBatchNormWith.name, "variance", variance, x, where);
  const Tensor rstd = reciprocal_deviation(variance, options.epsilon);
  const Tensor y = applied(x, mean, rstd, gamma, beta, options.relu);
  std::vector<Tensor> save{rstd.detach()};
  if (options.relu) save.push_back(y.detach());
  if (gamma.defined()) save.insert(save.end(), {gamma, x, mean.detach()});
  const Rule rule = [affine = gamma.defined(), options, where](Vjp& v) {
    const int first = options.relu ? 2 : 1;
    const Tensor dy = options.relu ? relu_gate(v.dy(), v.saved(1), where) : v.dy();
    const Tensor& saved_rstd = v.saved(0);
    if (v.needs(0)) v.add(0, multiply(dy, affine ? multiply(v.saved(first), saved_rstd, where) : saved_rstd, where));
    if (v.needs(1)) {
      const Tensor xhat = multiply(subtract(v.saved(first + 1), v.saved(first + 2), where), saved_rstd, where);
      v.add(1, sum(multiply(dy, xhat, where), all_but_channels(dy), where));
    }
    if (v.needs(2)) v.add(2, sum(dy, all_but_channels(dy), where));
  };
  return record(kBatchNormWith, {x, gamma, beta}, y, {.save = std::move(save), .rule = rule}, where);
}

}  // namespace nascent
