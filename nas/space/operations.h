#pragma once
// Candidate operations by name.
#include <memory>
#include <string>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"

namespace nascent::nas {

struct OperationOptions {
  std::int64_t channels = 16, stride = 1;
  // In a supernet batch norms have no gamma and beta and pools are followed by one; in a network the reverse.
  bool supernet = false;
};

// One of the darts space: max_pool_3x3, avg_pool_3x3, skip_connect, sep_conv_3x3/5x5/7x7, dil_conv_3x3/5x5.
// `none` gives nullptr: it contributes zero. Any other name is an error.
std::unique_ptr<Module> make_darts_operation(const std::string& name, const Scope& scope,
                                             const OperationOptions& options);

// One of the lecture space, stride 1: conv3x3, conv5x5, sep_conv3x3 (each convolution - batch norm - ReLU), max_pool,
// skip.
std::unique_ptr<Module> make_lecture_operation(const std::string& name, const Scope& scope, std::int64_t channels);

}  // namespace nascent::nas
