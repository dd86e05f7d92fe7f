#include "kernels/softmax.h"

#include "kernels/reference/softmax.h"

namespace nascent::kernels {

void softmax(const SoftmaxShape& s, const float* x, float* y) { reference::softmax(s, x, y); }
void softmax(const SoftmaxShape& s, const double* x, double* y) { reference::softmax(s, x, y); }
void log_softmax(const SoftmaxShape& s, const float* x, float* y) { reference::log_softmax(s, x, y); }
void log_softmax(const SoftmaxShape& s, const double* x, double* y) { reference::log_softmax(s, x, y); }
void cross_entropy(const SoftmaxShape& s, const float* x, const std::int32_t* labels, float* loss, float* scratch) {
  reference::cross_entropy(s, x, labels, loss, scratch);
}
void cross_entropy(const SoftmaxShape& s, const double* x, const std::int32_t* labels, double* loss, double* scratch) {
  reference::cross_entropy(s, x, labels, loss, scratch);
}
void cross_entropy_grad(const SoftmaxShape& s, const float* x, const std::int32_t* labels, float scale, float* dx) {
  reference::cross_entropy_grad(s, x, labels, scale, dx);
}
void cross_entropy_grad(const SoftmaxShape& s, const double* x, const std::int32_t* labels, double scale, double* dx) {
  reference::cross_entropy_grad(s, x, labels, scale, dx);
}

}  // namespace nascent::kernels
