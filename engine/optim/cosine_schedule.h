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

}  // namespace nascent
