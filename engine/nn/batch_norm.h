#pragma once
#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent {

// Batch normalisation with running statistics, as PyTorch's BatchNorm2d. Parameters: weight and bias [channels] when
// affine; buffers: running_mean and running_var [channels].
// Phase::train normalises by the batch (biased variance) and, when the context allows, moves the running statistics:
//   running = (1 - momentum)*running + momentum*batch,  with the unbiased variance, N/(N-1) of the biased one.
// Phase::evaluate normalises by the running statistics.
class BatchNorm final : public Module {
 public:
  struct Options {
    std::int64_t channels = 1;
    bool affine = true;
    double epsilon = 1e-5, momentum = 0.1;
    bool relu = false;  // a ReLU behind the norm, in the same pass
  };
  BatchNorm(const Scope& scope, const Options& options, Where where = Where::current());
  Tensor forward(const Tensor& x, const Context& context) const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  double epsilon() const { return options_.epsilon; }
  // What forward does to the running statistics in Phase::train, for whoever took the batch's (biased variance, over
  // `values` a channel) elsewhere.
  void move_statistics(const Tensor& mean, const Tensor& variance, std::int64_t values, const Context& context) const;

 private:
  Options options_;
  Tensor weight_, bias_;  // undefined when not affine
  Tensor running_mean_, running_var_;
  Where where_;
};

}  // namespace nascent
