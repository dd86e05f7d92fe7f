#pragma once
// Batch normalisation over the rows of a [rows, channels] matrix (rows = batch*height*width), Ioffe & Szegedy 2015.
//   y = (x - mean) * rstd * gamma + beta,   rstd = 1/sqrt(var + epsilon),   var the biased variance.
// gamma and beta may be null (1 and 0). With `relu` what is applied ends in a ReLU, max(0, y), and the backward takes
// dy where that y was above zero: it makes y again rather than read it.
#include <cstdint>

namespace nascent::kernels {

struct BatchNormShape {
  std::int64_t rows = 1, channels = 1;
  bool relu = false;
};

template <class T>
std::int64_t batch_norm_scratch(const BatchNormShape& s);  // for statistics and for backward

// mean[c] and biased var[c] of the rows.
void batch_norm_statistics(const BatchNormShape& s, const float* x, float* mean, float* var, float* scratch);
void batch_norm_statistics(const BatchNormShape& s, const double* x, double* mean, double* var, double* scratch);

void batch_norm_apply(const BatchNormShape& s, const float* x, const float* mean, const float* rstd, const float* gamma,
                      const float* beta, float* y);
void batch_norm_apply(const BatchNormShape& s, const double* x, const double* mean, const double* rstd,
                      const double* gamma, const double* beta, double* y);

// With xhat = (x - mean)*rstd, g = dy*gamma, and means over rows:
//   dx = rstd * (g - mean(g) - xhat * mean(g*xhat)),  dgamma = sum(dy*xhat),  dbeta = sum(dy).
// dgamma and dbeta are always written (channels each). beta matters with `relu` alone.
void batch_norm_backward(const BatchNormShape& s, const float* x, const float* dy, const float* mean, const float* rstd,
                         const float* gamma, const float* beta, float* dx, float* dgamma, float* dbeta, float* scratch);
void batch_norm_backward(const BatchNormShape& s, const double* x, const double* dy, const double* mean,
                         const double* rstd, const double* gamma, const double* beta, double* dx, double* dgamma,
                         double* dbeta, double* scratch);

}  // namespace nascent::kernels
