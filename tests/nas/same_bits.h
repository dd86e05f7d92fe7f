#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent::test {

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::equal(a.bytes_data(), a.bytes_data() + a.bytes(), b.bytes_data());
}

inline bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tensor& x, const Tensor& y) { return same_bits(x, y); });
}

inline std::vector<Tensor> copies(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(t.clone());
  return out;
}

// |a - b| / |b| over everything, Euclidean.
inline double relative_error(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i)
    for (std::int64_t k = 0; k < b[i].elements(); ++k) {
      difference += std::pow(a.at(i).at(k) - b[i].at(k), 2);
      size += std::pow(b[i].at(k), 2);
    }
  return std::sqrt(difference / size);
}

}  // namespace nascent::test
