#include "kernels/mixed_edge.h"

#include "kernels/dispatch.h"
#include "kernels/reduce_plan.h"
#include "kernels/reference/mixed_edge.h"

namespace nascent::kernels {

template <>
std::int64_t branch_dots_scratch<double>(std::int64_t n, int count) {
  return reduce_blocks(n) * count;
}
template <>
std::int64_t branch_dots_scratch<float>(std::int64_t n, int count) {
  return branch_dots_scratch<double>(n, count);
}

void weighted_sum(std::int64_t n, int count, const float* weights, const float* const* branches, float* y) {
  kernel_table().weighted_sum(n, count, weights, branches, y);
}
void weighted_sum(std::int64_t n, int count, const double* weights, const double* const* branches, double* y) {
  reference::weighted_sum(n, count, weights, branches, y);
}
void branch_dots(std::int64_t n, int count, const float* dy, const float* const* branches, float* dots,
                 float* scratch) {
  kernel_table().branch_dots(n, count, dy, branches, dots, scratch);
}
void branch_dots(std::int64_t n, int count, const double* dy, const double* const* branches, double* dots,
                 double* scratch) {
  reference::branch_dots(n, count, dy, branches, dots, scratch);
}

}  // namespace nascent::kernels
