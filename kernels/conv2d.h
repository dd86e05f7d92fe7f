#pragma once
// Two-dimensional convolution (cross-correlation, as every framework means it) and its two gradients.
//   y[n,i,j,o] = sum over u,v,c of  x[n, i*stride - padding + u*dilation, j*stride - padding + v*dilation, g*Cg + c] *
//   w[u,v,c,o]
// with g the group of output channel o. Each of the three is linear in both arguments and each is the others' adjoint:
//   <y(x, w), dy>  =  <x, input_grad(dy, w)>  =  <w, weight_grad(x, dy)>.
// x [batch, height, width, in_channels], w [kernel_h, kernel_w, in_channels/groups, out_channels],
// y [batch, out_height, out_width, out_channels]. Results overwrite. `scratch` holds *_scratch(shape) elements.
#include <cstdint>

namespace nascent::kernels {

struct Conv2dShape {
  std::int64_t batch = 1, height = 1, width = 1, in_channels = 1, out_channels = 1;
  std::int64_t kernel_h = 1, kernel_w = 1, stride = 1, padding = 0, dilation = 1, groups = 1;

  [[gnu::always_inline]] std::int64_t out_height() const {
    return (height + 2 * padding - dilation * (kernel_h - 1) - 1) / stride + 1;
  }
  [[gnu::always_inline]] std::int64_t out_width() const {
    return (width + 2 * padding - dilation * (kernel_w - 1) - 1) / stride + 1;
  }
  // Multiply-adds counted as the field does: padding taps included.
  [[gnu::always_inline]] std::int64_t macs() const {
    return batch * out_height() * out_width() * out_channels * (in_channels / groups) * kernel_h * kernel_w;
  }
};

// How the weight gradient is computed: the batch in `chunks` with sums of their own, each chunk's input channels in
// `slices`. A slice's sums are at most 128 KB where the channels allow it, an eighth of L2, and all chunks' sums about
// 4 MB, or 2 of sliced larger kernels: of 3x3, 144 to 144 channels, 32 chunks wrote and read again 48 MB, a fifth of
// the time, and of 64 to 64 at 8 x 8 half as many parts take 0.91 of it (Sapphire Rapids). Of 1x1, which goes through
// its sums with every 64 pixels, they are an L1's 32 KB: 0.87 to 1.0 of the time from 144 channels up (Zen 3).
struct WeightGradCut {
  std::int64_t chunks, slices;
  [[gnu::always_inline]] static WeightGradCut of(const Conv2dShape& s) {
    const std::int64_t in = s.in_channels / s.groups, taps = s.kernel_h * s.kernel_w;
    const std::int64_t weights = taps * in * s.out_channels, fit = (weights - 1) / (taps == 1 ? 8192 : 32768) + 1;
    const std::int64_t most = in < 16 ? in : 16, slices = fit < most ? fit : most;
    const std::int64_t parts = taps > 1 && slices > 1 ? 16 : 32, chunks = (parts - 1) / slices + 1;
    return {s.batch < 1 ? 1 : s.batch < chunks ? s.batch : chunks, slices};  // of no images, zeros
  }
};

template <class T>
std::int64_t conv2d_forward_scratch(const Conv2dShape& s);
template <class T>
std::int64_t conv2d_input_grad_scratch(const Conv2dShape& s);
template <class T>
std::int64_t conv2d_weight_grad_scratch(const Conv2dShape& s);

void conv2d_forward(const Conv2dShape& s, const float* x, const float* w, float* y, float* scratch);
void conv2d_forward(const Conv2dShape& s, const double* x, const double* w, double* y, double* scratch);
void conv2d_input_grad(const Conv2dShape& s, const float* dy, const float* w, float* dx, float* scratch);
void conv2d_input_grad(const Conv2dShape& s, const double* dy, const double* w, double* dx, double* scratch);
void conv2d_weight_grad(const Conv2dShape& s, const float* x, const float* dy, float* dw, float* scratch);
void conv2d_weight_grad(const Conv2dShape& s, const double* x, const double* dy, double* dw, double* scratch);

}  // namespace nascent::kernels
