#pragma once
// A network's parameters on the way to and from files, in PyTorch's names and layouts.
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/nn/parameter_store.h"

namespace nascent {

// Between our layout of a parameter and PyTorch's. Own storage.
Tensor to_pytorch_layout(const Tensor& value, Parameter::Layout layout);
Tensor from_pytorch_layout(const Tensor& value, Parameter::Layout layout);

// Weights and buffers under their names, in order, as PyTorch lays them out.
std::vector<NamedTensor> state_of(const ParameterStore& store);

// Overwrites every parameter with the tensor of its name in the file, converting the element type. DataError when one
// is missing or has another shape; nothing is written then. Other tensors of the file are left alone.
void load_state(ParameterStore& store, const SafetensorsFile& file);

}  // namespace nascent
