#pragma once
// Specification of sgd_adam.h, and its only version: one pass over a few arrays, outside the instruction-set units so
// that no multiply and add are fused and the bits are those of PyTorch's own separate operations.
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/sgd_adam.h"

namespace nascent::kernels::reference {

inline constexpr std::int64_t kStepGrain = 16384;  // 64 KB of floats an array

// A range's factors are its own: what a loop holds by reference a store to a weight might change, for all the compiler
// knows, and it would take weights one by one.
template <class T>
void sgd_step(std::int64_t n, const SgdStep& step, const T* grad, T* velocity, T* w) {
  parallel_ranges(n, kStepGrain, [&](std::int64_t begin, std::int64_t end) {
    const T rate = static_cast<T>(step.learning_rate), momentum = static_cast<T>(step.momentum);
    const T decay = static_cast<T>(step.weight_decay), scale = static_cast<T>(step.gradient_scale);
    const bool first = step.first;
    for (std::int64_t i = begin; i < end; ++i) {
      const T g = scale * grad[i] + decay * w[i];
      velocity[i] = first ? g : momentum * velocity[i] + g;
      w[i] -= rate * velocity[i];
    }
  });
}

template <class T>
void adam_step(std::int64_t n, const AdamStep& step, const T* grad, T* m, T* v, T* w) {
  const double t = static_cast<double>(step.t);
  const double corrected_rate = step.learning_rate / (1 - std::pow(step.beta1, t));
  const double root_correction = std::sqrt(1 - std::pow(step.beta2, t));
  parallel_ranges(n, kStepGrain, [&](std::int64_t begin, std::int64_t end) {
    const T rate = static_cast<T>(corrected_rate), correction = static_cast<T>(root_correction);
    const T beta1 = static_cast<T>(step.beta1), rest1 = static_cast<T>(1 - step.beta1);
    const T beta2 = static_cast<T>(step.beta2), rest2 = static_cast<T>(1 - step.beta2);
    const T epsilon = static_cast<T>(step.epsilon), decay = static_cast<T>(step.weight_decay);
    for (std::int64_t i = begin; i < end; ++i) {
      const T g = grad[i] + decay * w[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      w[i] -= rate * (m[i] / (std::sqrt(v[i]) / correction + epsilon));
    }
  });
}

}  // namespace nascent::kernels::reference
