#pragma once
// What of a person's images and flags does not go together, said before anything is written.
#include <cstdint>

#include "engine/data/dataset.h"

namespace nascent::examples {

// DataError unless the test images have the training images' size and classes.
void check_same_kind(const Dataset& training, const Dataset& test);

// Batch norm takes its statistics over images and pixels. UsageError when the last batch of an epoch is one image and
// the network brings it down to `one_pixel`.
void check_last_batch(std::int64_t images, std::int64_t batch, bool one_pixel);

}  // namespace nascent::examples
