#include "kernels/matmul.h"

#include "kernels/dispatch.h"
#include "kernels/padded_band.h"
#include "kernels/reference/matmul.h"

namespace nascent::kernels {

template <>
std::int64_t matmul_scratch<double>(const MatmulShape&) {
  return 0;
}
template <>
std::int64_t matmul_scratch<float>(const MatmulShape& s) {
  return s.k * round_up(s.n, 16);  // b packed into panels
}

void matmul(const MatmulShape& s, const float* a, const float* b, float* c, float* scratch) {
  kernel_table().matmul(s, a, b, c, scratch);
}
void matmul(const MatmulShape& s, const double* a, const double* b, double* c, double* scratch) {
  reference::matmul(s, a, b, c, scratch);
}

}  // namespace nascent::kernels
