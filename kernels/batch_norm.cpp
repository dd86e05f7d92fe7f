#include "kernels/batch_norm.h"

#include "kernels/dispatch.h"
#include "kernels/padded_band.h"
#include "kernels/reference/batch_norm.h"

namespace nascent::kernels {

template <>
std::int64_t batch_norm_scratch<double>(const BatchNormShape& s) {
  return (reduction_chunks(s.rows) + 1) * 2 * s.channels;
}
template <>
std::int64_t batch_norm_scratch<float>(const BatchNormShape& s) {
  const std::int64_t period = lane_period(s.channels);  // isa/batch_norm.inl
  const std::int64_t lanes = (2 * reduction_chunks(s.rows * s.channels / period) + 3) * period;
  const std::int64_t reference = batch_norm_scratch<double>(s);
  return lanes > reference ? lanes : reference;
}

void batch_norm_statistics(const BatchNormShape& s, const float* x, float* mean, float* var, float* scratch) {
  kernel_table().batch_norm_statistics(s, x, mean, var, scratch);
}
void batch_norm_statistics(const BatchNormShape& s, const double* x, double* mean, double* var, double* scratch) {
  reference::batch_norm_statistics(s, x, mean, var, scratch);
}
void batch_norm_apply(const BatchNormShape& s, const float* x, const float* mean, const float* rstd, const float* gamma,
                      const float* beta, float* y) {
  kernel_table().batch_norm_apply(s, x, mean, rstd, gamma, beta, y);
}
void batch_norm_apply(const BatchNormShape& s, const double* x, const double* mean, const double* rstd,
                      const double* gamma, const double* beta, double* y) {
  reference::batch_norm_apply(s, x, mean, rstd, gamma, beta, y);
}
void batch_norm_backward(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                         const float* gamma, const float* beta, float* dx, float* dgamma, float* dbeta,
                         float* scratch) {
  kernel_table().batch_norm_backward(s, x, dy, mean, rstd, gamma, beta, dx, dgamma, dbeta, scratch);
}
void batch_norm_backward(const BatchNormShape& s, const double* x, const double* dy, const double* mean,
                         const double* rstd, const double* gamma, const double* beta, double* dx, double* dgamma,
                         double* dbeta, double* scratch) {
  reference::batch_norm_backward(s, x, dy, mean, rstd, gamma, beta, dx, dgamma, dbeta, scratch);
}

}  // namespace nascent::kernels
