// The kernels of one instruction set, and the table of them.
#include "kernels/dispatch.h"
#include "kernels/isa/avg_pool2d.inl"
#include "kernels/isa/batch_norm.inl"
#include "kernels/isa/conv2d_weight_grad.inl"
#include "kernels/isa/depthwise_conv2d.inl"
#include "kernels/isa/depthwise_weight_grad.inl"
#include "kernels/isa/edge_group_backward.inl"
#include "kernels/isa/edge_mix.inl"
#include "kernels/isa/elementwise.inl"
#include "kernels/isa/matmul.inl"
#include "kernels/isa/max_pool2d.inl"
#include "kernels/isa/projection.inl"
#include "kernels/isa/reduce.inl"

#define NASCENT_STRING_OF(x) #x
#define NASCENT_STRING(x) NASCENT_STRING_OF(x)

namespace nascent::kernels::NASCENT_ISA {

static const FusedEdgeKernels fused_edge = {
    .branches_forward = edge_branches_forward,
    .branches_backward = edge_branches_backward,
    .mix = edge_mix,
    .mix_sums = edge_mix_sums,
    .projection_forward = projection_forward,
    .projection_backward = projection_backward,
};
extern const KernelTable table;
const KernelTable table = {
    .name = NASCENT_STRING(NASCENT_ISA),
    .conv2d_forward = conv2d_forward,
    .conv2d_input_grad = conv2d_input_grad,
    .conv2d_weight_grad = conv2d_weight_grad,
    .depthwise_conv2d_forward = depthwise_conv2d_forward,
    .depthwise_conv2d_input_grad = depthwise_conv2d_input_grad,
    .depthwise_conv2d_weight_grad = depthwise_conv2d_weight_grad,
    .matmul = matmul,
    .max_pool2d = max_pool2d,
    .max_pool2d_gather = max_pool2d_gather,
    .max_pool2d_scatter = max_pool2d_scatter,
    .avg_pool2d = avg_pool2d,
    .avg_pool2d_grad = avg_pool2d_grad,
    .batch_norm_statistics = batch_norm_statistics,
    .batch_norm_apply = batch_norm_apply,
    .batch_norm_backward = batch_norm_backward,
    .unary = unary,
    .relu_grad = relu_grad,
    .binary = binary,
    .affine = affine,
    .sum = sum,
    .dot = dot,
    .weighted_sum = weighted_sum,
    .branch_dots = branch_dots,
    .fused_edge = &fused_edge,
};

}  // namespace nascent::kernels::NASCENT_ISA
