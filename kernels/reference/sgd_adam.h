#pragma once
// Specification of sgd_adam.h, and its only version: one pass over a few arrays, outside the instruction-set units so
// that no multiply and add are fused and the bits are those of PyTorch's own separate operations.
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/sgd_adam.h"

namespace nascent::kernels::reference {

inline constexpr std::int64_t kStepGrain = 16384;  // 64 KB of floats an array

// A step's numbers as the weights' type. Loops copy them: what a lambda holds by reference a store to a weight might
// change, for all the compiler knows, and it would take weights one by one.
template <class T>
struct SgdFactors {
  T rate, momentum, decay, scale;
};
template <class T>
struct AdamFactors {
  T rate, correction, beta1, rest1, beta2, rest2, epsilon, decay;
};

template <class T>
void sgd_step(std::int64_t n, const SgdStep& step, const T* grad, T* velocity, T* w) {
  const SgdFactors<T> factors{static_cast<T>(step.learning_rate), static_cast<T>(step.momentum),
                              static_cast<T>(step.weight_decay), static_cast<T>(step.gradient_scale)};
  const auto each = [&](const auto& velocity_of) {
    parallel_ranges(n, kStepGrain, [&](std::int64_t begin, std::int64_t end) {
      const SgdFactors<T> by = factors;
      for (std::int64_t i = begin; i < end; ++i) {
        velocity[i] = velocity_of(by.scale * grad[i] + by.decay * w[i], by.momentum, velocity + i);
        w[i] -= by.rate * velocity[i];
      }
    });
  };
  if (step.first)
    each([](T g, T, const T*) { return g; });
  else
    each([](T g, T momentum, const T* v) { return momentum * *v + g; });
}

template <class T>
void adam_step(std::int64_t n, const AdamStep& step, const T* grad, T* m, T* v, T* w) {
  const double t = static_cast<double>(step.t);
  const AdamFactors<T> factors{static_cast<T>(step.learning_rate / (1 - std::pow(step.beta1, t))),
                               static_cast<T>(std::sqrt(1 - std::pow(step.beta2, t))),
                               static_cast<T>(step.beta1),
                               static_cast<T>(1 - step.beta1),
                               static_cast<T>(step.beta2),
                               static_cast<T>(1 - step.beta2),
                               static_cast<T>(step.epsilon),
                               static_cast<T>(step.weight_decay)};
  parallel_ranges(n, kStepGrain, [&](std::int64_t begin, std::int64_t end) {
    const AdamFactors<T> by = factors;
    for (std::int64_t i = begin; i < end; ++i) {
      const T g = grad[i] + by.decay * w[i];
      m[i] = by.beta1 * m[i] + by.rest1 * g;
      v[i] = by.beta2 * v[i] + by.rest2 * g * g;
      w[i] -= by.rate * (m[i] / (std::sqrt(v[i]) / by.correction + by.epsilon));
    }
  });
}

}  // namespace nascent::kernels::reference
