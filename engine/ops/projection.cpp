#include "engine/ops/projection.h"

#include <algorithm>
#include <utility>

#include "engine/ops/backward_in_ops.h"
#include "engine/ops/projection_checks.h"
#include "engine/ops/reciprocal_deviation.h"
#include "kernels/batch_norm.h"
#include "kernels/dispatch.h"

namespace nascent {
namespace {

const Op kProjection{"projection",
                     "with S1 = sum(dy), S2 = sum(dy*xhat) of a head:  dz = gamma*rstd*(dy - S1/m - xhat*S2/m);  "
                     "dw = r^T dz;  d(part) = [part > 0] * its slice of the heads' sum of dz w^T;  dgamma = S2;  "
                     "dbeta = S1"};

// The operands as the kernel takes them; a head's outputs and gradients are filled in by whoever runs it.
struct KernelProjection {
  std::vector<kernels::ProjectionPart> parts;
  std::vector<std::vector<kernels::ProjectionTap>> taps;  // of each head
  std::vector<kernels::ProjectionHead> heads;
  explicit KernelProjection(const std::vector<Tensor>& tensors) : shape_(tensors[0].shape()) {
    for (const Tensor& part : tensors) parts.push_back({part.data<float>(), part.shape()[3]});
  }
  kernels::ProjectionHead& add(const ProjectionHead& head) {
    std::vector<kernels::ProjectionTap>& own = taps.emplace_back();
    for (const Tensor& w : head.weights) own.push_back({w.data<float>(), w.shape()[3]});
    return heads.emplace_back(kernels::ProjectionHead{own.data()});  // own moves with its elements where they are
  }
  template <class Kernel>
  void run(const Kernel& kernel) const {
    const kernels::Projection p{.batch = shape_[0],
                                .height = shape_[1],
                                .width = shape_[2],
                                .stride = static_cast<std::int64_t>(taps[0].size()),
                                .parts = static_cast<int>(parts.size()),
                                .heads = static_cast<int>(heads.size()),
                                .part = parts.data(),
                                .head = heads.data()};
    Tensor scratch = Tensor::scratch(kernels::projection_scratch(p));
    kernel(p, scratch.mutable_data<float>());
  }

 private:
  Shape shape_;
};

// What going backward reads of a head's batch norm: its input, or its output where that is xhat itself.
struct Kept {
  int value;  // among what the tape keeps
  Tensor mean, rstd;
  bool normalised;
  double xhat_mean(std::int64_t c) const { return normalised ? 0 : mean.at(c); }
  double xhat_scale(std::int64_t c) const { return normalised ? 1 : rstd.at(c); }
};

struct NormBackward {
  std::vector<float> a, b, d, dgamma, dbeta;
  NormBackward(const Kept& kept, const Tensor& value, const Tensor& gamma, const Tensor& dy) {
    const kernels::MixShape s{
        .batch = dy.shape()[0], .pixels = dy.shape()[1] * dy.shape()[2], .channels = dy.shape()[3]};
    const kernels::MixTerm term{value.data<float>()};
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

// Inputs in the order in which record() gets them: the parts; of every head its weights, gamma and beta.
std::vector<Tensor> inputs_of(const ProjectionOperands& o) {
  std::vector<Tensor> inputs = o.parts;
  for (const ProjectionHead& head : o.heads) {
    inputs.insert(inputs.end(), head.weights.begin(), head.weights.end());
    inputs.insert(inputs.end(), {head.gamma, head.beta});
  }
  return inputs;
}

// A head to which something came back.
struct HeadBackward {
  const ProjectionHead& head;
  int input;  // its first among record()'s
  const Tensor &dy, &value;
  NormBackward norm;
  std::vector<Tensor> dw = {};

  void add_to(KernelProjection& kernel, const Vjp& v) {
    kernels::ProjectionHead& own = kernel.add(head);
    own.grad = {dy.data<float>(), value.data<float>(), norm.a.data(), norm.b.data(), norm.d.data()};
    for (std::size_t t = 0; t < head.weights.size(); ++t) {
      dw.emplace_back();
      if (!v.needs(input + static_cast<int>(t))) continue;
      dw[t] = Tensor::empty(head.weights[t].shape());
      kernel.taps.back()[t].dw = dw[t].mutable_data<float>();
    }
  }
  void give(Vjp& v) const {
    int to = input;
    for (const Tensor& gradient : dw) {
      if (gradient.defined()) v.add(to, gradient);
      ++to;
    }
    const Shape channels{dy.columns()};
    if (v.needs(to)) v.add(to, Tensor::from(channels, norm.dgamma));
    if (v.needs(to + 1)) v.add(to + 1, Tensor::from(channels, norm.dbeta));
  }
};

void backward_by_kernel(Vjp& v, const ProjectionOperands& o, const std::vector<Kept>& kept) {
  std::vector<HeadBackward> heads;
  int input = static_cast<int>(o.parts.size());
  for (std::size_t h = 0; h < o.heads.size(); ++h) {
    const ProjectionHead& head = o.heads[h];
    if (const Tensor& dy = v.dy(static_cast<int>(h)); dy.defined()) {
      const Tensor& value = v.saved(kept[h].value);
      heads.push_back({head, input, dy, value, NormBackward(kept[h], value, head.gamma, dy)});
    }
    input += static_cast<int>(head.weights.size()) + 2;
  }
  KernelProjection kernel(o.parts);
  for (HeadBackward& head : heads) head.add_to(kernel, v);
  std::vector<Tensor> gradients(o.parts.size());
  for (std::size_t k = 0; k < o.parts.size(); ++k) {
    if (!v.needs(static_cast<int>(k))) continue;
    if (Tensor* sum = v.sum_so_far(static_cast<int>(k))) {
      kernel.parts[k].dx = sum->mutable_data<float>(), kernel.parts[k].add = true;
      continue;
    }
    gradients[k] = Tensor::empty(o.parts[k].shape());
    kernel.parts[k].dx = gradients[k].mutable_data<float>();
  }
  kernel.run(kernels::projection_backward);
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (gradients[k].defined()) v.add(static_cast<int>(k), gradients[k]);
  for (const HeadBackward& head : heads) head.give(v);
}

// z and its statistics, as the kernel leaves them.
struct Raw {
  Tensor z, mean, variance;
};

std::vector<Raw> run_forward(const ProjectionOperands& o) {
  KernelProjection kernel(o.parts);
  std::vector<Raw> all;
  for (const ProjectionHead& head : o.heads) {
    Tensor z = Tensor::empty(projection_output(o, head)), mean = Tensor::empty({z.columns()}),
           variance = Tensor::empty({z.columns()});
    kernels::ProjectionHead& own = kernel.add(head);
    own.z = z.mutable_data<float>(), own.mean = mean.mutable_data<float>();
    own.variance = variance.mutable_data<float>();
    all.push_back({z, mean, variance});
  }
  kernel.run(kernels::projection_forward);
  return all;
}

}  // namespace

std::vector<Projected> projection(const ProjectionOperands& o, ProjectionOptions options, Where where) {
  expect_projection(o, where);
  if (o.parts[0].dtype() != DType::f32 || !kernels::kernel_table().fused_edge)
    return projection_in_ops(o, options, where);
  const std::vector<Tensor> inputs = inputs_of(o);
  std::vector<Tensor> save, outputs;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  std::vector<Kept> kept;
  std::vector<BatchStatistics> statistics;
  std::int64_t macs = 0;
  const std::vector<Raw> raw = run_forward(o);
  for (std::size_t h = 0; h < raw.size(); ++h) {
    const auto& [weights, gamma, beta] = o.heads[h];
    const auto& [z, mean, variance] = raw[h];
    const Tensor rstd = reciprocal_deviation(variance, options.epsilon);
    const bool affine = gamma.defined();
    Tensor y = affine ? Tensor::empty(z.shape()) : z;  // without gamma and beta, z is not read again: in place
    kernels::batch_norm_apply({.rows = z.rows(), .channels = z.columns()}, z.data<float>(), mean.data<float>(),
                              rstd.data<float>(), affine ? gamma.data<float>() : nullptr,
                              affine ? beta.data<float>() : nullptr, y.mutable_data<float>());
    kept.push_back({static_cast<int>(save.size()), mean.detach(), rstd, !affine});
    save.push_back(affine ? z.detach() : y);
    statistics.push_back({mean.detach(), variance.detach()});
    outputs.push_back(y);
    for (const Tensor& w : weights) macs += y.rows() * w.elements();
  }
  const auto checked = static_cast<int>(save.size());
  const Rule rule = [o, kept, checked, options, where](Vjp& v) {
    for (int i = 0; i < checked; ++i) v.saved(i);  // refuses one that was written to since
    if (!v.recording()) return backward_by_kernel(v, o, kept);
    const auto plain = [&] {
      std::vector<Tensor> ys;
      for (const Projected& p : projection_in_ops(o, options, where)) ys.push_back(p.y);
      return ys;
    };
    backward_in_ops(v, inputs_of(o), plain, where);
  };
  outputs =
      record(kProjection, inputs, std::move(outputs), {.save = std::move(save), .rule = rule, .macs = macs}, where);
  std::vector<Projected> all;
  for (std::size_t h = 0; h < outputs.size(); ++h) all.push_back({outputs[h], statistics[h]});
  return all;
}

}  // namespace nascent
