#pragma once
// Pixels to numbers: (pixel/255 - mean) / deviation, a mean and a deviation a channel.
#include <vector>

#include "engine/data/dataset.h"
#include "engine/tensor/error.h"

namespace nascent {

struct Normalization {
  std::vector<float> mean, deviation;  // [channels]
};

// Measured exactly, from counts of the 256 pixel values. The deviation divides by the number of pixels; that of a
// channel with one value only is given as 1, so that it normalises to zero. ContractError for a data set without
// images.
Normalization measure(const Dataset& data, Where where = Where::current());

}  // namespace nascent
