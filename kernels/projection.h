#pragma once
// ReLU and 1x1 convolutions of tensors that lie side by side along the channels, fused: neither their concatenation nor
// its ReLU reaches memory. With r = relu(concat(parts)), zero beyond its border, and a tap's offset o:
//   z[n,i,j] = concat over taps of  r[n, i*stride + o, j*stride + o] * w
// One tap at stride 1 brings the outputs of other cells to a cell's channels; two at stride 2, of offset 0 and 1, are a
// factorized reduce. The statistics of z are taken on the way; whoever comes next applies the batch norm.
#include <cstdint>

namespace nascent::kernels {

struct ProjectionPart {
  const float* x = nullptr;  // [batch, height, width, channels]
  std::int64_t channels = 1;
  float* dx = nullptr;  // going backward: like x; null: not wanted
  bool add = false;     // dx += rather than dx =
};

struct ProjectionTap {
  std::int64_t offset = 0;   // below the stride, and each tap has its own
  const float* w = nullptr;  // [channels of all parts, outputs]
  std::int64_t outputs = 1;
  float* dw = nullptr;  // going backward: like w, overwritten; null: not wanted
};

struct Projection {
  std::int64_t batch = 1, height = 1, width = 1, stride = 1;
  int parts = 0, taps = 0;
  const ProjectionPart* part = nullptr;
  const ProjectionTap* tap = nullptr;

  [[gnu::always_inline]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[gnu::always_inline]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
  [[gnu::always_inline]] std::int64_t in_channels() const {
    std::int64_t sum = 0;
    for (int p = 0; p < parts; ++p) sum += part[p].channels;
    return sum;
  }
  [[gnu::always_inline]] std::int64_t out_channels() const {
    std::int64_t sum = 0;
    for (int t = 0; t < taps; ++t) sum += tap[t].outputs;
    return sum;
  }
};

// dL/dz as the batch norm behind z gives it, never stored: dz = a*dy + b*z + d, coefficients [out channels].
struct ProjectionGrad {
  const float *dy = nullptr, *z = nullptr;  // [batch, out height, out width, out channels]
  const float *a = nullptr, *b = nullptr, *d = nullptr;
};

std::int64_t projection_scratch(const Projection& p);
// mean and variance [out channels], of z over batch and pixels; the variance is biased.
void projection_forward(const Projection& p, float* z, float* mean, float* variance, float* scratch);
void projection_backward(const Projection& p, const ProjectionGrad& grad, float* scratch);

}  // namespace nascent::kernels
