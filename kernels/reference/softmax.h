#pragma once
// Specification of softmax.h, and its only version: a few thousand logits a step are not worth a second one.
#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/softmax.h"

namespace nascent::kernels::reference {

inline constexpr std::int64_t kSoftmaxGrain = 64;  // rows a chunk; a row of 10 classes costs about 100 ns

// log(sum(exp(row - max))) and the max.
template <class T>
T log_sum_exp(std::int64_t classes, const T* row, T* largest) {
  *largest = *std::max_element(row, row + classes);
  T sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - *largest);
  return std::log(sum);
}

template <class T>
void softmax_row(std::int64_t classes, const T* x, T* y) {
  const T largest = *std::max_element(x, x + classes);
  T sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) sum += y[c] = std::exp(x[c] - largest);
  for (std::int64_t c = 0; c < classes; ++c) y[c] /= sum;
}

template <class T>
void softmax(const SoftmaxShape& s, const T* x, T* y) {
  parallel_ranges(s.rows, kSoftmaxGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) softmax_row(s.classes, x + r * s.classes, y + r * s.classes);
  });
}

template <class T>
void log_softmax(const SoftmaxShape& s, const T* x, T* y) {
  parallel_ranges(s.rows, kSoftmaxGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      T largest;
      const T log_sum = log_sum_exp(s.classes, x + r * s.classes, &largest);
      for (std::int64_t e = r * s.classes; e < (r + 1) * s.classes; ++e) y[e] = x[e] - largest - log_sum;
    }
  });
}

template <class T>
void cross_entropy(const SoftmaxShape& s, const T* x, const std::int32_t* labels, T* loss, T* scratch) {
  parallel_ranges(s.rows, kSoftmaxGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      T largest;
      const T log_sum = log_sum_exp(s.classes, x + r * s.classes, &largest);
      scratch[r] = log_sum - (x[r * s.classes + labels[r]] - largest);
    }
  });
  T sum = 0;
  for (std::int64_t r = 0; r < s.rows; ++r) sum += scratch[r];
  *loss = sum / static_cast<T>(s.rows);
}

template <class T>
void cross_entropy_grad(const SoftmaxShape& s, const T* x, const std::int32_t* labels, T scale, T* dx) {
  const T factor = scale / static_cast<T>(s.rows);
  parallel_ranges(s.rows, kSoftmaxGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      T* row = dx + r * s.classes;
      softmax_row(s.classes, x + r * s.classes, row);
      row[labels[r]] -= T(1);
      for (std::int64_t c = 0; c < s.classes; ++c) row[c] *= factor;
    }
  });
}

}  // namespace nascent::kernels::reference
