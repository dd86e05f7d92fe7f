#pragma once
// The candidate operations that read one tensor, those of one mixed edge or of all that leave a state, fused: an image
// is copied once between borders of zeros, through ReLU (and the batch norm before it), and stays in L2 while every
// branch makes its passes. A branch is
//   separable:  z = pointwise(depthwise(relu(x * scale + shift)))        nothing in between reaches memory
//   pooling:    z = max or average of x over 3 x 3 windows               nor does z: to take it again costs less
// with the statistics of z, which the batch norm behind it needs, taken on the way. That batch norm is applied by
// whoever reads z (edge_mix.h, or the next block's scale and shift).
#include <cstdint>

namespace nascent::kernels {

inline constexpr int kMaxEdgesTogether = 4, kMaxEdgeBranches = 8;  // edges of a call, branches of an edge
inline constexpr int kMaxBranchesTogether = kMaxEdgesTogether * kMaxEdgeBranches;
inline constexpr int kMaxGroups = 8;

// What the branches read: x [batch, height, width, channels]. Every branch pads to "same" and strides alike, its output
// is [batch, ceil(height/stride), ceil(width/stride), channels].
struct EdgeInput {
  std::int64_t batch = 1, height = 1, width = 1, channels = 1, stride = 1;
  const float* x = nullptr;
  const float* scale = nullptr;  // [channels], with shift: the batch norm before the ReLU; null: none
  const float* shift = nullptr;

  [[gnu::always_inline]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[gnu::always_inline]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
};

enum class EdgeBranchKind : std::uint8_t { separable, max_pool, avg_pool };

struct EdgeBranch {
  EdgeBranchKind kind = EdgeBranchKind::separable;
  std::int64_t kernel = 3, dilation = 1;  // odd kernel; pools are 3 x 3
  const float* depthwise = nullptr;       // [kernel, kernel, channels]
  const float* pointwise = nullptr;       // [channels in, channels out]
  // Going forward: z of a separable one, and [channels] its mean and (biased) variance over batch and pixels, null
  // where they are not wanted, as when z is computed again.
  float *z = nullptr, *mean = nullptr, *variance = nullptr;

  [[gnu::always_inline]] std::int64_t padding() const { return dilation * (kernel - 1) / 2; }
};

// dL/dz of a branch as its batch norm gives it, never stored: dz = a*dy + b*z + d, coefficients [channels].
struct EdgeBranchGrad {
  const float *dy = nullptr, *z = nullptr;  // z: of a separable one, as the forward left it; a pool's is taken anew
  const float *a = nullptr, *b = nullptr, *d = nullptr;
  float* depthwise = nullptr;  // gradients of the weights; both or neither
  float* pointwise = nullptr;
};

// An identity branch, at stride 1: dx += weight * dy.
struct EdgeSkip {
  const float* dy = nullptr;
  float weight = 0;
};

struct EdgeInputGrad {
  float* dx = nullptr;  // like x: gradient of what the ReLU (and batch norm) got; null: not wanted
  bool add = false;     // dx += rather than dx =
  int skips = 0;        // at most kMaxEdgesTogether
  const EdgeSkip* skip = nullptr;
  float* sum_dx = nullptr;    // [channels] sums of dx and of dx*x over batch and pixels, for the batch norm before;
  float* sum_dx_x = nullptr;  // null: not wanted
};

// What reads one tensor: all first blocks of the edges that leave a state, or one second block.
struct EdgeGroup {
  EdgeInput in;
  int count = 0;
  const EdgeBranch* branches = nullptr;
};
struct EdgeGroupGrad {
  const EdgeBranchGrad* branches = nullptr;
  EdgeInputGrad to;
};

// At most kMaxGroups groups whose inputs have one shape and stride, of kMaxBranchesTogether branches together. Threads
// start and meet once for all of them: a second block of 64 images takes 0.3 to 1.5 ms, of which that is 50 us.
std::int64_t edge_branches_scratch(int groups, const EdgeGroup* group);
void edge_branches_forward(int groups, const EdgeGroup* group, float* scratch);
// With scale and shift given, dx is the gradient behind them (of x*scale + shift).
void edge_branches_backward(int groups, const EdgeGroup* group, const EdgeGroupGrad* grad, float* scratch);

}  // namespace nascent::kernels
