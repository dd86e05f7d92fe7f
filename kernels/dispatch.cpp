#include "kernels/dispatch.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/reference/batch_norm.h"
#include "kernels/reference/conv2d.h"
#include "kernels/reference/depthwise_conv2d.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/matmul.h"
#include "kernels/reference/mixed_edge.h"
#include "kernels/reference/pool2d.h"
#include "kernels/reference/reduce.h"

namespace nascent::kernels {

namespace reference {
static const KernelTable table = {
    .name = "reference",
    .conv2d_forward = conv2d_forward<float>,
    .conv2d_input_grad = conv2d_input_grad<float>,
    .conv2d_weight_grad = conv2d_weight_grad<float>,
    .depthwise_conv2d_forward = depthwise_conv2d_forward<float>,
    .depthwise_conv2d_input_grad = depthwise_conv2d_input_grad<float>,
    .depthwise_conv2d_weight_grad = depthwise_conv2d_weight_grad<float>,
    .matmul = matmul<float>,
    .max_pool2d = max_pool2d<float>,
    .max_pool2d_gather = max_pool2d_gather<float>,
    .max_pool2d_scatter = max_pool2d_scatter<float>,
    .avg_pool2d = avg_pool2d<float>,
    .avg_pool2d_grad = avg_pool2d_grad<float>,
    .batch_norm_statistics = batch_norm_statistics<float>,
    .batch_norm_apply = batch_norm_apply<float>,
    .batch_norm_backward = batch_norm_backward<float>,
    .unary = unary<float>,
    .relu_grad = relu_grad<float>,
    .binary = binary<float>,
    .affine = affine<float>,
    .sum = sum<float>,
    .dot = dot<float>,
    .weighted_sum = weighted_sum<float>,
    .branch_dots = branch_dots<float>,
    .fused_edge = nullptr,
};
}  // namespace reference

namespace baseline {
extern const KernelTable table;
}
namespace avx2 {
extern const KernelTable table;
}
namespace avx512 {
extern const KernelTable table;
}

const KernelTable* find_kernel_table(const char* name) {
  if (!std::strcmp(name, "reference")) return &reference::table;
  if (!std::strcmp(name, "baseline")) return &baseline::table;
  if (!std::strcmp(name, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &avx2::table;
  if (!std::strcmp(name, "avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return &avx512::table;
  return nullptr;
}

static const KernelTable* choose() {
  if (const char* wanted = std::getenv("NASCENT_ISA"); wanted && *wanted) {
    if (const KernelTable* table = find_kernel_table(wanted)) return table;
    std::fprintf(stderr,
                 "NASCENT_ISA=%s: unknown, or this processor cannot run it. Use reference, baseline, avx2 or avx512, "
                 "or unset it for the best one.\n",
                 wanted);
    std::exit(2);
  }
  for (const char* name : {"avx512", "avx2", "baseline"})
    if (const KernelTable* table = find_kernel_table(name)) return table;
  return &reference::table;
}

const KernelTable& kernel_table() {
  static const KernelTable* const table = choose();
  return *table;
}

const char* isa_name() { return kernel_table().name; }

}  // namespace nascent::kernels
