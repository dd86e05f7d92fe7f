#pragma once
// What a network costs, counted on what really runs: one image goes forward on a tape, and every convolution and linear
// layer says how many multiply-adds it made (no batch norm, pooling or bias: the field's convention).
#include <cstdint>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"
#include "nas/image_size.h"

namespace nascent::nas {

// Multiply-adds of one image going forward.
std::int64_t count_macs(const Module& network, const ParameterStore& store, ImageSize image);

}  // namespace nascent::nas
