#pragma once
// One optimizer step over n weights, in place, exactly as PyTorch defines it.
#include <cstdint>

namespace nascent::kernels {

struct SgdStep {
  double learning_rate = 0.025, momentum = 0.9, weight_decay = 0;
  bool first = false;         // no velocity yet: it becomes the gradient
  double gradient_scale = 1;  // a clip coefficient
};
// g = gradient_scale*grad + weight_decay*w;  v = momentum*v + g (v = g at first);  w -= learning_rate*v.
void sgd_step(std::int64_t n, const SgdStep& step, const float* grad, float* velocity, float* w);
void sgd_step(std::int64_t n, const SgdStep& step, const double* grad, double* velocity, double* w);

struct AdamStep {
  double learning_rate = 3e-4, beta1 = 0.5, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  std::int64_t t = 1;  // this is the t-th step, from 1
};
// g = grad + weight_decay*w;  m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g*g;
// w -= learning_rate/(1-beta1^t) * m / (sqrt(v)/sqrt(1-beta2^t) + epsilon).
void adam_step(std::int64_t n, const AdamStep& step, const float* grad, float* m, float* v, float* w);
void adam_step(std::int64_t n, const AdamStep& step, const double* grad, double* m, double* v, double* w);

}  // namespace nascent::kernels
