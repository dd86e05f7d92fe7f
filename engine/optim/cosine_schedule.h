#pragma once
#include <cmath>
#include <cstdint>
#include <numbers>

namespace nascent {

// The learning rate of an epoch, counted from 0 (Loshchilov & Hutter 2017, without restarts): `from` at epoch 0,
// falling towards `to`, which epoch == epochs would have. epochs >= 1.
inline double cosine(std::int64_t epoch, std::int64_t epochs, double from, double to) {
  const double turn = static_cast<double>(epoch) / static_cast<double>(epochs);
  return to + (from - to) * (1 + std::cos(std::numbers::pi * turn)) / 2;
}

// The learning rate of a step, counted from 0: rises in a straight line to `rate` over the first `warm_up` of `steps`
// (Goyal et al. 2017), then follows the cosine from there to 0. 0 <= warm_up < steps.
inline double warmed_cosine(std::int64_t step, std::int64_t steps, std::int64_t warm_up, double rate) {
  if (step < warm_up) return rate * static_cast<double>(step + 1) / static_cast<double>(warm_up);
  return cosine(step - warm_up, steps - warm_up, rate, 0);
}

}  // namespace nascent
