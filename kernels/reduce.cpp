#include "kernels/reduce.h"

#include "kernels/dispatch.h"
#include "kernels/reduce_plan.h"
#include "kernels/reference/reduce.h"

namespace nascent::kernels {

template <>
std::int64_t sum_scratch<double>(const ReduceShape& s) {
  return s.outer * reduce_blocks(s.reduce) * s.inner;
}
template <>
std::int64_t sum_scratch<float>(const ReduceShape& s) {
  return sum_scratch<double>(s);
}
template <>
std::int64_t dot_scratch<double>(std::int64_t n) {
  return reduce_blocks(n);
}
template <>
std::int64_t dot_scratch<float>(std::int64_t n) {
  return dot_scratch<double>(n);
}

void sum(const ReduceShape& s, const float* x, float* y, float* scratch) { kernel_table().sum(s, x, y, scratch); }
void sum(const ReduceShape& s, const double* x, double* y, double* scratch) { reference::sum(s, x, y, scratch); }
void dot(std::int64_t n, const float* a, const float* b, float* y, float* scratch) {
  kernel_table().dot(n, a, b, y, scratch);
}
void dot(std::int64_t n, const double* a, const double* b, double* y, double* scratch) {
  reference::dot(n, a, b, y, scratch);
}

}  // namespace nascent::kernels
