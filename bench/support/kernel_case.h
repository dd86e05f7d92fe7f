#pragma once
// The single kernels of the search and of the derived network, on the shapes they meet there: what bench_peers holds
// against oneDNN and `roofline` against the machine.
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/depthwise_conv2d.h"
#include "kernels/pool2d.h"

namespace nascent::bench {

// A kernel without weights has the first two, a block and a mix the first and the last.
enum class Face { forward, input_grad, weight_grad, backward };
const char* name(Face face);

struct ImageBatch {
  std::int64_t batch = 1, height = 1, width = 1, channels = 1;
  std::int64_t elements() const { return batch * height * width * channels; }
};
struct MaxPool : kernels::PoolShape {};
struct AvgPool : kernels::PoolShape {};
struct BatchNorm : ImageBatch {};  // training: statistics and apply, or the whole backward
struct Relu : ImageBatch {};
// ReLU, depthwise, 1x1 and batch statistics fused (kernels/edge_branches.h); backward from the gradient behind the
// batch norm to that of the input and of both weights.
struct Block : ImageBatch {
  std::int64_t kernel = 3, dilation = 1;
};
// The end of so many mixed edges that leave one state (kernels/edge_mix.h), of seven candidates each: both pools of the
// state, taken once for all, itself, and four tensors of the edge's own. Backward are the sums its gradients follow
// from.
struct Mix : ImageBatch {
  std::int64_t edges = 1;
};
using Problem =
    std::variant<kernels::Conv2dShape, kernels::DepthwiseShape, MaxPool, AvgPool, BatchNorm, Relu, Block, Mix>;

struct KernelCase {
  std::string kind;   // "depthwise 5x5 dilation 2"
  std::string where;  // "search 32x32"
  Face face = Face::forward;
  Problem problem;
  double flop = 0;        // a multiply-add is two; an addition or comparison of a pool, norm or relu is one
  double read_bytes = 0;  // each input once (batch norm must read its inputs twice)
  double written_bytes = 0;
  int read_passes = 1;        // in which read_bytes are read: of a norm, two over as many bytes each
  std::string stage() const;  // "64x32x32x16": the images of its stage
  std::string line() const;   // "search 32x32, " and text
  std::string text() const;   // "depthwise 5x5 dilation 2, input gradient, 64x32x32x16"
};

// Search (C 16/32/64, batch 64) and final network (36/72/144, batch 96), on images of 32x32 and 28x28.
std::vector<KernelCase> kernel_cases();
// Those whose line holds `filter`; UsageError when none does.
std::vector<KernelCase> cases_with(const std::string& filter);

// The kernels a block is made of when nothing is fused.
std::vector<KernelCase> parts_of(const KernelCase& block);

// Our kernel with buffers and scratch of its own, ready to be called any number of times.
std::function<void()> prepare(const KernelCase& kernel);

}  // namespace nascent::bench
