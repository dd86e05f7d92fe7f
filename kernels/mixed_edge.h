#pragma once
// The mix of an edge's candidate operations: y = sum over k of weight[k] * branch[k], added in order of k, in one pass.
#include <cstdint>

namespace nascent::kernels {

inline constexpr int kMaxBranches = 16;

// `branches` are `count` <= kMaxBranches buffers of n elements; y may be one of them.
void weighted_sum(std::int64_t n, int count, const float* weights, const float* const* branches, float* y);
void weighted_sum(std::int64_t n, int count, const double* weights, const double* const* branches, double* y);

template <class T>
std::int64_t branch_dots_scratch(std::int64_t n, int count);
// dots[k] = sum of dy * branch[k]: the gradient of the weights, in one pass over dy.
void branch_dots(std::int64_t n, int count, const float* dy, const float* const* branches, float* dots, float* scratch);
void branch_dots(std::int64_t n, int count, const double* dy, const double* const* branches, double* dots,
                 double* scratch);

}  // namespace nascent::kernels
