#pragma once
// The border between PyTorch's layouts (channels first) and ours (channels last). Each returns its own storage, on no
// tape, with the same element type; a tensor of another rank is a ContractError.
#include "engine/tensor/tensor.h"

namespace nascent {

// Images [n, c, h, w] <-> [n, h, w, c].
Tensor nchw_to_nhwc(const Tensor& images, Where where = Where::current());
Tensor nhwc_to_nchw(const Tensor& images, Where where = Where::current());

// Convolution weights [out, in/groups, kh, kw] <-> [kh, kw, in/groups, out].
Tensor oihw_to_hwio(const Tensor& weight, Where where = Where::current());
Tensor hwio_to_oihw(const Tensor& weight, Where where = Where::current());

// Depthwise weights [c, 1, kh, kw] <-> [kh, kw, c].
Tensor c1hw_to_hwc(const Tensor& weight, Where where = Where::current());
Tensor hwc_to_c1hw(const Tensor& weight, Where where = Where::current());

}  // namespace nascent
