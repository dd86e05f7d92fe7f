#pragma once
// Adam (Kingma & Ba 2015) with L2 in the gradient and bias correction, exactly as PyTorch defines it (not AdamW). With
// g = gradient + weight_decay*w, at a parameter's t-th step:
//   m = beta1*m + (1-beta1)*g,   v = beta2*v + (1-beta2)*g^2,
//   w -= learning_rate * (m/(1-beta1^t)) / (sqrt(v/(1-beta2^t)) + epsilon).
#include <cstdint>
#include <span>
#include <vector>

#include "engine/autograd/gradients.h"

namespace nascent {

struct AdamOptions {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

// One entry a parameter; m and v are undefined, and steps 0, before its first step.
struct AdamState {
  std::vector<Tensor> m, v;
  std::vector<std::int64_t> steps;
};

class Adam {
 public:
  // Keeps handles: a step writes into the parameters' own storage.
  Adam(std::vector<Tensor> parameters, AdamOptions options, Where where = Where::current());

  // Parameters without a gradient are left as they are, and their step is not counted.
  void step(const Gradients& gradients, Where where = Where::current());

  const AdamOptions& options() const { return options_; }
  void set_learning_rate(double rate, Where where = Where::current());
  std::span<const Tensor> parameters() const { return parameters_; }

  const AdamState& state() const { return state_; }
  void set_state(AdamState state, Where where = Where::current());  // takes the tensors over

 private:
  std::vector<Tensor> parameters_;
  AdamOptions options_;
  AdamState state_;
  std::vector<Tensor> room_;  // for m and v, zeros taken at the start: no step takes memory a later one then lacks
};

}  // namespace nascent
