#pragma once
// Sums over axes. The order of every sum depends on the shape alone: fixed chunks, added in chunk order.
#include <cstdint>

namespace nascent::kernels {

// Viewed as [outer, reduce, inner]: y[o, i] = sum over r of x[o, r, i]. Any set of adjacent axes has this form.
struct ReduceShape {
  std::int64_t outer = 1, reduce = 1, inner = 1;
};

template <class T>
std::int64_t sum_scratch(const ReduceShape& s);
void sum(const ReduceShape& s, const float* x, float* y, float* scratch);
void sum(const ReduceShape& s, const double* x, double* y, double* scratch);

template <class T>
std::int64_t dot_scratch(std::int64_t n);
// *y = sum of a*b
void dot(std::int64_t n, const float* a, const float* b, float* y, float* scratch);
void dot(std::int64_t n, const double* a, const double* b, double* y, double* scratch);

}  // namespace nascent::kernels
