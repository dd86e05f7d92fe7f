#pragma once
// Stochastic gradient descent with momentum and L2 weight decay, exactly as PyTorch defines it:
//   v = momentum*v + (g + weight_decay*w)  (at a parameter's first step v = g + weight_decay*w),   w -=
//   learning_rate*v.
#include <span>
#include <vector>

#include "engine/autograd/gradients.h"

namespace nascent {

struct SgdOptions {
  double learning_rate = 0.025, momentum = 0, weight_decay = 0;
};

class Sgd {
 public:
  // Keeps handles: a step writes into the parameters' own storage.
  Sgd(std::vector<Tensor> parameters, SgdOptions options, Where where = Where::current());

  // Parameters without a gradient are left as they are, weight decay included.
  void step(const Gradients& gradients, Where where = Where::current());

  const SgdOptions& options() const { return options_; }
  void set_learning_rate(double rate, Where where = Where::current());
  std::span<const Tensor> parameters() const { return parameters_; }

  // One a parameter; undefined before its first step.
  std::span<const Tensor> velocity() const { return velocity_; }
  void set_velocity(std::vector<Tensor> velocity, Where where = Where::current());  // takes the tensors over

 private:
  std::vector<Tensor> parameters_, velocity_;
  std::vector<Tensor> room_;  // for the velocity, taken at the start: no step takes memory a later one then lacks
  SgdOptions options_;
};

}  // namespace nascent
