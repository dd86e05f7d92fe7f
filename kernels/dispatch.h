#pragma once
// One table of float kernels an instruction set, chosen once at the first call: the best the processor has, or the one
// the environment variable NASCENT_ISA names (reference, baseline, avx2, avx512). A name that is unknown or that this
// processor cannot run ends the program with a message and exit code 2: a measurement must not run on another kernel
// than the one asked for.
#include <cstdint>

#include "kernels/batch_norm.h"
#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "kernels/edge_branches.h"
#include "kernels/edge_mix.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/pool2d.h"
#include "kernels/projection.h"
#include "kernels/reduce.h"

namespace nascent::kernels {

// The fused mixed edge (edge_branches.h, edge_mix.h) and what brings a cell its inputs (projection.h).
struct FusedEdgeKernels {
  void (*branches_forward)(int groups, const EdgeGroup*, float* scratch);
  void (*branches_backward)(int groups, const EdgeGroup*, const EdgeGroupGrad*, float* scratch);
  void (*mix)(const MixShape&, int mixes, const EdgeMix*, float* scratch);
  void (*mix_sums)(const MixShape&, int mixes, const EdgeMixSums*, float* scratch);
  void (*projection_forward)(const Projection&, float* scratch);
  void (*projection_backward)(const Projection&, float* scratch);
};

// The float kernels that have more than one version. Each member has the contract of the function of its name.
struct KernelTable {
  const char* name;
  void (*conv2d_forward)(const Conv2dShape&, const float* x, const float* w, float* y, float* scratch);
  void (*conv2d_input_grad)(const Conv2dShape&, const float* dy, const float* w, float* dx, float* scratch);
  void (*conv2d_weight_grad)(const Conv2dShape&, const float* x, const float* dy, float* dw, float* scratch);
  void (*depthwise_conv2d_forward)(const DepthwiseShape&, const float* x, const float* w, float* y, float* scratch);
  void (*depthwise_conv2d_input_grad)(const DepthwiseShape&, const float* dy, const float* w, float* dx,
                                      float* scratch);
  void (*depthwise_conv2d_weight_grad)(const DepthwiseShape&, const float* x, const float* dy, float* dw,
                                       float* scratch);
  void (*matmul)(const MatmulShape&, const float* a, const float* b, float* c, float* scratch);
  void (*max_pool2d)(const PoolShape&, const float* x, float* y, std::uint8_t* tap);
  void (*max_pool2d_gather)(const PoolShape&, const float* x, const std::uint8_t* tap, float* y);
  void (*max_pool2d_scatter)(const PoolShape&, const float* dy, const std::uint8_t* tap, float* dx);
  void (*avg_pool2d)(const PoolShape&, const float* x, float* y);
  void (*avg_pool2d_grad)(const PoolShape&, const float* dy, float* dx);
  void (*batch_norm_statistics)(const BatchNormShape&, const float* x, float* mean, float* var, float* scratch);
  void (*batch_norm_apply)(const BatchNormShape&, const float* x, const float* mean, const float* rstd,
                           const float* gamma, const float* beta, float* y);
  void (*batch_norm_backward)(const BatchNormShape&, const float* x, const float* dy, const float* mean,
                              const float* rstd, const float* gamma, const float* beta, float* dx, float* dgamma,
                              float* dbeta, float* scratch);
  void (*unary)(Unary, std::int64_t n, const float* x, float* y);
  void (*relu_grad)(std::int64_t n, const float* dy, const float* x, float* dx);
  void (*binary)(Binary, const BroadcastShape&, const float* a, const float* b, float* y);
  void (*affine)(std::int64_t n, const float* x, float factor, float offset, float* y);
  void (*sum)(const ReduceShape&, const float* x, float* y, float* scratch);
  void (*dot)(std::int64_t n, const float* a, const float* b, float* y, float* scratch);
  void (*weighted_sum)(std::int64_t n, int count, const float* weights, const float* const* branches, float* y);
  void (*branch_dots)(std::int64_t n, int count, const float* dy, const float* const* branches, float* dots,
                      float* scratch);
  const FusedEdgeKernels* fused_edge;  // null in the reference table, whose version are the ops one by one
};

const KernelTable& kernel_table();
const char* isa_name();

// The table of that name, or null when there is none or this processor cannot run it. For tests and benchmarks.
const KernelTable* find_kernel_table(const char* name);

}  // namespace nascent::kernels
