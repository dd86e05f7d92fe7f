#include "engine/ops/projection.h"

#include <algorithm>

#include "engine/ops/backward_in_ops.h"
#include "engine/ops/image_checks.h"
#include "kernels/batch_norm.h"
#include "kernels/dispatch.h"

namespace nascent {
namespace {

const Op kProjection{"projection",
                     "with S1 = sum(dy), S2 = sum(dy*xhat):  dz = gamma*rstd*(dy - S1/m - xhat*S2/m);  "
                     "dw = r^T dz;  d(part) = [part > 0] * its slice of dz w^T;  dgamma = S2;  dbeta = S1"};

using namespace image_checks;

Shape output_shape(const ProjectionOperands& o) {
  const Shape& x = o.parts[0].shape();
  const auto stride = static_cast<std::int64_t>(o.weights.size());
  std::int64_t outputs = 0;
  for (const Tensor& w : o.weights) outputs += w.shape()[3];
  return {x[0], (x[1] - 1) / stride + 1, (x[2] - 1) / stride + 1, outputs};
}

void expect_projection(const ProjectionOperands& o, const Where& where) {
  constexpr const char* who = "projection";
  if (o.parts.empty()) refuse(who, "at least 1 part", "none", where);
  std::int64_t channels = 0;
  for (const Tensor& part : o.parts) {
    expect_defined(who, "part", part, where);
    expect_same_dtype(who, o.parts[0], "part", part, where);
    if (part.shape().rank() != 4 || part.elements() == 0)
      refuse(who, "parts [batch, height, width, channels]", part.shape().text(), where);
    Shape like = o.parts[0].shape();
    like[3] = part.shape()[3];
    expect_shape(who, "part", part.shape(), like, where);
    channels += part.shape()[3];
  }
  if (o.weights.empty() || o.weights.size() > 2) refuse(who, "1 or 2 weights", std::to_string(o.weights.size()), where);
  for (const Tensor& w : o.weights) {
    expect_defined(who, "weight", w, where);
    expect_same_dtype(who, o.parts[0], "weight", w, where);
    expect_shape(who, "weight", w.shape(), {1, 1, channels, w.shape().rank() == 4 ? w.shape()[3] : 1}, where);
  }
  const Shape out = output_shape(o);
  if (o.gamma.defined() != o.beta.defined())
    refuse(who, "gamma and beta or neither", o.gamma.defined() ? "gamma alone" : "beta alone", where);
  for (const Tensor* t : {&o.gamma, &o.beta})
    if (t->defined()) {
      expect_same_dtype(who, o.parts[0], "gamma or beta", *t, where);
      expect_shape(who, "gamma or beta", t->shape(), {out[3]}, where);
    }
  if (out[0] * out[1] * out[2] < 2) refuse(who, "at least 2 values a channel to take statistics of", out.text(), where);
}

// The operands as the kernel takes them; gradients are filled in by the backward.
struct KernelProjection {
  std::vector<kernels::ProjectionPart> parts;
  std::vector<kernels::ProjectionTap> taps;
  explicit KernelProjection(const ProjectionOperands& o) : shape_(o.parts[0].shape()) {
    for (const Tensor& part : o.parts) parts.push_back({part.data<float>(), part.shape()[3]});
    for (const Tensor& w : o.weights)
      taps.push_back({static_cast<std::int64_t>(taps.size()), w.data<float>(), w.shape()[3]});
  }
  kernels::Projection get() const {
    return {.batch = shape_[0],
            .height = shape_[1],
            .width = shape_[2],
            .stride = static_cast<std::int64_t>(taps.size()),
            .parts = static_cast<int>(parts.size()),
            .taps = static_cast<int>(taps.size()),
            .part = parts.data(),
            .tap = taps.data()};
  }

 private:
  Shape shape_;
};

Tensor scratch_for(const kernels::Projection& p) { return Tensor::scratch(kernels::projection_scratch(p)); }

Tensor reciprocal_deviation(const Tensor& variance, double epsilon) {
  Tensor rstd = Tensor::empty(variance.shape());
  rstd.mutable_array<float>() = (variance.array<float>().cast<double>() + epsilon).rsqrt().cast<float>();
  return rstd;
}

// What going backward reads of the batch norm: its input, or its output where that is xhat itself.
struct Kept {
  Tensor value, mean, rstd;
  bool normalised;
  double xhat_mean(std::int64_t c) const { return normalised ? 0 : mean.at(c); }
  double xhat_scale(std::int64_t c) const { return normalised ? 1 : rstd.at(c); }
};

struct NormBackward {
  std::vector<float> a, b, d, dgamma, dbeta;
  NormBackward(const Kept& kept, const Tensor& gamma, const Tensor& dy) {
    const kernels::MixShape s{
        .batch = dy.shape()[0], .pixels = dy.shape()[1] * dy.shape()[2], .channels = dy.shape()[3]};
    const kernels::MixTerm term{kept.value.data<float>()};
    std::vector<double> sums(static_cast<std::size_t>(2 * s.channels));
    const kernels::EdgeMixSums mix{1, &term, dy.data<float>(), sums.data()};
    Tensor scratch = Tensor::scratch(kernels::edge_mix_sums_scratch(s, 1, &mix));
    kernels::edge_mix_sums(s, 1, &mix, scratch.mutable_data<float>());
    const auto m = static_cast<double>(s.batch * s.pixels);
    for (std::int64_t c = 0; c < s.channels; ++c) {
      const double s1 = sums[static_cast<std::size_t>(c)], mean = kept.xhat_mean(c);
      const double s2 = kept.xhat_scale(c) * (sums[static_cast<std::size_t>(s.channels + c)] - mean * s1);
      const double scale = kept.rstd.at(c) * (gamma.defined() ? gamma.at(c) : 1);
      const double along = -scale * kept.xhat_scale(c) * s2 / m;
      a.push_back(static_cast<float>(scale));
      b.push_back(static_cast<float>(along));
      d.push_back(static_cast<float>(-scale * s1 / m - along * mean));
      dgamma.push_back(static_cast<float>(s2));
      dbeta.push_back(static_cast<float>(s1));
    }
  }
};

// Inputs in the order in which record() gets them.
std::vector<Tensor> inputs_of(const ProjectionOperands& o) {
  std::vector<Tensor> inputs = o.parts;
  inputs.insert(inputs.end(), o.weights.begin(), o.weights.end());
  inputs.insert(inputs.end(), {o.gamma, o.beta});
  return inputs;
}

void backward_by_kernel(Vjp& v, const ProjectionOperands& o, const Kept& kept) {
  const NormBackward norm(kept, o.gamma, v.dy());
  KernelProjection kernel(o);
  const int parts = static_cast<int>(o.parts.size()), taps = static_cast<int>(o.weights.size());
  std::vector<Tensor> gradients(static_cast<std::size_t>(parts + taps));
  for (int i = 0; i < parts + taps; ++i) {
    if (!v.needs(i)) continue;
    const auto k = static_cast<std::size_t>(i), t = static_cast<std::size_t>(i - parts);
    if (Tensor* sum = i < parts ? v.sum_so_far(i) : nullptr) {
      kernel.parts[k].dx = sum->mutable_data<float>(), kernel.parts[k].add = true;
      continue;
    }
    gradients[k] = Tensor::empty((i < parts ? o.parts[k] : o.weights[t]).shape());
    float*& to = i < parts ? kernel.parts[k].dx : kernel.taps[t].dw;
    to = gradients[k].mutable_data<float>();
  }
  const kernels::Projection p = kernel.get();
  Tensor scratch = scratch_for(p);
  kernels::projection_backward(
      p, {v.dy().data<float>(), kept.value.data<float>(), norm.a.data(), norm.b.data(), norm.d.data()},
      scratch.mutable_data<float>());
  for (int i = 0; i < parts + taps; ++i)
    if (const Tensor& gradient = gradients[static_cast<std::size_t>(i)]; gradient.defined()) v.add(i, gradient);
  const Shape channels{v.dy().columns()};
  if (v.needs(parts + taps)) v.add(parts + taps, Tensor::from(channels, norm.dgamma));
  if (v.needs(parts + taps + 1)) v.add(parts + taps + 1, Tensor::from(channels, norm.dbeta));
}

}  // namespace

Projected projection_in_ops(const ProjectionOperands& o, ProjectionOptions options, Where where) {
  expect_projection(o, where);
  const Tensor r = relu(o.parts.size() == 1 ? o.parts[0] : concat(o.parts, where), where);
  Tensor z;
  if (o.weights.size() == 1) {
    z = conv2d(r, o.weights[0], {}, where);
  } else {
    const Tensor halves[] = {conv2d(r, o.weights[0], {.stride = 2}, where),
                             conv2d(shift2d(r, {.rows = 1, .columns = 1}, where), o.weights[1], {.stride = 2}, where)};
    z = concat(halves, where);
  }
  const BatchNormed normed = batch_norm(z, o.gamma, o.beta, {.epsilon = options.epsilon}, where);
  return {normed.y, {normed.mean, normed.variance}};
}

Projected projection(const ProjectionOperands& o, ProjectionOptions options, Where where) {
  expect_projection(o, where);
  if (o.parts[0].dtype() != DType::f32 || !kernels::kernel_table().fused_edge)
    return projection_in_ops(o, options, where);
  Tensor z = Tensor::empty(output_shape(o)), mean = Tensor::empty({z.columns()}),
         variance = Tensor::empty({z.columns()});
  {
    const KernelProjection kernel(o);
    const kernels::Projection p = kernel.get();
    Tensor scratch = scratch_for(p);
    kernels::projection_forward(p, z.mutable_data<float>(), mean.mutable_data<float>(), variance.mutable_data<float>(),
                                scratch.mutable_data<float>());
  }
  const Tensor rstd = reciprocal_deviation(variance, options.epsilon);
  const bool affine = o.gamma.defined();
  Tensor y = affine ? Tensor::empty(z.shape()) : z;  // without gamma and beta, z is not read again: in place
  kernels::batch_norm_apply({.rows = z.rows(), .channels = z.columns()}, z.data<float>(), mean.data<float>(),
                            rstd.data<float>(), affine ? o.gamma.data<float>() : nullptr,
                            affine ? o.beta.data<float>() : nullptr, y.mutable_data<float>());
  mean = mean.detach();
  const std::vector<Tensor> inputs = inputs_of(o);
  std::vector<Tensor> save;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  save.push_back(affine ? z.detach() : y);
  const int saved = static_cast<int>(save.size());
  const Rule rule = [o, mean, rstd, affine, saved, options, where](Vjp& v) {
    for (int i = 0; i < saved; ++i) v.saved(i);  // refuses one that was written to since
    if (v.recording())
      return backward_in_ops(
          v, inputs_of(o), [&] { return std::vector{projection_in_ops(o, options, where).y}; }, where);
    backward_by_kernel(v, o, {v.saved(saved - 1), mean, rstd, !affine});
  };
  std::int64_t macs = 0;
  for (const Tensor& w : o.weights) macs += y.rows() * w.elements();
  y = record(kProjection, inputs, y, {.save = std::move(save), .rule = rule, .macs = macs}, where);
  return {y, {mean, variance.detach()}};
}

}  // namespace nascent
