#include "kernels/sgd_adam.h"

#include "kernels/reference/sgd_adam.h"

namespace nascent::kernels {

void sgd_step(std::int64_t n, const SgdStep& step, const float* grad, float* velocity, float* w) {
  reference::sgd_step(n, step, grad, velocity, w);
}
void sgd_step(std::int64_t n, const SgdStep& step, const double* grad, double* velocity, double* w) {
  reference::sgd_step(n, step, grad, velocity, w);
}
void adam_step(std::int64_t n, const AdamStep& step, const float* grad, float* m, float* v, float* w) {
  reference::adam_step(n, step, grad, m, v, w);
}
void adam_step(std::int64_t n, const AdamStep& step, const double* grad, double* m, double* v, double* w) {
  reference::adam_step(n, step, grad, m, v, w);
}

}  // namespace nascent::kernels
