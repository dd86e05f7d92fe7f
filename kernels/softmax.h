#pragma once
// Softmax and cross entropy over the rows of a [rows, classes] matrix; the largest logit is subtracted first.
#include <cstdint>

namespace nascent::kernels {

struct SoftmaxShape {
  std::int64_t rows = 1, classes = 1;
};

void softmax(const SoftmaxShape& s, const float* x, float* y);
void softmax(const SoftmaxShape& s, const double* x, double* y);
void log_softmax(const SoftmaxShape& s, const float* x, float* y);
void log_softmax(const SoftmaxShape& s, const double* x, double* y);
// *loss = mean over rows of -log softmax(x)[label]. Labels lie in [0, classes). `scratch` holds `rows` elements.
void cross_entropy(const SoftmaxShape& s, const float* x, const std::int32_t* labels, float* loss, float* scratch);
void cross_entropy(const SoftmaxShape& s, const double* x, const std::int32_t* labels, double* loss, double* scratch);
// dx = scale/rows * (softmax(x) - onehot(label)).
void cross_entropy_grad(const SoftmaxShape& s, const float* x, const std::int32_t* labels, float scale, float* dx);
void cross_entropy_grad(const SoftmaxShape& s, const double* x, const std::int32_t* labels, double scale, double* dx);

}  // namespace nascent::kernels
