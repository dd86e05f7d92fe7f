#pragma once
// ReLU and 1x1 convolutions of tensors that lie side by side along the channels, fused: neither their concatenation nor
// its ReLU reaches memory, and all heads, who each make an output of their own of them, go through them together.
// A head has as many taps as the stride; tap o reads the image o pixels down and right. With
// r = relu(concat(parts)), zero beyond its border:
//   z[n,i,j] = concat over taps o of  r[n, i*stride + o, j*stride + o] * w_o
// One tap at stride 1 brings the outputs of other cells to a cell's channels; two at stride 2 are a factorized reduce.
// The statistics of z are taken on the way; whoever comes next applies the batch norm.
#include <cstdint>

namespace nascent::kernels {

struct ProjectionPart {
  const float* x = nullptr;  // [batch, height, width, channels]
  std::int64_t channels = 1;
  float* dx = nullptr;  // going backward: like x; null: not wanted
  bool add = false;     // dx += rather than dx =
};

struct ProjectionTap {
  const float* w = nullptr;  // [channels of all parts, outputs]
  std::int64_t outputs = 1;
  float* dw = nullptr;  // going backward: like w, overwritten; null: not wanted
};

// dL/dz as the batch norm behind z gives it, never stored: dz = a*dy + b*z + d, coefficients [outputs].
struct ProjectionGrad {
  const float *dy = nullptr, *z = nullptr;  // like the head's z
  const float *a = nullptr, *b = nullptr, *d = nullptr;
};

struct ProjectionHead {
  const ProjectionTap* tap = nullptr;  // [stride]
  // Going forward: z [batch, out height, out width, outputs of all taps], and its mean and (biased) variance over batch
  // and pixels [outputs].
  float *z = nullptr, *mean = nullptr, *variance = nullptr;
  ProjectionGrad grad = {};  // going backward
};

struct Projection {
  std::int64_t batch = 1, height = 1, width = 1, stride = 1;
  int parts = 0, heads = 0;
  const ProjectionPart* part = nullptr;
  const ProjectionHead* head = nullptr;

  [[gnu::always_inline]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[gnu::always_inline]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
  [[gnu::always_inline]] std::int64_t in_channels() const {
    std::int64_t sum = 0;
    for (int p = 0; p < parts; ++p) sum += part[p].channels;
    return sum;
  }
  // Of one head, and of all.
  [[gnu::always_inline]] std::int64_t outputs(int h) const {
    std::int64_t sum = 0;
    for (std::int64_t t = 0; t < stride; ++t) sum += head[h].tap[t].outputs;
    return sum;
  }
  [[gnu::always_inline]] std::int64_t outputs() const {
    std::int64_t sum = 0;
    for (int h = 0; h < heads; ++h) sum += outputs(h);
    return sum;
  }
};

std::int64_t projection_scratch(const Projection& p);
void projection_forward(const Projection& p, float* scratch);
void projection_backward(const Projection& p, float* scratch);

}  // namespace nascent::kernels
